"""Efron's diabetes data, as scikit-learn brings them, in their own units: a regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.datasets import tables
from bench.datasets.prepared import About, Prepared, Progress

OFFICIAL_TEST = False
ABOUT = About(
    name="diabetes",
    title="the diabetes data",
    source="scikit-learn",
    synthetic=False,
    task="regression",
    classes=(),
    official=None,
    value_range=None,
    licence="none stated by its authors",
    citation="B. Efron, T. Hastie, I. Johnstone and R. Tibshirani (2004). Least Angle Regression. "
    "Annals of Statistics 32(2), 407-499.",
    facts={"Features": "age, sex, body mass index, blood pressure, six blood serum measurements"},
)


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return 442 patients: ten features, and how far the disease has come a year later (25 to 346)."""
    return tables.prepare(ABOUT, _load, options, progress)


def _load() -> Any:
    from sklearn.datasets import load_diabetes

    # Not its scaled form: that one has been standardised by all samples, those to test on included.
    return load_diabetes(scaled=False)
