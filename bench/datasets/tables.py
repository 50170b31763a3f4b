"""scikit-learn's tables, which come with the package: what `diabetes` and `breast_cancer` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.datasets import cache, places
from bench.datasets.prepared import About, Made, Prepared, Progress


def prepare(about: About, load: Callable[[], Any], options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return the table that scikit-learn's `load` gives as ``data`` (N, F) and ``target`` (N,)."""
    places.comes_with_scikit_learn(options, about.title)

    def build(folder: Path) -> Made:
        import numpy as np

        table = load()
        target = table.target.astype(np.int32 if about.classes else np.float32)
        return Made(x=table.data.astype(np.float32), y=target, about=about)

    return cache.prepared(about.name, {"name": about.name}, build, progress)
