"""What the report needs of the test split: its labels, and the images on which contenders disagree."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.datasets import Prepared, Splits
from bench.results.answers import Array, answers, disputed
from bench.results.schema import DISPUTED, Dataset, Trial
from bench.samples import picture

LABELS, IMAGES = "data/test_labels.npy", "data/disputed.npy"


def write_labels(prepared: Prepared, splits: Splits, folder: Path) -> str:
    """Write what the test samples are below `folder`, in the order of the predictions; return the file's name there."""
    _, y = prepared.arrays()
    _save(folder / LABELS, np.asarray(y[splits.test]))
    return LABELS


def write_images(prepared: Prepared, splits: Splits, folder: Path, trials: list[Trial], dataset: Dataset) -> None:
    """Write the test images on which finished `trials` of one repeat disagree most, and note them in `dataset`.

    They are shown as sample images are (`bench.samples`). Nothing is written of a table or a regression, or where all
    agree. Raises `OSError` or `ValueError` for predictions that cannot be read.
    """
    if dataset.task == "regression":
        return
    found: dict[str, dict[int, Array]] = {}
    for trial in trials:
        if trial.status == "ok":
            predictions = np.load(folder / trial.folder / "predictions.npy", mmap_mode="r", allow_pickle=False)
            found.setdefault(trial.contender, {})[trial.repeat] = answers(predictions, dataset.task)
    rows = disputed(found)[:DISPUTED]
    dataset.disputed = rows.tolist()
    if len(rows) and len(prepared.input_shape) == 3:
        x, _ = prepared.arrays()
        _save(folder / IMAGES, np.stack([picture(x[splits.test[row]], prepared) for row in rows]))
        dataset.disputed_images = IMAGES


def _save(path: Path, array: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, allow_pickle=False)
