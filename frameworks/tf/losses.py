"""The losses, taken on logits, and the trace of each step's loss that stays on the device."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf


class SparseCategoricalCrossentropy(keras.losses.SparseCategoricalCrossentropy):
    """Keras's own, which also writes each step's value into a variable on the device.

    Nothing is fetched until the epoch's end; a Keras metric would be fetched after every step.
    """

    def __init__(self, trace_length: int, steps: tf.Variable) -> None:
        """Keep the last `trace_length` losses, a whole epoch's, by `steps`, the optimizer's count of its steps."""
        super().__init__(from_logits=True)
        self.traces = 0
        self.steps = steps
        self.trace = tf.Variable(tf.zeros([trace_length], self.dtype), trainable=False) if trace_length else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the mean loss of the batch and note it down."""
        self.traces += 1  # runs while a function is traced, not at each of its steps
        loss = super().__call__(y_true, y_pred, sample_weight)
        if self.trace is not None:
            # A variable of its own to count the steps would cost more than the writing does.
            place = tf.cast(self.steps, tf.int64) % self.trace.shape[0]
            self.trace.scatter_update(tf.IndexedSlices(loss, place))
        return loss

    def fetch(self) -> np.ndarray | None:
        """Return the loss of each step of the epoch that has just ended, or None without a trace."""
        return None if self.trace is None else np.array(self.trace)

    def state(self) -> list[tf.Variable]:
        """Return the variables of the trace."""
        return [] if self.trace is None else [self.trace]


LOSSES = {"sparse_categorical_crossentropy": SparseCategoricalCrossentropy}
"""The losses by name."""
