"""scikit-learn's handwritten digits: 1,797 real images that come with the package, no network needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.datasets import cache
from bench.datasets.options import choice, show
from bench.datasets.prepared import About, Prepared, Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    from bench.datasets.cache import Arrays

OFFICIAL_TEST = False


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return the digits: 8 x 8 x 1, values 0 to 16, ten classes, one pool without an official test set."""
    choice(options, "source", ("official",))
    for key in ("root", "url"):
        if options.get(key) is not None:
            raise RequestError(
                f"dataset.{key}={show(options[key])}: digits come with scikit-learn; leave dataset.{key}=null"
            )
    return cache.prepared("digits", {"name": "digits"}, _load, progress)


def _load() -> Arrays:
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
        num_train_official=None,
        value_range=(0.0, 16.0),
        licence="CC BY 4.0",
        citation="E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits "
        "(its test part). UCI Machine Learning Repository. https://doi.org/10.24432/C50P49",
    )
    return bunch.images[..., np.newaxis].astype(np.uint8), bunch.target.astype(np.int32), about
