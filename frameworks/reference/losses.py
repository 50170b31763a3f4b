"""What each loss means, executably, in numpy: all are taken on a network's raw outputs.

First the loss of each sample, then one reduction for all of them: the sum of the weighted losses over the size of the
batch, `batch_loss`. The sum of the weights, by which PyTorch divides of its own accord, changes from batch to batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

OPTIONS: dict[str, float | None] = {
    "label_smoothing": 0.0,
    "focal_gamma": 2.0,
    "focal_alpha": None,
    "huber_delta": 1.0,
}
"""The parameters of losses, as keys of ``train``, with their defaults; which loss takes which: `Loss.options`."""


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: np.ndarray = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-logits)), without an overflow on either side."""
    small = np.exp(-np.abs(logits))
    probabilities: np.ndarray = np.where(logits >= 0, 1.0, small) / (1.0 + small)
    return probabilities


def single(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return outputs (n, 1) as (n,), like the labels; `ValueError` for any other shapes.

    An (n, 1) beside an (n,) becomes an (n, n) without a word, and its mean looks like a loss.
    """
    if outputs.shape != (*labels.shape, 1) or labels.ndim != 1:
        raise ValueError(f"one output and one label for each sample, not {outputs.shape} and {labels.shape}")
    return outputs[:, 0]


def categorical_crossentropy(logits: np.ndarray, labels: np.ndarray, *, label_smoothing: float = 0.0) -> np.ndarray:
    """Return -Σ q log softmax(logits) of each sample, (n,); logits (n, classes), labels (n,).

    q is the label, one-hot, of which the share `label_smoothing` is spread evenly over all classes, its own too
    (Szegedy et al. 2016): 1 - ε + ε/K for the label's class, ε/K for the others.
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    surprise = np.log(np.exp(shifted).sum(axis=-1, keepdims=True)) - shifted
    own = surprise[np.arange(len(labels)), labels]
    found: np.ndarray = (1 - label_smoothing) * own + label_smoothing * surprise.mean(axis=-1)
    return found


def binary_crossentropy(logits: np.ndarray, labels: np.ndarray, *, label_smoothing: float = 0.0) -> np.ndarray:
    """Return -t log sigmoid(logit) - (1 - t) log sigmoid(-logit) of each sample, (n,); logits (n, 1), labels (n,).

    t is the label, 0 or 1, moved towards one half by the share `label_smoothing`.
    """
    logit, target = single(logits, labels), labels * (1 - label_smoothing) + label_smoothing / 2
    found: np.ndarray = np.maximum(logit, 0.0) - logit * target + np.log1p(np.exp(-np.abs(logit)))
    return found


def focal(
    logits: np.ndarray, labels: np.ndarray, *, focal_gamma: float = 2.0, focal_alpha: float | None = None
) -> np.ndarray:
    """Return -α (1 - p)^γ log p of each sample, (n,), p its class's probability; Lin et al. 2017, equations 4 and 5.

    Logits (n, 1), two classes: α is `focal_alpha` for class 1 and one minus that for class 0. Logits (n, classes): it
    is one factor for all of them, as Keras has it; `class_weight` tells classes apart. None: 1 in both.

    With m the logit of p, so p = sigmoid(m), it is α softplus(-m) exp(-γ softplus(m)): no logarithm of a difference.
    """
    if logits.shape[-1] == 1:
        logit = np.where(labels == 1, 1, -1) * single(logits, labels)
        alpha = 1.0 if focal_alpha is None else np.where(labels == 1, focal_alpha, 1 - focal_alpha)
    else:
        own = np.arange(logits.shape[-1]) == labels[:, np.newaxis]
        others = np.logaddexp.reduce(np.where(own, -np.inf, logits), axis=-1)
        logit, alpha = logits[own] - others, 1.0 if focal_alpha is None else focal_alpha
    found: np.ndarray = alpha * np.logaddexp(0, -logit) * np.exp(-focal_gamma * np.logaddexp(0, logit))
    return found


def mean_squared_error(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return (output - target)² of each sample, (n,); outputs (n, 1), targets (n,)."""
    found: np.ndarray = np.square(single(outputs, targets) - targets)
    return found


def mean_absolute_error(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return |output - target| of each sample, (n,); outputs (n, 1), targets (n,)."""
    found: np.ndarray = np.abs(single(outputs, targets) - targets)
    return found


def huber(outputs: np.ndarray, targets: np.ndarray, *, huber_delta: float = 1.0) -> np.ndarray:
    """Return e²/2 where |e| ≤ δ, else δ (|e| - δ/2), of each sample's error e, (n,); Huber 1964."""
    error = np.abs(single(outputs, targets) - targets)
    beyond = huber_delta * (error - huber_delta / 2)
    found: np.ndarray = np.where(error <= huber_delta, np.square(error) / 2, beyond)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One loss: what it means, for which tasks, and what it can be told."""

    each: Callable[..., np.ndarray]
    """The loss of each sample, (n,), of outputs (n, outputs) and labels (n,), with `options` by keyword."""
    tasks: tuple[str, ...]
    options: tuple[str, ...] = ()
    """Which of `OPTIONS` it takes."""


_SMOOTHED = ("label_smoothing",)

LOSSES = {
    # The first two are the same loss: of labels, and of labels that are made one-hot within the step.
    "sparse_categorical_crossentropy": Loss(
        each=categorical_crossentropy, tasks=("classification",), options=_SMOOTHED
    ),
    "categorical_crossentropy": Loss(each=categorical_crossentropy, tasks=("classification",), options=_SMOOTHED),
    "binary_crossentropy": Loss(each=binary_crossentropy, tasks=("binary",), options=_SMOOTHED),
    "focal": Loss(each=focal, tasks=("classification", "binary"), options=("focal_gamma", "focal_alpha")),
    "mean_squared_error": Loss(each=mean_squared_error, tasks=("regression",)),
    "mean_absolute_error": Loss(each=mean_absolute_error, tasks=("regression",)),
    "huber": Loss(each=huber, tasks=("regression",), options=("huber_delta",)),
}
"""The losses by name."""

TASKS = {
    "classification": "sparse_categorical_crossentropy",
    "binary": "binary_crossentropy",
    "regression": "mean_squared_error",
}
"""The tasks of datasets, with the loss of each that nobody has to ask for."""


def batch_loss(
    name: str,
    outputs: np.ndarray,
    labels: np.ndarray,
    options: Mapping[str, Any] | None = None,
    weights: np.ndarray | None = None,
) -> float:
    """Return Σ w ℓ / n over a batch's samples; weights (n,), all 1 where there are none."""
    losses = LOSSES[name].each(outputs, labels, **(options or {}))
    return float(np.mean(losses if weights is None else losses * weights))


def combined_weights(
    labels: np.ndarray, class_weights: list[float], sample_weights: np.ndarray | None
) -> np.ndarray | None:
    """Return each sample's weight, float64 (n,): that of its class times its own; None where there are neither."""
    if not class_weights and sample_weights is None:
        return None
    found: np.ndarray = np.ones(len(labels)) if sample_weights is None else sample_weights.astype(np.float64)
    return found * np.array(class_weights)[labels] if class_weights else found
