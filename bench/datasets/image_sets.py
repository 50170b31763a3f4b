"""What the datasets of image files share: from a list of labelled files to arrays, groups and what was found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets.folders import Entry, Source, fingerprint
from bench.datasets.options import SPLITS, choice
from bench.datasets.prepared import About, Files, Made, Progress
from bench.datasets.resize import ImageOptions, image_options
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bench.datasets.images import Decoded

PARTS = SPLITS
"""Folders that stand for official splits."""
VERSION = 2
"""Raise it when other pixels come out of the same files and options."""
LEFT_OUT = "left out, damaged or no image"
"""The heading of the fact about such files."""
FEW, MANY = 5, 100
"""How many names an error, and a report, spell out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One image file and what its name says of it."""

    entry: Entry
    label: int
    part: str = ""
    """One of `PARTS`, or empty: the file belongs to no official split."""
    group: str | None = None
    """Who or what it is a picture of, as far as its name tells."""


def identity(source: Source, samples: Sequence[Sample], options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return what determines the arrays: the files by name, size and time (no content is read), and the options."""
    wanted = wanted_images(options)
    return {
        "root": source.where,
        "files": fingerprint(sample.entry for sample in samples),
        "image": [wanted.size, wanted.channels, wanted.interpolation, VERSION],
        "on_bad_file": on_bad_file(options),
        **more,
    }


def wanted_images(options: Mapping[str, Any]) -> ImageOptions:
    """Return ``dataset.size``, ``.channels`` and ``.interpolation``; files need not agree in channels: so say them."""
    wanted = image_options(options)
    if wanted.channels is None:
        raise RequestError("dataset.channels=null: say what all images shall have, grey or rgb")
    return wanted


def on_bad_file(options: Mapping[str, Any]) -> str:
    """Return ``dataset.on_bad_file``: ``error`` or ``skip``."""
    return choice(options, "on_bad_file", ("error", "skip"))


def make(
    source: Source,
    samples: Sequence[Sample],
    about: About,
    options: Mapping[str, Any],
    folder: Path,
    progress: Progress | None,
) -> tuple[Made, Decoded]:
    """Decode `samples` into `folder`; official splits come in their order, and facts are added to `about`.

    Raises `RequestError` that names the files that cannot be read, unless they are to be left out, and for a class of
    which nothing is left.
    """
    import numpy as np

    from bench.datasets.images import decode_all

    samples = sorted(samples, key=lambda sample: (("", *PARTS).index(sample.part), sample.label, sample.entry.name))
    wanted = wanted_images(options)
    found = decode_all(source, [sample.entry for sample in samples], folder, wanted, progress=progress)
    bad = {samples[number].entry.name: why for number, why in found.bad.items()}
    if bad and on_bad_file(options) == "error":
        raise RequestError(
            f"dataset.root={source.where}: {len(bad):,} of {len(samples):,} files cannot be read as images: "
            f"{listed(bad, FEW)}; mend or remove them, or leave them out with dataset.on_bad_file=skip"
        )
    kept = [samples[number] for number in found.kept]
    for label in {sample.label for sample in samples} - {sample.label for sample in kept}:
        raise RequestError(
            f"dataset.root={source.where}: no file of the class {about.classes[label]} can be read: {listed(bad, FEW)}"
        )
    groups = _groups(samples, found)
    parts = Counter(sample.part for sample in kept)
    facts = dict(about.facts) | {"files": _described(found, wanted)} | _identical(samples, found)
    if bad:
        facts[LEFT_OUT] = f"{len(bad):,} of {len(samples):,} files: {listed(bad, MANY)}"
    about = replace(about, facts=facts, official=None if parts[""] else (parts["train"], parts["val"], parts["test"]))
    made = Made(
        x=found.x,
        y=np.array([sample.label for sample in kept], np.int32),
        about=about,
        groups=groups,
        files=Files(root=source.root, names=tuple(sample.entry.name for sample in kept)) if source.root else None,
    )
    return made, found


def listed(reasons: Mapping[str, str], most: int) -> str:
    """Return the first names, at most `most`, each with its reason, and how many more there are."""
    named = [f"{name} ({why})" for name, why in list(reasons.items())[:most]]
    more = [f"and {len(reasons) - most:,} more"] if len(reasons) > most else []
    return ", ".join(named + more)


def _groups(samples: Sequence[Sample], found: Decoded) -> NDArray[np.int32] | None:
    """Return the group of each kept sample, numbered from 0 as they come, or None where each stands alone.

    Files with the same content are of one group, whatever their names say.
    """
    import numpy as np

    keys = [f"group {sample.group}" if sample.group is not None else f"file {k}" for k, sample in enumerate(samples)]
    leader: dict[str, str] = {}

    def lead(key: str) -> str:
        while (above := leader.get(key, key)) != key:
            key = above
        return key

    first: dict[bytes, str] = {}
    for number, content in sorted(found.contents.items()):
        own, other = lead(keys[number]), lead(first.setdefault(content, keys[number]))
        if own != other:
            leader[own] = other
    numbers: dict[str, int] = {}
    groups = [numbers.setdefault(lead(keys[number]), len(numbers)) for number in found.kept]
    return np.array(groups, np.int32) if len(numbers) < len(groups) else None


def _described(found: Decoded, wanted: ImageOptions) -> str:
    from bench.datasets.decoding import draft

    sizes = sorted(found.sizes, key=lambda size: (size[0] * size[1], size))
    before = " to ".join(f"{height} x {width}" for height, width in dict.fromkeys((sizes[0], sizes[-1])))
    height, width = found.x.shape[1:3]
    how = f"made {height} x {width}, {wanted.channels}, {wanted.interpolation}, the aspect ratio not kept"
    if any(draft(size, wanted) > 1 for size in sizes):
        how += ", large JPEGs from a smaller draft"
    return f"{len(found.kept):,} images of {before} pixels, {how}; EXIF orientation ignored"


def _identical(samples: Sequence[Sample], found: Decoded) -> dict[str, str]:
    """Return a fact about byte-identical files, where there are any."""
    sets: dict[bytes, list[int]] = {}
    for number in found.kept:
        if number in found.contents:
            sets.setdefault(found.contents[number], []).append(samples[number].label)
    twins = [labels for labels in sets.values() if len(labels) > 1]
    if not twins:
        return {}
    across = sum(len(set(labels)) > 1 for labels in twins)
    text = f"{len(twins):,} sets of byte-identical files, {sum(map(len, twins)):,} files"
    return {"identical files": text + (f"; {across:,} sets stand in several classes" if across else "")}
