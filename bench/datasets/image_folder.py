"""Images of the user's own: root/<class>/* or root/{train,val,test}/<class>/*, in a folder or a zip archive."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.datasets import cache, folders, image_sets
from bench.datasets.folders import Entry, Source
from bench.datasets.image_sets import PARTS, Sample
from bench.datasets.options import choice, flag, show
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.errors import RequestError

LIKE_PARTS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
"""What people call splits, in small letters."""

OFFICIAL_TEST = False
"""Some bring a test set: ``dataset.test_split`` is for those that do not."""


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return the images below ``dataset.root``: classes by folder, groups by ``dataset.group_pattern``."""
    choice(options, "source", ("official",))
    image_sets.wanted_images(options), image_sets.on_bad_file(options)
    pattern = _pattern(options.get("group_pattern"))
    if options.get("root") is None:
        raise RequestError(
            "dataset.root=null: image_folder reads your own images; say dataset.root=FOLDER, where FOLDER has one "
            "folder for each class, or train, val and test with one folder for each class in each"
        )
    source = folders.source(options)
    entries = folders.listed(source)
    paths = _paths(entries)
    parts = _parts(source, paths)
    samples, classes = _samples(source, entries, paths, parts, pattern)
    _refuse_gaps(source, paths, classes, parts and not flag(options, "resplit"))

    def build(folder: Path) -> Made:
        return image_sets.make(source, samples, _about(source, classes, pattern), options, folder, progress)[0]

    more = {"name": "image_folder", "group_pattern": options.get("group_pattern"), "parts": parts}
    return cache.prepared("image_folder", image_sets.identity(source, samples, options, **more), build, progress)


def _about(source: Source, classes: tuple[str, ...], pattern: re.Pattern[str] | None) -> About:
    facts = {"groups": f"by the file names, as dataset.group_pattern={pattern.pattern} finds them"} if pattern else {}
    return About(
        name="image_folder",
        title=f"images in {Path(source.where).name}",
        source=f"files in {source.where}",
        synthetic=False,
        task="classification",
        classes=classes,
        official=None,
        value_range=(0.0, 255.0),
        licence="the user's own",
        citation="",
        facts=facts,
    )


def _pattern(value: Any) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(str(value))
    except re.error as error:
        raise RequestError(
            f"dataset.group_pattern={show(value)}: is no regular expression ({error}); such as "
            "'dataset.group_pattern=\"^(patient[0-9]+)_\"', with both quotes"
        ) from error


def _paths(entries: Sequence[Entry]) -> list[list[str]]:
    """Return the names' parts, without the one folder that archives often have around everything."""
    paths = [entry.name.split("/") for entry in entries]
    first = {path[0] for path in paths}
    wrapped = len(first) == 1 and not first & LIKE_PARTS and all(len(path) > 2 for path in paths)
    return [path[1:] for path in paths] if wrapped else paths


def _parts(source: Source, paths: Sequence[Sequence[str]]) -> bool:
    """Return whether the first folders are official splits, and not classes."""
    first = {path[0] for path in paths if len(path) > 1}
    if first and first <= set(PARTS):
        if "train" not in first:
            raise RequestError(f"dataset.root={source.where}: has {_and(first)} but no train")
        return True
    if "train" in first and first & {"val", "test"}:
        others = first - set(PARTS)
        raise RequestError(
            f"dataset.root={source.where}: has {_and(first & set(PARTS))} and beside them {_and(others)}; leave there "
            "only train, val and test, or only folders of classes"
        )
    if first and {name.lower() for name in first} <= LIKE_PARTS and any(len(path) > 2 for path in paths):
        raise RequestError(
            f"dataset.root={source.where}: {_and(first)} look like splits, not like classes; name them train, "
            "val and test"
        )
    return False


def _samples(
    source: Source,
    entries: Sequence[Entry],
    paths: Sequence[Sequence[str]],
    parts: bool,
    pattern: re.Pattern[str] | None,
) -> tuple[list[Sample], tuple[str, ...]]:
    """Return a sample for each file and the classes, or refuse what cannot be learnt from."""
    depth = 2 if parts else 1
    classes = tuple(sorted({path[depth - 1] for path in paths if len(path) > depth}))
    stray = [entry.name for entry, path in zip(entries, paths, strict=True) if len(path) <= depth]
    where = f"dataset.root={source.where}"
    if len(classes) < 2:
        found = f"only one, {classes[0]}" if classes else "none with a file in it"
        raise RequestError(f"{where}: needs a folder for each of two classes or more, found {found}")
    if stray:
        raise RequestError(
            f"{where}: {_some(stray)} in no folder of a class; move or remove what is none of the images"
        )
    labels = {name: label for label, name in enumerate(classes)}
    return [
        Sample(
            entry=entry,
            label=labels[path[depth - 1]],
            part=path[0] if parts else "",
            group=None if pattern is None else _group(source, path, pattern),
        )
        for entry, path in zip(entries, paths, strict=True)
    ], classes


def _refuse_gaps(source: Source, paths: Sequence[Sequence[str]], classes: Sequence[str], divided: bool) -> None:
    """Refuse empty folders and, where sets are `divided`, a class that is missing in train: they may be slips."""
    trained = {path[1] for path in paths if path[0] == "train"} if divided else set(classes)
    for name in classes:
        if name not in trained:
            raise RequestError(
                f"dataset.root={source.where}: has no file of the class {name} in train; add some, take the class out "
                "of the other folders, or say dataset.resplit=true"
            )
    for name in empty_folders(source):
        raise RequestError(f"dataset.root={source.where}: the folder {name} is empty; fill it or remove it")


def empty_folders(source: Source) -> list[str]:
    """Return the folders, one or two levels down, that have nothing in them."""
    if source.root is None:
        return []
    root = Path(source.root)
    visible = [folder for folder in (*root.glob("*/"), *root.glob("*/*/")) if not folder.name.startswith(".")]
    empty = [folder for folder in visible if all(item.name.startswith(".") for item in folder.iterdir())]
    return sorted(folder.relative_to(root).as_posix() for folder in empty)


def _group(source: Source, path: Sequence[str], pattern: re.Pattern[str]) -> str:
    """Return what `pattern` finds in the file's name: its first group, or all of the match where it has none."""
    match = pattern.search(path[-1])
    group = None if match is None else match[1 if pattern.groups else 0]
    if group is None:
        raise RequestError(
            f"dataset.group_pattern={pattern.pattern}: finds nothing in the name of {source.where}/{'/'.join(path)}"
        )
    return group


def _and(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more files are" if len(names) > 3 else " is" if len(names) == 1 else " are"
    return ", ".join(names[:3]) + more
