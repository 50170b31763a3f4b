"""Which pipeline can deliver what: refused before anything starts where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.datasets import Prepared
from bench.errors import RequestError
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.augment import active

MOST = {"rotation": 180.0, "zoom": 0.9, "brightness": 1.0, "contrast": 1.0}
"""Above these an image turns further than once around, into nothing, or into one colour."""


def check(pipeline: Mapping[str, Any], contenders: Sequence[Contender], prepared: Prepared) -> None:
    """Raise `RequestError` where a contender lacks the `pipeline`, or `prepared` does not fit it."""
    name = pipeline["name"]
    for contender in contenders:
        there = rooms.pipelines(contender.backend)
        if name not in there:
            raise RequestError(
                f"pipeline={name}: contender '{contender.name}' ({contender.backend}) has no such pipeline "
                f"(it has: {', '.join(there)}); {_why(name)}leave it out with framework=[…], or take another pipeline"
            )
    images = len(prepared.input_shape) == 3
    if name == "files" and prepared.files() is None:
        raise RequestError(
            f"pipeline=files: {prepared.title} is not made of image files; take pipeline=memory, or a dataset that is: "
            "dataset=image_folder or dataset=pneumonia with dataset.root=FOLDER"
        )
    if name == "tfrecord" and not images:
        raise RequestError(f"pipeline=tfrecord: keeps images, and {prepared.title} is a table; take pipeline=memory")
    _check_augmentation(pipeline["augment"], prepared, images)


def is_same(pipeline: Mapping[str, Any]) -> bool:
    """Return whether `pipeline` gives every contender the same numbers to the bit: no augmentation, no own decoder."""
    return pipeline["name"] != "files" and not active(pipeline["augment"])


def _why(name: str) -> str:
    return "no well-kept reader of TFRecord stands for PyTorch: " if name == "tfrecord" else ""


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
