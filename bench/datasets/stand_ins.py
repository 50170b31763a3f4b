"""Synthetic stand-ins (``dataset.source=synthetic``) for datasets of one size: same shapes, classes and counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.datasets import cache
from bench.datasets.places import stand_in
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.datasets.resize import ImageOptions, Images
from bench.datasets.synthetic import VERSION


def images(
    about: About,
    shape: tuple[int, int, int],
    counts: Sequence[Sequence[int]],
    wanted: ImageOptions,
    progress: Progress | None,
) -> Prepared:
    """Return made-up images of `shape` (H, W, C), changed as `wanted`; `counts` per class of training and test set."""
    identity = {"name": about.name, "synthetic": VERSION, "counts": counts, "image": wanted.identity(shape)}

    def build(folder: Path) -> Made:
        import numpy as np

        from bench.datasets import blends

        y = np.concatenate([blends.labels(part, seed=seed) for seed, part in enumerate(counts)])
        made = Images(folder, len(y), shape, wanted, progress)
        # In pieces, so that a change of size needs no second copy of everything.
        for begin in range(0, len(y), 4096):
            part = y[begin : begin + 4096]
            block = np.empty((len(part), *shape), np.uint8)
            blends.images(block, part, len(about.classes), seed=100 + 2 * begin)
            made.append(block)
        official = (sum(counts[0]), 0, sum(counts[1]))
        return Made(x=made.x, y=y, about=stand_in(about, official=official))

    return cache.prepared(f"{about.name}-synthetic", identity, build, progress)


def table(about: About, num_samples: int, num_features: int, progress: Progress | None) -> Prepared:
    """Return a made-up regression table of `num_samples` rows."""

    def build(folder: Path) -> Made:
        import numpy as np

        from bench.datasets import blends

        x = np.empty((num_samples, num_features), np.float32)
        return Made(x=x, y=blends.table(x, None, 0, seed=1), about=stand_in(about))

    identity = {"name": about.name, "synthetic": VERSION, "samples": num_samples}
    return cache.prepared(f"{about.name}-synthetic", identity, build, progress)
