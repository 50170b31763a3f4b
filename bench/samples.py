"""A few training images of every class, left in the run's folder for the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Prepared, Splits
from bench.results.schema import SAMPLE_CLASSES, SAMPLE_IMAGES, SAMPLE_PIXELS

NAME = "data/samples.npy"


def write(prepared: Prepared, splits: Splits, folder: Path, seed: int) -> str:
    """Write images of the training split, chosen by `seed`, below `folder`; return the file's name there.

    The file is ``.npy``, uint8 (classes, images, H, W, C): the first classes in their order, or one row where there
    are no classes; C is 1 (grey) or 3 (the first three channels), values spread over 0 to 255, every n-th pixel of
    a larger image. A class with fewer images leaves its last places 0. A table has none: nothing is written, and the
    name is empty.
    """
    if len(prepared.input_shape) != 3:
        return ""
    x, y = prepared.arrays()
    rows = _choose(np.asarray(y[splits.train]), len(prepared.classes), seed)
    pictures = [[picture(x[splits.train[position]], prepared) for position in row] for row in rows]
    shape = next(item.shape for row in pictures for item in row)
    found = np.zeros((len(rows), max(len(row) for row in rows), *shape), np.uint8)
    for place, row_of in enumerate(pictures):
        for column, image in enumerate(row_of):
            found[place, column] = image
    path = folder / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, found, allow_pickle=False)
    return NAME


def picture(image: NDArray[np.uint8], prepared: Prepared) -> NDArray[np.uint8]:
    """Return a sample (H, W, C) as the report shows it: grey or three channels, values over 0 to 255, few pixels."""
    high, wide, channels = image.shape
    step = -(-max(high, wide) // SAMPLE_PIXELS)
    return _spread(image[::step, ::step, : 3 if channels >= 3 else 1], prepared.value_range)


def _choose(labels: NDArray[np.generic], num_classes: int, seed: int) -> list[NDArray[np.int64]]:
    """Return for each shown class the positions of its images in the training split: one from each equal stretch."""
    raw = np.random.PCG64(seed)
    shown = range(min(num_classes, SAMPLE_CLASSES))
    members = [np.flatnonzero(labels == label) for label in shown] or [np.arange(len(labels))]
    rows = []
    for found in members:
        count = min(SAMPLE_IMAGES, len(found))
        edges = np.arange(count + 1) * len(found) // max(count, 1)
        offsets = raw.random_raw(count) % np.diff(edges).astype(np.uint64)
        rows.append(found[edges[:-1] + offsets.astype(np.int64)])
    return rows


def _spread(image: NDArray[np.uint8], value_range: tuple[float, float] | None) -> NDArray[np.uint8]:
    """Return `image` with its possible values spread over 0 to 255: digits reach 16 alone."""
    low, high = value_range or (0.0, 255.0)
    if (low, high) == (0.0, 255.0) or high <= low:
        return image
    values: NDArray[np.uint8] = np.rint(np.clip((image - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)
    return values
