"""What each optimizer and loss means, executably, in numpy: the spec that both rooms must meet.

Hyperparameters are float32 numbers: Keras stores or casts them as float32 even in float64, so a 0.9 that stays a
float64 on the other side would show as an error of 1e-8. `float32` rounds them once, before either side sees them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


def float32(value: float) -> float:
    """Return `value` rounded to the nearest float32."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


@dataclass(kw_only=True, slots=True)
class SGD:
    """w ← w - lr g; with momentum b ← μ b + g and w ← w - lr b, or with Nesterov w ← w - lr (g + μ b).

    Sutskever et al. 2013; the velocity is kept without the learning rate, as in ``torch/optim/sgd.py``.
    """

    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    _velocity: np.ndarray | float = field(default=0.0, init=False)

    def step(self, weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the weights after one step."""
        self._velocity = self.momentum * self._velocity + gradient
        update = gradient + self.momentum * self._velocity if self.nesterov else self._velocity
        return weights - self.learning_rate * update


@dataclass(kw_only=True, slots=True)
class Adam:
    """Adam as in Kingma and Ba 2015, algorithm 1: epsilon is added to the root of the *corrected* variance."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    _steps: int = field(default=0, init=False)
    _mean: np.ndarray | float = field(default=0.0, init=False)
    _variance: np.ndarray | float = field(default=0.0, init=False)

    def step(self, weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the weights after one step."""
        self._steps += 1
        self._mean = self.beta_1 * self._mean + (1 - self.beta_1) * gradient
        self._variance = self.beta_2 * self._variance + (1 - self.beta_2) * gradient**2
        mean = self._mean / (1 - self.beta_1**self._steps)
        variance = self._variance / (1 - self.beta_2**self._steps)
        return weights - self.learning_rate * mean / (np.sqrt(variance) + self.epsilon)


OPTIMIZERS = {"sgd": SGD, "adam": Adam}
"""The optimizers by name; their fields are their hyperparameters."""


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: np.ndarray = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def sparse_categorical_crossentropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over the batch of -log softmax(logits)[label]; logits (n, classes), labels (n,)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=-1))
    return float(np.mean(log_sum - shifted[np.arange(len(labels)), labels]))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-logits)), without an overflow on either side."""
    small = np.exp(-np.abs(logits))
    probabilities: np.ndarray = np.where(logits >= 0, 1.0, small) / (1.0 + small)
    return probabilities


def binary_crossentropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over the batch of -log sigmoid(±logit), + for label 1; logits (n, 1), labels (n,) of 0 and 1."""
    logit = single(logits, labels)
    return float(np.mean(np.maximum(logit, 0.0) - logit * labels + np.log1p(np.exp(-np.abs(logit)))))


def mean_squared_error(outputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean over the batch of (output - target)²; outputs (n, 1), targets (n,)."""
    return float(np.mean(np.square(single(outputs, targets) - targets)))


def single(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return outputs (n, 1) as (n,), like the labels; `ValueError` for any other shapes.

    An (n, 1) beside an (n,) becomes an (n, n) without a word, and its mean looks like a loss.
    """
    if outputs.shape != (*labels.shape, 1) or labels.ndim != 1:
        raise ValueError(f"one output and one label for each sample, not {outputs.shape} and {labels.shape}")
    return outputs[:, 0]


LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "binary_crossentropy": binary_crossentropy,
    "mean_squared_error": mean_squared_error,
}
"""The losses by name: each takes outputs (n, outputs) and labels (n,)."""

TASKS = {
    "classification": "sparse_categorical_crossentropy",
    "binary": "binary_crossentropy",
    "regression": "mean_squared_error",
}
"""The tasks of datasets, with the loss of each."""

METRICS = {
    "sparse_categorical_crossentropy": "accuracy",
    "binary_crossentropy": "accuracy",
    "mean_squared_error": "mae",
}
"""By loss: what is reported beside it, the share of samples whose class was found or the mean absolute error."""


def score(loss: str, outputs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return loss and metric of outputs (n, outputs), in float64: both sides are evaluated here, the same way.

    The mean absolute error is in the units of the labels given. Beside an accuracy stands Cohen's kappa, where it has
    a value.
    """
    exact = np.asarray(outputs, dtype=np.float64)
    found = {"loss": LOSSES[loss](exact, labels)}
    if loss == "mean_squared_error":
        return found | {"mae": float(np.mean(np.abs(single(exact, labels) - labels)))}
    classes = single(exact, labels) > 0 if loss == "binary_crossentropy" else exact.argmax(axis=-1)
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


def predictions(loss: str, outputs: np.ndarray) -> np.ndarray:
    """Return what outputs (n, outputs) predict, float64 in the same shape: probabilities, or in a regression values."""
    exact = np.asarray(outputs, dtype=np.float64)
    turned = {"sparse_categorical_crossentropy": softmax, "binary_crossentropy": sigmoid}
    return turned[loss](exact) if loss in turned else exact
