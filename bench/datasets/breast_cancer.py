"""The Wisconsin diagnostic breast cancer data, as scikit-learn brings them: two classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.datasets import tables
from bench.datasets.prepared import About, Prepared, Progress

OFFICIAL_TEST = False
ABOUT = About(
    name="breast_cancer",
    title="the Wisconsin breast cancer data",
    source="scikit-learn",
    synthetic=False,
    task="binary",
    classes=("malignant", "benign"),
    official=None,
    value_range=None,
    licence="CC BY 4.0",
    citation="W. Wolberg, O. Mangasarian, N. Street and W. Street (1993). Breast Cancer Wisconsin (Diagnostic). "
    "UCI Machine Learning Repository. https://doi.org/10.24432/C5DW2B",
    facts={"Features": "mean, standard error and worst of ten measurements of the cell nuclei"},
)


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return 569 tumours: thirty features, malignant (0) or benign (1)."""
    return tables.prepare(ABOUT, _load, options, progress)


def _load() -> Any:
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer()
