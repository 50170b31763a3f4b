"""The layers that Keras has not, or not as the spec means them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from frameworks.spec.flattened import Shape
from frameworks.spec.padding import Pads
from frameworks.spec.pools import AvgPool2D


class Affine(keras.layers.Layer):
    """``x * scale + offset``: one number for all, or one for each channel or feature."""

    def __init__(self, scale: Sequence[float], offset: Sequence[float], name: str, **given: Any) -> None:
        super().__init__(name=name, **given)
        self.scale, self.offset = (np.array(each if len(each) > 1 else each[0]) for each in (scale, offset))

    def call(self, values: Any) -> Any:
        """Return values of the same shape."""
        # keras.layers.Rescaling and Normalization would round their numbers to float32, in float64 too.
        dtype = self.compute_dtype
        scaled = keras.ops.cast(values, dtype) * keras.ops.convert_to_tensor(self.scale, dtype)
        return scaled + keras.ops.convert_to_tensor(self.offset, dtype) if self.offset.any() else scaled


class Scale(Affine):
    """The model's input: pixels or features as numbers, on the device."""

    def __init__(self, scale: Sequence[float], offset: Sequence[float]) -> None:
        # In mixed precision too the input is scaled in float32, as PyTorch's autocast leaves it.
        super().__init__(scale, offset, "input.scale", dtype=keras.config.floatx())


class Pad(keras.layers.Layer):
    """An image with minus infinity around it, which no maximum takes."""

    def __init__(self, pads: Pads, name: str) -> None:
        super().__init__(name=name)
        self.pads = pads

    def call(self, image: Any) -> Any:
        """Return (batch, H', W', C)."""
        return keras.ops.pad(image, ((0, 0), *self.pads, (0, 0)), constant_values=float("-inf"))


class RealCells(keras.layers.Layer):
    """What turns the mean of each window, zeros of its padding included, into that of its real cells."""

    def __init__(self, layer: AvgPool2D, pads: Pads, shape: Shape, name: str) -> None:
        super().__init__(name=name)
        high, wide = (_real(*each) for each in zip(shape[:2], pads, layer.pool_size, layer.step, strict=True))
        self.factor = (np.prod(layer.pool_size) / np.outer(high, wide))[..., None]

    def call(self, image: Any) -> Any:
        """Return (batch, H', W', C)."""
        return image * keras.ops.convert_to_tensor(self.factor, self.compute_dtype)


def _real(size: int, pads: tuple[int, int], window: int, step: int) -> np.ndarray:
    """Return how many real cells each place of a window has, along one side of an image."""
    begin = np.arange(0, size + sum(pads) - window + 1, step) - pads[0]
    return np.minimum(begin + window, size) - np.maximum(begin, 0)


class Bilinear(keras.layers.Layer):
    """An image in another size, the two nearest pixels each way mixed; pixels count at their centres."""

    def __init__(self, size: tuple[int, int], shape: Shape, name: str) -> None:
        super().__init__(name=name)
        self.ways = [_between(old, new) for old, new in zip(shape[:2], size, strict=True)]

    def call(self, image: Any) -> Any:
        """Return (batch, *size, C)."""
        for axis, (before, after, part) in enumerate(self.ways, start=1):
            weight = keras.ops.convert_to_tensor(part.reshape(-1, *[1] * (3 - axis)), self.compute_dtype)
            low, high = (keras.ops.take(image, places, axis=axis) for places in (before, after))
            image = low + (high - low) * weight
        return image


def _between(old: int, new: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each new pixel, the old ones before and behind it, and how far it lies on the way."""
    centre = np.maximum((np.arange(new) + 0.5) * old / new - 0.5, 0)
    before = np.minimum(centre.astype(np.int32), old - 1)
    return before, np.minimum(before + 1, old - 1), centre - before


class Gelu(keras.layers.Layer):
    """x Φ(x) by the operations of ``tf.nn.gelu``, which rounds its constants to float32 in float64 too."""

    def __init__(self, approximate: bool, name: str | None = None) -> None:
        super().__init__(name=name)
        self.approximate = approximate

    def call(self, x: Any) -> Any:
        """Return values of the same shape; `approximate` takes a hyperbolic tangent for Φ."""
        if self.approximate:
            return 0.5 * x * (1.0 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * tf.pow(x, 3))))
        return 0.5 * x * tf.math.erfc(-x * math.sqrt(0.5))
