"""Training with Keras ``fit`` or in a loop written by hand, and the step of either for the compute clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
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


class Step:
    """One training step written by hand, as Keras's guide "Writing a training loop from scratch" has it.

    Loop ``function`` compiles it with `tf.function`, loop ``eager`` does not. What it saw stays on the device.
    """

    def __init__(self, built: Built, take: Callable[[Any], Any] | None, spec: Any) -> None:
        """Get samples by `take` where the data only say which they are; the data look like `spec`."""
        self.mean, self.metric, self.take, self.spec = keras.metrics.Mean(name="loss"), built.metric, take, spec
        self.run = self._bind(built, take)
        if built.loop == "function":
            # With its signature, one trace serves a smaller last batch too.
            self.run = tf.function(self.run, input_signature=[spec], jit_compile=built.model.jit_compile)

    def _bind(self, built: Built, take: Callable[[Any], Any] | None) -> Callable[[Any], None]:
        """Return the step itself, everything it needs bound to local names."""
        model, criterion, optimizer, mean, metric = built.model, built.loss, built.optimizer, self.mean, self.metric
        weights = model.trainable_weights

        def run(data: Any) -> None:
            x, y = take(data) if take else data
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                loss = criterion(y, outputs)
                scaled = optimizer.scale_loss(loss)
            optimizer.apply(tape.gradient(scaled, weights), weights)
            mean.update_state(loss, sample_weight=tf.shape(x)[0])
            metric.update_state(y, outputs)

        return run

    def rewind(self) -> None:
        """Begin an epoch."""
        self.mean.reset_state()
        self.metric.reset_state()

    def seen(self) -> dict[str, Any]:
        """Return what the epoch came to, as ``fit`` logs it."""
        return {"loss": self.mean.result(), self.metric.name: self.metric.result()}


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
        if not self.hook(
            epoch, self.end - self.begin, losses, float(logs["loss"]), float(logs[self.built.metric.name])
        ):
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
    told = Epochs(built, steps, epoch, hook)
    with source.named():
        if built.loop == "fit":
            _bind(built, source, data.element_spec)
            built.model.fit(data, epochs=len(orders), callbacks=[told], verbose=0)
        else:
            _by_hand(built, source, data, len(orders), told)


def _by_hand(built: Built, source: Source, data: tf.data.Dataset, epochs: int, told: Epochs) -> None:
    """Train in a loop written by hand, clocked and reported as ``fit`` is."""
    step = _step(built, source, data.element_spec)
    built.model.stop_training = False
    for epoch in range(epochs):
        told.on_epoch_begin(epoch)
        step.rewind()
        batches = iter(data)
        told.on_train_batch_begin(0)
        for batch in islice(batches, told.steps):  # to ask for one more, which is not there, takes its time
            step.run(batch)
        told.on_train_batch_end(told.steps - 1)
        told.on_epoch_end(epoch, step.seen())
        if built.model.stop_training:
            break


def _step(built: Built, source: Source, spec: Any) -> Step:
    """Return the step for data that look like `spec`: the one that is there, if it fits, so that nothing is traced."""
    take = source.take if isinstance(source, Resident) else None
    if built.step is None or (built.step.take, built.step.spec) != (take, spec):
        built.step = Step(built, take, spec)
    return built.step  # type: ignore[no-any-return]


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
    """Return the training step, bound to the first batch: Keras's train function with an iterator over it, or ours."""
    data = source.batches(orders[:1], batch_size, drop_last)
    # Places to be picked from are copied to a GPU within the step, in training too.
    iterator = iter(repeated(data, on == "gpu" and not isinstance(source, Resident)))
    if built.loop != "fit":
        step = _step(built, source, data.element_spec)
        with source.named():
            batch = next(iterator)
        return lambda: step.run(batch)
    _bind(built, source, data.element_spec)
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
