"""How the chest X-rays of Kermany et al. (2018) are named and laid out, as far as the files themselves tell.

``person1946_bacteria_4874.jpeg`` is image 4,874 of the bacteria, of person 1,946; ``NORMAL2-IM-0381-0001.jpeg`` is
image 1 of study 381. Image numbers and person numbers rise together within bacteria and within virus, and no pair of
class and number is in both train and test: so the numbers seem to have been given for each class apart, and person 1
of the bacteria need not be person 1 of the viruses. Nothing says so, however. A number is therefore taken for one
person in whatever class or folder it stands: that may join several people in one group, and never divides one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from bench.datasets.folders import Entry
from bench.datasets.image_sets import PARTS, Sample
from bench.errors import RequestError

KINDS = ("normal", "bacteria", "virus")
"""The three classes, in this order."""
FOLDERS = (*KINDS, "pneumonia")
"""Names of folders, whatever their case; pneumonia holds bacteria and virus."""
Named = tuple[Entry, str, str]
"""A file, its official set (one of `PARTS`, or empty) and its kind (one of `KINDS`, or empty where it is not clear)."""
COUNTS = {"train": (1341, 2530, 1345), "val": (8, 8, 0), "test": (234, 242, 148)}
"""The published images of each kind, as Kaggle's edition has them; in Mendeley's, those of val are in train."""
PERSON = re.compile(r"person(\d+)_", re.IGNORECASE)
STUDY = re.compile(r"IM-(\d+)-", re.IGNORECASE)


def find(entries: Iterable[Entry], where: str, *, binary: bool) -> tuple[list[Sample], int]:
    """Return the images and the number of files left out: all that lie outside the one tree of folders that is read.

    Raises `RequestError` where there is no such tree, or more than one at the same depth, and for a file whose class is
    not clear.
    """
    trees: dict[tuple[str, ...], list[Named]] = {}
    entries = list(entries)
    for entry in entries:
        *above, name = entry.name.split("/")
        if not above or above[-1].lower() not in FOLDERS:
            continue
        part = above[-2] if len(above) > 1 and above[-2] in PARTS else ""
        kind = _kind(above[-1].lower(), name)
        trees.setdefault(tuple(above[: -2 if part else -1]), []).append((entry, part, kind))
    base, tree = _one(trees, where)
    _refuse(tree, where, binary=binary)
    labels = {"normal": 0, "bacteria": 1, "virus": 1 if binary else 2, "": 1}
    samples = [
        Sample(entry=entry, label=labels[kind], part=part, group=person(entry.name)) for entry, part, kind in tree
    ]
    return samples, sum(entry.name.startswith(base) for entry in entries) - len(tree)


def person(name: str) -> str | None:
    """Return who is on the image called `name`, as far as that tells; None where it tells nothing."""
    file = name.rsplit("/", 1)[-1]
    for kind, pattern in (("person", PERSON), ("study", STUDY)):
        if match := pattern.search(file):
            return f"{kind} {int(match[1])}"
    return None


def counts(part: str, *, binary: bool) -> list[int]:
    """Return the published number of images of each class in the official set `part`."""
    normal, bacteria, virus = COUNTS[part]
    return [normal, bacteria + virus] if binary else [normal, bacteria, virus]


def difference(found: Sequence[int], sizes: Collection[tuple[int, int]]) -> str:
    """Return how `found` images of each class, of `sizes` (H, W), are not those that were published; empty if so.

    No checksums of the single files were published, so what they look like has to do.
    """
    totals = [sum(part) for part in zip(*(counts(part, binary=len(found) == 2) for part in PARTS), strict=True)]
    faults = []
    if list(found) != totals:
        each = " + ".join(f"{number:,}" for number in found)
        faults.append(f"{each} images instead of {' + '.join(f'{number:,}' for number in totals)}")
    if len(sizes) == 1:
        height, width = next(iter(sizes))
        faults.append(f"all of {height} x {width} pixels, where each has its own size")
    return "not the published files: " + ", ".join(faults) if faults else ""


def _kind(folder: str, name: str) -> str:
    """Return the kind of an image by its folder, or, of pneumonia, by its name; empty where neither tells."""
    if folder in KINDS:
        return folder
    named = [kind for kind in KINDS[1:] if kind in name.lower()]
    return named[0] if len(named) == 1 else ""


def _one(trees: Mapping[tuple[str, ...], list[Named]], where: str) -> tuple[str, list[Named]]:
    """Return where the tree nearest the root begins, and its files: Kaggle's archive holds all of it again, deeper."""
    nearest = sorted(tree for tree in trees if len(tree) == min(map(len, trees)))
    if len(nearest) > 1:
        names = " and ".join("/".join(tree) for tree in nearest[:2])
        raise RequestError(f"dataset.root={where}: has X-rays in {names}; name one of them")
    if not nearest:
        raise RequestError(
            f"dataset.root={where}: expected the folders train and test, each with NORMAL and PNEUMONIA, or the "
            "folders normal, bacteria and virus, there or below; found neither"
        )
    tree = trees[nearest[0]]
    # Where there are official sets, what lies outside them is left out.
    official = [item for item in tree if item[1]]
    return "".join(f"{folder}/" for folder in nearest[0]), official or tree


def _refuse(tree: Sequence[Named], where: str, *, binary: bool) -> None:
    parts = {part for _, part, _ in tree}
    if parts != {""} and "train" not in parts:
        raise RequestError(f"dataset.root={where}: has {', '.join(sorted(parts))} but no train")
    unclear = [entry.name for entry, _, kind in tree if not kind]
    if unclear and not binary:
        raise RequestError(
            f"dataset.root={where}: the names of {len(unclear):,} files do not tell bacteria from virus, such as "
            f"{unclear[0]}; mend them, or say dataset.classes=binary"
        )
    kinds = {kind for _, _, kind in tree}
    missing = [kind for kind in KINDS if kind not in kinds]
    if "normal" in missing or (missing and not binary) or kinds == {"normal"}:
        raise RequestError(f"dataset.root={where}: has no images of {' and '.join(missing)}")
