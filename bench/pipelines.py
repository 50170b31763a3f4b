"""Which pipeline can deliver what: refused before anything starts where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from bench import machine
from bench.datasets import Prepared
from bench.errors import RequestError
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.augment import active

MOST = {"rotation": 180.0, "zoom": 0.9, "brightness": 1.0, "contrast": 1.0}
"""Above these an image turns further than once around, into nothing, or into one colour."""


def check(
    pipeline: Mapping[str, Any], contenders: Sequence[Contender], prepared: Prepared, interpolation: str | None
) -> None:
    """Raise `RequestError` where a contender lacks the `pipeline`, or `prepared` does not fit it.

    `interpolation` is how files would be resized (``dataset.interpolation``).
    """
    name = pipeline["name"]
    for contender in contenders:
        there = rooms.pipelines(contender.backend)
        if name not in there:
            why = rooms.refused(contender.backend).get(name, "")
            raise RequestError(
                f"pipeline={name}: contender '{contender.name}' ({contender.backend}) has no such pipeline "
                f"(it has: {', '.join(there)}){': ' * bool(why)}{why}; leave it out with framework=[…], or take "
                "another pipeline"
            )
    images = len(prepared.input_shape) == 3
    if name == "files":
        _check_files(contenders, prepared, interpolation)
    if name == "device" and pipeline["workers"] is not None:
        raise RequestError(
            f"pipeline.workers={pipeline['workers']}: pipeline=device reads nothing ahead; leave it null"
        )
    most = max(16, 4 * machine.cores())
    if (pipeline["workers"] or 0) > most:
        raise RequestError(f"pipeline.workers={pipeline['workers']}: at most {most} here, four for each core or 16")
    if name == "tfrecord" and not images:
        raise RequestError(f"pipeline=tfrecord: keeps images, and {prepared.title} is a table; take pipeline=memory")
    _check_augmentation(pipeline["augment"], prepared, images)


def _check_files(contenders: Sequence[Contender], prepared: Prepared, interpolation: str | None) -> None:
    files = prepared.files()
    if files is None:
        raise RequestError(
            f"pipeline=files: {prepared.title} has no image files in a folder (those in a zip must be unpacked); take "
            "pipeline=memory, or dataset=image_folder or dataset=pneumonia with dataset.root=FOLDER"
        )
    for contender in contenders:
        known = rooms.resizes(contender.backend)
        if interpolation not in known:
            raise RequestError(
                f"dataset.interpolation={interpolation}: contender '{contender.name}' resizes files by "
                f"{', '.join(known)}; take one of these, or pipeline=memory"
            )
        read = rooms.reads(contender.backend)
        for name in files.names:
            ending = PurePosixPath(name).suffix.lower()
            if ending and ending not in read:
                raise RequestError(
                    f"pipeline=files: contender '{contender.name}' reads {' '.join(read)} and not {name}; "
                    "take pipeline=memory, or convert such files"
                )


def is_same(pipeline: Mapping[str, Any]) -> bool:
    """Return whether `pipeline` gives every contender the same numbers to the bit: no augmentation, no own decoder."""
    return pipeline["name"] != "files" and not active(pipeline["augment"])


def _check_augmentation(augment: Mapping[str, Any], prepared: Prepared, images: bool) -> None:
    for key, value in active(augment).items():
        where = f"pipeline.augment.{key}={value}"
        if not images:
            raise RequestError(f"{where}: changes images, and {prepared.title} is a table")
        if key in MOST and value > MOST[key]:
            raise RequestError(f"{where}: must be at most {MOST[key]:g}")
        if key == "crop" and value > min(prepared.input_shape[:2]):
            high, wide = prepared.input_shape[:2]
            raise RequestError(f"{where}: must be at most the image's own size, {high} x {wide}")
