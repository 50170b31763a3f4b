"""The learning rate of each step, in the meaning of `frameworks.reference`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from frameworks import reference
from frameworks.contract import Request


class Table(keras.optimizers.schedules.LearningRateSchedule):
    """A rate for each step, looked up by the optimizer's count of its steps; behind the table its last one holds."""

    def __init__(self, rates: np.ndarray, adjustable: bool) -> None:
        """Take float32 rates (n,); where `adjustable`, `hold` may change the last."""
        self.rates = tf.Variable(rates, trainable=False) if adjustable else tf.constant(rates)
        self.adjustable = adjustable

    def __call__(self, step: Any) -> tf.Tensor:
        """Return the rate of a step, counted from 0, or of each of several."""
        return tf.gather(self.rates, tf.minimum(tf.cast(step, tf.int64), self.rates.shape[0] - 1))

    def hold(self, rate: float) -> None:
        """Have all steps behind the table take `rate`."""
        self.rates.scatter_update(tf.IndexedSlices(rate, self.rates.shape[0] - 1))

    def state(self) -> list[tf.Variable]:
        """Return what changes."""
        return [self.rates] if self.adjustable else []


def make(request: Request) -> Table | None:
    """Return the request's schedule; None where the rate stays, or only a plateau changes it."""
    found = reference.rates(request.schedule, request.optimizer["learning_rate"])
    return None if found is None else Table(found, request.schedule["name"] == "plateau")


def set_rate(optimizer: keras.optimizers.Optimizer, schedule: Table | None, rate: float) -> None:
    """Have the steps that follow take `rate`, once a warm-up is over."""
    if schedule is None:
        optimizer.learning_rate = rate
    else:
        schedule.hold(rate)


def rates(optimizer: keras.optimizers.Optimizer, schedule: Table | None, steps: int) -> np.ndarray:
    """Return the rate of each of the first `steps` steps as things stand, float32 (steps,)."""
    if schedule is None:
        return np.full(steps, np.array(optimizer.learning_rate), np.float32)
    return np.array(schedule(tf.range(steps)))
