"""Training batches from memory through tf.data, in the order given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples in memory: uint8 (n, H, W, C) and int64 (n,)."""

    x: tf.Tensor
    y: tf.Tensor
    _parts: dict[int, list[tf.Tensor]] = field(default_factory=dict)

    def parts(self, batch_size: int) -> list[tf.Tensor]:
        """Return x in batches; cut once, because each cut is a copy here and a mere view in PyTorch."""
        if batch_size not in self._parts:
            starts = range(0, len(self.x), batch_size)
            self._parts[batch_size] = [self.x[start : start + batch_size] for start in starts]
        return self._parts[batch_size]


def place(x: np.ndarray, y: np.ndarray) -> Samples:
    """Return the samples as tensors in host memory, where tf.data reads them."""
    with tf.device("/CPU:0"):
        return Samples(tf.constant(x), tf.constant(y))


def batches(samples: Samples, orders: np.ndarray, batch_size: int, drop_last: bool) -> tf.data.Dataset:
    """Return the batches of all epochs, one after another; `orders` is (epochs, n).

    Each batch is gathered whole. One iterator serves all epochs, so the next epoch's first batch is ready when
    the last one ends.
    """
    x, y = samples.x, samples.y
    full = orders.shape[1] // batch_size
    if drop_last or orders.shape[1] % batch_size == 0:
        indices = orders[:, : full * batch_size].reshape(-1, batch_size)
        index = tf.data.Dataset.from_tensor_slices(indices)
    else:
        index = tf.data.Dataset.from_tensor_slices(orders).flat_map(
            lambda order: tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        )
    gathered = index.map(lambda i: (tf.gather(x, i), tf.gather(y, i)), num_parallel_calls=tf.data.AUTOTUNE)
    return gathered.prefetch(tf.data.AUTOTUNE)


def repeated(samples: Samples, index: np.ndarray, full_batches: bool, on_gpu: bool) -> tf.data.Dataset:
    """Return one batch again and again, with the element type of `batches`, so that nothing is traced anew."""
    batch = tf.gather(samples.x, index), tf.gather(samples.y, index)
    if full_batches:
        one = tf.data.Dataset.from_tensors(batch)
    else:
        one = tf.data.Dataset.from_tensor_slices(batch).batch(len(index))
    same = one.cache().repeat()
    # A dataset lies in host memory: on a GPU the copy is made ahead, beside the step before.
    return same.apply(tf.data.experimental.prefetch_to_device("/GPU:0")) if on_gpu else same
