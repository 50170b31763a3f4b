"""Training batches straight from the image files, every epoch anew: tf.io and tf.image under tf.data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from frameworks.contract import Data
from frameworks.tf.augment import augmentation
from frameworks.tf.input import calls, of_epoch

METHODS = {"nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic"}
"""``tf.image.resize``'s word for each way that both frameworks have to mix pixels."""


class UnreadableFileError(ValueError):
    """A file is no image; the message names it."""


class Files:
    """The image files of a split, read, decoded and resized each time a batch wants them."""

    reads = "ahead"

    def __init__(self, data: Data, split: str, pipeline: dict[str, Any], input_shape: tuple[int, ...]) -> None:
        """Take the paths of `split`; nothing is opened yet. `input_shape` (H, W, C) is what every image becomes."""
        index, found = data.index(split), json.loads(Path(data.files).read_text(encoding="utf-8"))
        self.paths = [str(Path(found["root"], found["names"][i])) for i in index]
        with tf.device("/CPU:0"):
            self._paths, self.y = tf.constant(self.paths), tf.constant(data.arrays()[1][index])
        self.calls = calls(pipeline["workers"])
        self.read = reader(pipeline["interpolation"], input_shape)
        self.augment = augmentation(pipeline["augment"], input_shape, pipeline["seed"], data.brightest)

    def batches(
        self, orders: np.ndarray, batch_size: int, drop_last: bool, epoch: tf.Variable | None = None
    ) -> tf.data.Dataset:
        """Return the batches of all epochs, or of `epoch`, x uint8 (b, H, W, C) and y (b,); `orders` is (epochs, n).

        Files are read one by one, by as many calls at a time as tf.data finds best, and delivered in the order given.
        Only where an epoch ends in a smaller batch does the reading start afresh with each epoch.
        """
        full = orders.shape[1] // batch_size * batch_size
        if epoch is not None:
            batched = self._samples(of_epoch(orders, epoch)).batch(batch_size, drop_remainder=drop_last)
        elif drop_last or full == orders.shape[1]:
            samples = self._samples(tf.data.Dataset.from_tensor_slices(orders[:, :full].reshape(-1)))
            batched = samples.batch(batch_size, drop_remainder=True)
        else:
            batched = tf.data.Dataset.from_tensor_slices(orders).flat_map(
                lambda order: self._samples(tf.data.Dataset.from_tensor_slices(order)).batch(batch_size)
            )
        augment = self.augment

        def made(index: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return (augment(x, index) if augment else x), y

        return batched.map(made, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _samples(self, order: tf.data.Dataset) -> tf.data.Dataset:
        return order.map(
            lambda i: (i, self.read(tf.gather(self._paths, i)), tf.gather(self.y, i)),
            num_parallel_calls=self.calls,
            deterministic=True,
        )

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """Return the images at `places` (k,) in the split as training gets them, uint8 (k, H, W, C), not augmented."""
        with self.named():
            return np.stack([self.read(self.paths[place]).numpy() for place in places])

    @contextmanager
    def named(self) -> Iterator[None]:
        """Raise `UnreadableFileError` for a file that could not be read in here: TensorFlow does not say which one."""
        try:
            yield
        except tf.errors.OpError as error:
            for path in self.paths:
                try:
                    self.read(path)
                except tf.errors.OpError as cause:
                    raise UnreadableFileError(f"{path}: cannot be read as an image ({_plainly(cause)})") from error
            raise


def reader(interpolation: str, input_shape: tuple[int, ...]) -> Callable[[Any], tf.Tensor]:
    """Return a function from a path to the image, uint8 `input_shape` (H, W, C)."""
    height, width, channels = input_shape

    def read(path: Any) -> tf.Tensor:
        data = tf.io.read_file(path)
        image = tf.cond(tf.io.is_jpeg(data), lambda: _jpeg(data, channels), lambda: _other(data, channels))
        image.set_shape([None, None, channels])
        resized = tf.image.resize(image, (height, width), METHODS[interpolation], antialias=True)
        return tf.saturate_cast(tf.round(resized), tf.uint8)

    return read


def _jpeg(data: tf.Tensor, channels: int) -> tf.Tensor:
    # The default transform puts every other pixel one grey level off; this one is as fast, and exact.
    return tf.io.decode_jpeg(data, channels, dct_method="INTEGER_ACCURATE")


def _other(data: tf.Tensor, channels: int) -> tf.Tensor:
    return tf.io.decode_image(data, channels, expand_animations=False)


def _plainly(error: tf.errors.OpError) -> str:
    """Return what TensorFlow says without the names of its nodes."""
    text = error.message.splitlines()[0]
    return str(text.rpartition("}}")[2].partition("[Op:")[0].strip().rstrip("."))
