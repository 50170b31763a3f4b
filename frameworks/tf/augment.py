"""Random changes to training images by Keras's preprocessing layers; `frameworks.augment` says what each means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from frameworks.augment import active

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes a batch, uint8 (b, H, W, C), and which samples it has, (b,); returns the batch changed, uint8."""


def augmentation(
    augment: Mapping[str, Any], input_shape: tuple[int, ...], seed: int, brightest: float
) -> Augmentation | None:
    """Return the changes that `augment` asks for; None where it asks for nothing. Pixels reach from 0 to `brightest`.

    The same seed and samples give the same bits, in whatever order, thread or epoch a batch is made: Keras's own
    generators count calls, and parallel calls of tf.data race for the count.
    """
    height, width, _ = input_shape
    layers = _layers(active(augment), height, width, brightest)
    if not layers:
        return None
    draws = _Draws(seed)
    for layer in layers:
        layer.generator = draws
    changes = keras.Sequential(layers)

    def change(x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        draws.begin(index)
        with _float32():
            return tf.saturate_cast(tf.round(changes(x, training=True)), tf.uint8)

    return change


@contextmanager
def _float32() -> Iterator[None]:
    """Have Keras's layers draw float32 numbers in here: some take floatx for that, whatever their own type is."""
    before = keras.config.floatx()
    keras.config.set_floatx("float32")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def _layers(on: Mapping[str, Any], height: int, width: int, brightest: float) -> list[keras.Layer]:
    kinds, zeros = keras.layers, {"fill_mode": "constant", "dtype": "float32"}
    # Keras's own "horizontal_and_vertical" takes one draw for both axes: it only ever turns by 180 degrees.
    flips = [axis for axis in ("horizontal", "vertical") if on.get("flip") in (axis, "both")]
    made = [kinds.RandomFlip(axis, dtype="float32") for axis in flips]
    if "crop" in on:
        # RandomCrop takes one place for a whole batch. To move by whole pixels, -crop to crop alike often, is the same.
        most = on["crop"] + 0.5
        made.append(kinds.RandomTranslation(most / height, most / width, interpolation="nearest", **zeros))
    if "rotation" in on:
        made.append(kinds.RandomRotation(on["rotation"] / 360, interpolation="bilinear", **zeros))
    if "zoom" in on:
        seen = (1 / (1 + on["zoom"]) - 1, 1 / (1 - on["zoom"]) - 1)
        made.append(kinds.RandomZoom(seen, interpolation="bilinear", **zeros))
    if "brightness" in on:
        made.append(kinds.RandomBrightness(on["brightness"], value_range=(0, brightest), dtype="float32"))
    if "contrast" in on:
        # Twice, because a single number means "never less contrast" here, whatever the documentation says.
        factor = (on["contrast"], on["contrast"])
        made.append(kinds.RandomContrast(factor, value_range=(0, brightest), dtype="float32"))
    return made


_MIX = 0x5851F42D4C957F2D
"""An odd number of 63 bits that looks like chance (Knuth's, of MMIX)."""


def _folded(number: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(number, tf.bitwise.right_shift(number, tf.constant(bits, tf.int64)))


class _Draws(keras.random.SeedGenerator):
    """Seeds that follow from the trial's seed and the samples of a batch alone."""

    def __init__(self, seed: int) -> None:
        super().__init__(0)
        self.trial, self.count, self.batch = seed * _MIX % 2**63, 0, tf.constant(0)

    def begin(self, index: tf.Tensor) -> None:
        """Begin a batch: mix its samples, (b,), and their places in it into one number."""
        places = tf.range(tf.size(index, tf.int64))
        mixed = (tf.cast(index, tf.int64) + places * _MIX) * _MIX
        total = tf.reduce_sum(_folded(mixed, 29)) + self.trial
        self.batch, self.count = tf.cast(_folded(total, 32) & 0x7FFFFFFF, tf.int32), 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        """Return the seed of the next draw for this batch, int32 (2,)."""
        self.count += 1
        return tf.stack([self.batch, self.count])
