"""Made-up samples that can be learnt: a dataset of any shape and size, and the stand-ins of those that must be fetched.

Whole numbers only, from raw draws of a bit generator: the same bytes on every machine and with every numpy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.datasets import cache
from bench.datasets.options import choice, show
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.errors import RequestError

OFFICIAL_TEST = False
VERSION = 2
"""Raise it when other bytes come out."""
MOST_BYTES = 1 << 40
"""Of all samples together: a typing error must not fill the disk."""


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return ``dataset.samples`` samples of ``dataset.shape`` in ``dataset.classes`` classes (0: a regression)."""
    choice(options, "source", ("synthetic",))
    for key in ("root", "url"):
        if options.get(key) is not None:
            raise RequestError(
                f"dataset.{key}={show(options[key])}: synthetic samples are made up; leave dataset.{key}=null"
            )
    shape, classes = _shape(options), _number(options, "classes", least=0, most=1000)
    if classes == 1:
        raise RequestError("dataset.classes=1: one class cannot be learnt; say 2 or more, or 0 for a regression")
    least, most = max(10, 5 * classes), MOST_BYTES // math.prod(shape)
    samples = _number(options, "samples", least=least, most=most, why=" (five for each class)" if classes > 2 else "")
    identity = {"name": "synthetic", "version": VERSION, "shape": shape, "samples": samples, "classes": classes}

    def build(folder: Path) -> Made:
        return _build(folder, shape, samples, classes, progress)

    return cache.prepared("synthetic", identity, build, progress)


def _build(folder: Path, shape: tuple[int, ...], samples: int, classes: int, progress: Progress | None) -> Made:

    from bench.datasets import blends

    task = "regression" if classes == 0 else "binary" if classes == 2 else "classification"
    about = About(
        name="synthetic",
        title=f"synthetic {'images' if len(shape) == 3 else 'table'} of {' x '.join(str(size) for size in shape)}",
        source="made up by Parallax",
        synthetic=True,
        task=task,
        classes=tuple(str(label) for label in range(classes)),
        official=None,
        value_range=(0.0, 255.0) if len(shape) == 3 else None,
        licence="Apache-2.0",
        citation="",
        note="synthetic samples: a trained model's quality says nothing about real data",
    )
    labels = None if classes == 0 else blends.labels(_even(samples, classes), seed=0)
    if len(shape) == 1:
        features = cache.new_array(folder / "x.npy", (samples, *shape), "float32")
        return Made(x=features, y=blends.table(features, labels, classes, seed=1), about=about)
    x = cache.new_array(folder / "x.npy", (samples, *shape), "uint8")
    if labels is None:
        return Made(x=x, y=blends.mixtures(x, seed=1, progress=progress), about=about)
    blends.images(x, labels, classes, seed=1, progress=progress)
    return Made(x=x, y=labels, about=about)


def _even(samples: int, classes: int) -> Sequence[int]:
    return [samples // classes + (label < samples % classes) for label in range(classes)]


def _shape(options: Mapping[str, Any]) -> tuple[int, ...]:
    value = options.get("shape")
    if isinstance(value, list | tuple) and all(_whole(size) and size > 0 for size in value):
        features, images = len(value) == 1, len(value) == 3 and value[2] in (1, 3)
        if (features or images) and math.prod(value) <= MOST_BYTES // 10:
            return tuple(value)
    raise RequestError(
        f"dataset.shape={show(value)}: must be [height, width, channels] of images, with 1 or 3 channels, or "
        "[features] of a table, such as [32, 32, 3] or [20]"
    )


def _number(options: Mapping[str, Any], key: str, *, least: int, most: int, why: str = "") -> int:
    value = options.get(key)
    if value is None or not _whole(value) or not least <= value <= most:
        raise RequestError(f"dataset.{key}={show(value)}: must be a whole number from {least}{why} to {most}")
    return int(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
