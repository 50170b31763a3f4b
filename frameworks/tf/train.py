"""Training with Keras ``fit``, and its train function on one repeated batch for the compute clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from frameworks.clock import now
from frameworks.contract import EpochHook
from frameworks.order import steps_per_epoch
from frameworks.tf import device
from frameworks.tf.build import Built
from frameworks.tf.input import Samples, repeated
from frameworks.tf.resident import Resident
from frameworks.tf.sources import Source

TOGETHER = 16
"""Batches of pipeline ``device`` that one call picks, where the pipeline runs alone."""


class Epochs(keras.callbacks.Callback):
    """Clocks each epoch from its first batch's begin to its last batch's end, and reports it."""

    def __init__(self, built: Built, steps: int, epoch: tf.Variable, hook: EpochHook) -> None:
        super().__init__()
        self.built, self.steps, self.epoch, self.hook = built, steps, epoch, hook
        self.begin = self.end = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Say which epoch's order the next iterator takes."""
        self.epoch.assign(epoch)

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
        if not self.hook(epoch, self.end - self.begin, losses, float(logs["loss"]), float(logs[self.built.metric])):
            self.built.model.stop_training = True


def train(built: Built, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, hook: EpochHook) -> None:
    """Train one epoch per row of `orders`; `ValueError` where an execution would reach into the next epoch."""
    steps = steps_per_epoch(orders.shape[1], batch_size, drop_last)
    if steps % built.model.steps_per_execution:
        together = built.model.steps_per_execution
        raise ValueError(f"steps_per_execution={together}: must divide the {steps} training steps of an epoch")
    with tf.device("/CPU:0"):
        epoch = tf.Variable(0, trainable=False)
    # Keras begins an iterator for each epoch: one for all would read ahead while the hook evaluates, outside the clock.
    data = source.batches(orders, batch_size, drop_last, epoch).apply(tf.data.experimental.assert_cardinality(steps))
    _bind(built, source, data.element_spec)
    with source.named():
        built.model.fit(
            data,
            epochs=len(orders),
            callbacks=[Epochs(built, steps, epoch, hook)],
            verbose=0,
        )


def delivered(
    source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, on: str
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Yield each batch of all epochs as the training step gets it, on the device."""
    with source.named(), device.scope(on):
        if isinstance(source, Resident):
            yield from _picked(source, orders, batch_size, drop_last)
        elif on == "gpu":
            yield from ((tf.identity(x), tf.identity(y)) for x, y in source.batches(orders, batch_size, drop_last))
        else:
            yield from source.batches(orders, batch_size, drop_last)


def _picked(
    source: Resident, orders: np.ndarray, batch_size: int, drop_last: bool
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Yield the batches picked by compiled code, as in the training step.

    Training makes no call for the picking alone, which would take longer than the picking does: so several batches
    share a call here, but not the first, from which a clock may start.
    """
    pick = tf.function(lambda places: [source.take(each) for each in tf.unstack(places)])
    full = orders.shape[1] // batch_size * batch_size
    last = 0 if drop_last else orders.shape[1] - full
    for size in filter(None, (batch_size, last)):
        for together in (TOGETHER, 1):
            pick(tf.zeros([together, size], tf.int32))  # traced before the first batch is out
    for epoch, order in enumerate(orders):
        places = order[:full].reshape(-1, batch_size)
        begin = int(epoch == 0)
        yield from pick(places[:1]) if begin else ()
        shared = (len(places) - begin) // TOGETHER * TOGETHER + begin
        for start in range(begin, shared, TOGETHER):
            yield from pick(places[start : start + TOGETHER])
        for start in range(shared, len(places)):
            yield from pick(places[start : start + 1])
        if last:
            yield from pick(order[None, full:])


def step_function(
    built: Built, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, on: str
) -> Callable[[], object]:
    """Return Keras's own train function, bound to an iterator over the first batch."""
    data = source.batches(orders[:1], batch_size, drop_last)
    _bind(built, source, data.element_spec)
    # Places to be picked from are copied to a GPU within the step, in training too.
    iterator = iter(repeated(data, on == "gpu" and not isinstance(source, Resident)))
    built.model.make_train_function()
    function = built.model.train_function
    with source.named():
        next(iterator)
    return lambda: function(iterator)


def _bind(built: Built, source: Source, spec: Any) -> None:
    """Have the training step take its samples from `source`, whose data look like `spec`."""
    model, take = built.model, source.take if isinstance(source, Resident) else None
    if model.take != take:
        model.take, model.train_function = take, None
    # What ``fit`` does before its first step, which it cannot do when the data are places: metrics need their
    # variables before the function is traced.
    model._symbolic_build(data_batch=source.spec() if isinstance(source, Resident) else spec)


def gradients(built: Built, samples: Samples) -> tuple[float, list[tf.Tensor]]:
    """Return the loss of one batch and the gradients of the trainable variables, in their order."""
    x, y = samples.whole()
    with tf.GradientTape() as tape:
        loss = built.loss(y, built.model(x, training=True))
    return float(loss), tape.gradient(loss, built.model.trainable_variables)
