"""What each loss means, executably, in numpy: all are taken on a network's raw outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


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
