"""The losses, taken on logits, the metric beside each, and the trace of each step's loss that stays on the device."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Traced(keras.losses.Loss):
    """One of Keras's losses, which also writes each step's value into a variable on the device.

    Nothing is fetched until the epoch's end; a Keras metric would be fetched after every step.
    """

    def __init__(self, loss: keras.losses.Loss, trace_length: int, steps: tf.Variable | None) -> None:
        """Keep the last `trace_length` losses, a whole epoch's, by `steps`, the optimizer's count of its steps.

        Without `steps` they are counted here.
        """
        super().__init__(name=loss.name, reduction=loss.reduction)
        self.loss = loss
        self.traces = 0
        self.own = tf.Variable(0, trainable=False, dtype=tf.int64) if steps is None and trace_length else None
        self.steps = self.own if steps is None else steps
        self.trace = tf.Variable(tf.zeros([trace_length], self.dtype), trainable=False) if trace_length else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the mean loss of the batch and note it down."""
        self.traces += 1  # runs while a function is traced, not at each of its steps
        loss = self.loss(y_true, y_pred, sample_weight)
        if self.trace is not None:
            # A variable of its own to count the steps would cost more than the writing does.
            place = tf.cast(self.steps, tf.int64) % self.trace.shape[0]
            self.trace.scatter_update(tf.IndexedSlices(loss, place))
            if self.own is not None:
                self.own.assign_add(1)
        return loss

    def fetch(self) -> np.ndarray | None:
        """Return the loss of each step of the epoch that has just ended, or None without a trace."""
        return None if self.trace is None else np.array(self.trace)

    def state(self) -> list[tf.Variable]:
        """Return the variables of the trace."""
        return [variable for variable in (self.trace, self.own) if variable is not None]


def make(name: str, plants: Collection[str]) -> keras.losses.Loss:
    """Return the loss called `name`; Keras brings outputs (n, 1) and labels (n,) into one shape by itself."""
    return _LOSSES[name]("from_logits" not in plants)


_LOSSES: dict[str, Callable[[bool], keras.losses.Loss]] = {
    "sparse_categorical_crossentropy": lambda logits: keras.losses.SparseCategoricalCrossentropy(from_logits=logits),
    "binary_crossentropy": lambda logits: keras.losses.BinaryCrossentropy(from_logits=logits),
    "mean_squared_error": lambda logits: keras.losses.MeanSquaredError(),
}

METRICS: dict[str, Callable[[], keras.metrics.Metric]] = {
    "sparse_categorical_crossentropy": lambda: keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
    # "accuracy" by name would cut probabilities at 0.5; a logit is cut at 0.
    "binary_crossentropy": lambda: keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0),
    "mean_squared_error": lambda: keras.metrics.MeanAbsoluteError(name="mae"),
}
"""By loss: the metric of training, named as in `frameworks.reference.METRICS`."""
