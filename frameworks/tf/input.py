"""Training batches from memory through tf.data, in the order given."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from frameworks.tf.augment import Augmentation

ALIGNMENT = 64
"""Bytes: TensorFlow ends the process where a tensor's memory begins elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples in host memory, and the source of pipeline ``memory``."""

    x: tf.Tensor
    """All there are, uint8 (N, H, W, C) or float32 (N, F)."""
    y: tf.Tensor
    """(N,), int64 or float32."""
    index: np.ndarray
    """The places of those that belong, int32 (n,)."""
    workers: int | None = None
    """Batches that are gathered at the same time; None: as many as tf.data finds best."""
    augment: Augmentation | None = None
    reads: str = "ahead"
    _parts: dict[int, list[tf.Tensor]] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.index)

    def whole(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the samples as one batch, in host memory."""
        with tf.device("/CPU:0"):
            return tf.gather(self.x, self.index), tf.gather(self.y, self.index)

    def parts(self, batch_size: int) -> list[tf.Tensor]:
        """Return x in batches; cut when first asked for, and kept."""
        if batch_size not in self._parts:
            starts = range(0, len(self), batch_size)
            with tf.device("/CPU:0"):
                cut = [tf.gather(self.x, self.index[start : start + batch_size]) for start in starts]
            self._parts[batch_size] = cut
        return self._parts[batch_size]

    def batches(
        self, orders: np.ndarray, batch_size: int, drop_last: bool, epoch: tf.Variable | None = None
    ) -> tf.data.Dataset:
        """Return the batches of all epochs, or of `epoch`, each gathered whole; `orders` is (epochs, n)."""
        x, y, augment, own = self.x, self.y, self.augment, self.index

        def gather(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            if augment is None:
                return tf.gather(x, index), tf.gather(y, index)
            places = tf.gather(own, index)  # Changes follow from the samples' numbers, not from their places.
            return augment(tf.gather(x, places), index), tf.gather(y, places)

        index = indices(orders if augment else self.index[orders], batch_size, drop_last, epoch)
        made = index.map(gather, num_parallel_calls=calls(self.workers))
        return made.prefetch(tf.data.AUTOTUNE)

    def named(self) -> AbstractContextManager[None]:
        """Do nothing: there is no file that could be named for an error."""
        return nullcontext()


def place(x: np.ndarray, y: np.ndarray, index: np.ndarray | None = None) -> Samples:
    """Return the samples that `index` names, or all, in host memory, where tf.data reads them.

    Numpy's memory is shared where TensorFlow can read it, a memory map's too; elsewhere the samples are copied.
    """
    places = np.arange(len(x)) if index is None else index
    if x.ctypes.data % ALIGNMENT == 0 and x.flags.c_contiguous and x.flags.writeable:
        return Samples(_shared(x), _copied(y), places.astype(np.int32))
    if index is not None:
        x, y = x[index], y[index]
    return Samples(_copied(x), _copied(y), np.arange(len(x), dtype=np.int32))


def indices(orders: np.ndarray, batch_size: int, drop_last: bool, epoch: tf.Variable | None = None) -> tf.data.Dataset:
    """Return the places of each batch of all epochs, int32 (batch,); `orders` is (epochs, n).

    With `epoch`, those of one epoch: the variable says which when an iterator begins.
    """
    orders = orders.astype(np.int32, copy=False)
    slices, full = tf.data.Dataset.from_tensor_slices, orders.shape[1] // batch_size * batch_size
    if drop_last or orders.shape[1] == full:
        batches = orders[:, :full].reshape(len(orders), -1, batch_size)
        made = slices(batches.reshape(-1, batch_size)) if epoch is None else of_epoch(batches, epoch)
    elif epoch is None:
        made = slices(orders).flat_map(lambda order: slices(order).batch(batch_size))
    else:
        made = of_epoch(orders, epoch).batch(batch_size)
    # Rewriting the pipeline takes as much memory again as the samples that it reads, and a second for two GB of them;
    # it would only add what stands here already: parallel calls and a prefetch.
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    return made.with_options(options)


def of_epoch(orders: np.ndarray, epoch: tf.Variable) -> tf.data.Dataset:
    """Return the items of one row of `orders`, (epochs, …): of the row that `epoch` says when an iterator begins."""
    with tf.device("/CPU:0"):
        rows = tf.constant(orders)
    return tf.data.Dataset.range(1).map(lambda _: tf.gather(rows, epoch)).unbatch()


def calls(workers: int | None) -> int | None:
    """Return tf.data's word for so many parallel calls; None: as many as it finds best; 0: one after the other."""
    return int(tf.data.AUTOTUNE) if workers is None else workers or None


def repeated(batches: tf.data.Dataset, on_gpu: bool) -> tf.data.Dataset:
    """Return the first batch again and again, with the element type of `batches`, so that nothing is traced anew."""
    options = tf.data.Options()
    # Its tuning thread sleeps ever longer, 10 s in the end, and an iterator is not gone before it wakes.
    options.autotune.enabled = False
    same = batches.take(1).cache().repeat().with_options(options)
    # A dataset lies in host memory: on a GPU the copy is made ahead, beside the step before.
    return same.apply(tf.data.experimental.prefetch_to_device("/GPU:0")) if on_gpu else same


def _shared(x: np.ndarray) -> tf.Tensor:
    return tf.experimental.dlpack.from_dlpack(x.__dlpack__())


def _copied(array: np.ndarray) -> Any:
    with tf.device("/CPU:0"):
        return tf.constant(array)
