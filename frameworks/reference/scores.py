"""What a network is scored by, in float64 and for both sides alike: loss, accuracy, kappa, mean absolute error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from frameworks.reference.losses import batch_loss, sigmoid, single, softmax

METRICS = {"classification": "accuracy", "binary": "accuracy", "regression": "mae"}
"""By task: what is reported beside the loss, the share of samples whose class was found or the mean absolute error."""


def score(
    task: str, loss: str, outputs: np.ndarray, labels: np.ndarray, options: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """Return loss and metric of outputs (n, outputs), in float64: both sides are evaluated here, the same way.

    Every sample counts alike, whatever its weight in training. The mean absolute error is in the units of the labels
    given. Beside an accuracy stands Cohen's kappa, where it has a value.
    """
    exact = np.asarray(outputs, dtype=np.float64)
    found = {"loss": batch_loss(loss, exact, labels, options)}
    if task == "regression":
        return found | {"mae": float(np.mean(np.abs(single(exact, labels) - labels)))}
    classes = single(exact, labels) > 0 if task == "binary" else exact.argmax(axis=-1)
    agreed = kappa(classes, labels)
    return found | {"accuracy": float(np.mean(classes == labels))} | ({} if agreed is None else {"kappa": agreed})


def kappa(found: np.ndarray, labels: np.ndarray) -> float | None:
    """Return Cohen's kappa of two ways (n,) to class the same samples: 1 for agreement, 0 for what chance would give.

    (observed − chance) ÷ (1 − chance), where chance is the agreement of independent draws with the same shares of
    classes: unlike an accuracy, it gives nothing for naming the largest class every time. None where both know one
    class only, and the same: chance then agrees always, and nothing is said.

    Source: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
    (1960).
    """
    one, other = found.astype(np.int64), labels.astype(np.int64)
    classes, count = int(max(one.max(), other.max())) + 1, len(labels)
    # In whole numbers, so that "always" is told from "almost always".
    chance = int(np.bincount(one, minlength=classes) @ np.bincount(other, minlength=classes))
    if chance == count**2:
        return None
    return float((int(np.sum(one == other)) * count - chance) / (count**2 - chance))


def predictions(task: str, outputs: np.ndarray) -> np.ndarray:
    """Return what outputs (n, outputs) predict, float64 in the same shape: probabilities, or in a regression values."""
    exact = np.asarray(outputs, dtype=np.float64)
    turned = {"classification": softmax, "binary": sigmoid}
    return turned[task](exact) if task in turned else exact
