"""What the contenders of a run answered for its test samples, read from the files of its trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.results.answers import answers
from bench.results.format import listed
from bench.results.schema import Dataset, Trial
from reports.arrays import ArrayError, mapped
from reports.load import Run

Array = npt.NDArray[Any]

MOST_SAMPLES, MOST_VALUES = 5_000_000, 200_000_000
"""Larger test splits, and files of more predicted values, are not looked at."""


@dataclass(kw_only=True, slots=True)
class Answers:
    """The labels of a run's test samples, and what was answered in every finished trial that can be read."""

    task: str
    classes: list[str]
    labels: Array
    """Int64 classes, or in a regression float64 targets, (n,)."""
    found: dict[str, dict[int, Array]]
    """By contender and repeat: the same of what was answered."""
    gaps: list[str] = field(default_factory=list)
    """One sentence for what could not be read."""

    @property
    def regression(self) -> bool:
        """Whether the answers are numbers."""
        return self.task == "regression"


def read(run: Run, dataset: Dataset) -> Answers:
    """Return the answers of the trials of `run`. Raises `ArrayError` where nothing can be held against anything."""
    if not dataset.labels:
        raise ArrayError("this run kept no labels of its test samples")
    try:
        labels = _labels(run.folder, dataset)
    except FileNotFoundError:
        raise ArrayError(f"{dataset.labels} is missing") from None
    found: dict[str, dict[int, Array]] = {}
    lost: dict[str, list[str]] = {}
    for trial in run.results.trials if run.results else []:
        if trial.status != "ok":
            continue
        try:
            found.setdefault(trial.contender, {})[trial.repeat] = _answers(run.folder, trial, dataset, len(labels))
        except FileNotFoundError:
            lost.setdefault("missing", []).append(f"{trial.contender} repeat {trial.repeat + 1}")
        except ArrayError as error:
            lost.setdefault(str(error), []).append(f"{trial.contender} repeat {trial.repeat + 1}")
    gaps = [f"What {_few(who)} predicted is left out: predictions.npy is {why}." for why, who in lost.items()]
    known = {name: mine for name, mine in found.items() if mine}
    return Answers(task=dataset.task, classes=dataset.classes, labels=labels, found=known, gaps=gaps)


def _few(who: list[str]) -> str:
    return listed(who) if len(who) <= 6 else f"{', '.join(who[:6])} and {len(who) - 6} more"


def _labels(folder: Path, dataset: Dataset) -> Array:
    labels = mapped(folder, dataset.labels)
    if labels.ndim != 1 or not 0 < labels.size <= MOST_SAMPLES or labels.dtype.kind not in "iuf":
        raise ArrayError(f"{dataset.labels} has shape {labels.shape} of {labels.dtype}")
    if dataset.task == "regression":
        values = np.asarray(labels, np.float64)
        if not np.isfinite(values).all():
            raise ArrayError(f"{dataset.labels} holds what is no number")
        return values
    known = np.asarray(labels, np.int64)
    if known.min() < 0 or known.max() >= len(dataset.classes):
        raise ArrayError(f"{dataset.labels} names classes that are not among the {len(dataset.classes):,}")
    return known


def _answers(folder: Path, trial: Trial, dataset: Dataset, samples: int) -> Array:
    predictions = mapped(folder, f"{trial.folder}/predictions.npy")
    wide = len(dataset.classes) if dataset.task == "classification" else 1
    if predictions.shape != (samples, wide) or predictions.size > MOST_VALUES or predictions.dtype.kind != "f":
        raise ArrayError(f"of shape {predictions.shape}, not {(samples, wide)}")
    if not np.isfinite(predictions).all():
        raise ArrayError("not all numbers")
    return answers(predictions, dataset.task)
