"""The training split on the device: a step picks its samples there, so that no input costs anything."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from frameworks.memory import refuse, refuse_if_larger
from frameworks.tf.device import scope
from frameworks.tf.input import Samples, indices

if TYPE_CHECKING:
    from frameworks.tf.augment import Augmentation


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """The source of pipeline ``device``."""

    x: tf.Tensor
    """(n, H, W, C) or (n, F), on the device."""
    y: tf.Tensor
    augment: Augmentation | None = None
    reads: str = "in the step"

    def batches(
        self, orders: np.ndarray, batch_size: int, drop_last: bool, epoch: tf.Variable | None = None
    ) -> tf.data.Dataset:
        """Return the places of each batch, (batch,): `take` gives the samples, inside the training step."""
        return indices(orders, batch_size, drop_last, epoch).prefetch(tf.data.AUTOTUNE)

    def take(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the samples of one batch, picked on the device."""
        x = tf.gather(self.x, index)
        return (self.augment(x, index) if self.augment else x), tf.gather(self.y, index)

    def spec(self) -> tuple[tf.TensorSpec, tf.TensorSpec]:
        """Return what a batch looks like."""
        x, y = (tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in (self.x, self.y))
        return x, y

    def named(self) -> AbstractContextManager[None]:
        """Do nothing: there is no file that could be named for an error."""
        return nullcontext()


def resident(samples: Samples, device: str) -> Resident:
    """Return the samples on the device, ``cpu`` or ``gpu``; `MemoryError` where they do not fit."""
    size = len(samples) * int(np.prod(samples.x.shape[1:])) * samples.x.dtype.size
    refuse_if_larger(size)
    x, y = samples.whole()
    try:
        with scope(device):
            return Resident(tf.identity(x), tf.identity(y), samples.augment)
    except tf.errors.ResourceExhaustedError as error:
        raise refuse(size, device) from error
