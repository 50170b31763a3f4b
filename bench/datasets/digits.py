"""scikit-learn's handwritten digits: 1,797 real images that come with the package, no network needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.datasets import cache, places
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.datasets.resize import ImageOptions, Images, image_options

OFFICIAL_TEST = False
SHAPE = (8, 8, 1)


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return scikit-learn's digits (8 x 8 x 1 unless asked otherwise, values 0 to 16, ten classes)."""
    places.comes_with_scikit_learn(options, "digits")
    wanted = image_options(options)
    identity = {"name": "digits", "image": wanted.identity(SHAPE)}
    return cache.prepared("digits", identity, lambda folder: _load(folder, wanted, progress), progress)


def _load(folder: Path, wanted: ImageOptions, progress: Progress | None) -> Made:
    # Here, because scikit-learn takes a second to import and a filled cache does not need it.
    import numpy as np
    from sklearn.datasets import load_digits

    bunch = load_digits()
    about = About(
        name="digits",
        title="scikit-learn's handwritten digits",
        source="scikit-learn's load_digits",
        synthetic=False,
        task="classification",
        classes=tuple(str(label) for label in range(10)),
        official=None,
        value_range=(0.0, 16.0),
        licence="CC BY 4.0",
        citation="E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits "
        "(its test part). UCI Machine Learning Repository. https://doi.org/10.24432/C50P49",
    )
    images = Images(folder, len(bunch.images), SHAPE, wanted, progress)
    images.append(bunch.images[..., np.newaxis].astype(np.uint8))
    return Made(x=images.x, y=bunch.target.astype(np.int32), about=about)
