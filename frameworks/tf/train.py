"""Training with Keras ``fit``, and its train function on one repeated batch for the compute clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from frameworks.clock import now
from frameworks.contract import EpochHook
from frameworks.order import steps_per_epoch
from frameworks.tf import device
from frameworks.tf.build import Built
from frameworks.tf.input import Samples, batches, repeated


class Epochs(keras.callbacks.Callback):
    """Clocks each epoch from its first batch's begin to its last batch's end, and reports it."""

    def __init__(self, built: Built, steps: int, hook: EpochHook) -> None:
        super().__init__()
        self.built, self.steps, self.hook = built, steps, hook
        self.begin = self.end = 0.0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Start the clock at the first batch."""
        if batch == 0:
            device.synchronize()
            self.begin = now()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop the clock at the last batch."""
        if batch == self.steps - 1:
            device.synchronize()
            self.end = now()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the epoch; the hook decides whether training goes on."""
        losses = self.built.loss.fetch()
        if not self.hook(epoch, self.end - self.begin, losses, float(logs["loss"]), float(logs["accuracy"])):
            self.built.model.stop_training = True


def train(
    built: Built, samples: Samples, orders: np.ndarray, batch_size: int, drop_last: bool, hook: EpochHook
) -> None:
    """Train one epoch per row of `orders`; `ValueError` where an execution would reach into the next epoch."""
    steps = steps_per_epoch(orders.shape[1], batch_size, drop_last)
    if steps % built.model.steps_per_execution:
        together = built.model.steps_per_execution
        raise ValueError(f"steps_per_execution={together}: must divide the {steps} training steps of an epoch")
    built.model.fit(
        batches(samples, orders, batch_size, drop_last),
        epochs=len(orders),
        steps_per_epoch=steps,
        callbacks=[Epochs(built, steps, hook)],
        verbose=0,
    )


def step_function(
    built: Built, samples: Samples, index: np.ndarray, full_batches: bool, on_gpu: bool
) -> Callable[[], object]:
    """Return Keras's own train function, bound to an iterator over one batch."""
    iterator = iter(repeated(samples, index, full_batches, on_gpu))
    # What ``fit`` does before its first step: metrics need their variables before the function is traced.
    built.model._symbolic_build(data_batch=next(iterator))
    built.model.make_train_function()
    function = built.model.train_function
    return lambda: function(iterator)


def gradients(built: Built, samples: Samples) -> tuple[float, list[tf.Tensor]]:
    """Return the loss of one batch and the gradients of the trainable variables, in their order."""
    with tf.GradientTape() as tape:
        loss = built.loss(samples.y, built.model(samples.x, training=True))
    return float(loss), tape.gradient(loss, built.model.trainable_variables)
