"""Layers that change a sample's shape and learn nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec import flattened as _flattened
from frameworks.spec import values
from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.layer import Layer
from frameworks.spec.padding import Pads


@dataclass(frozen=True, kw_only=True, slots=True)
class Flatten(Layer):
    """An image as a vector, in the order height, width, channels."""

    kind: ClassVar[str] = "flatten"
    passes_shift: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def output_flattened(self, shape: Shape, flattened: Flattened) -> Flattened:
        return _flattened.image(shape) if len(shape) == 3 else flattened

    def flops(self, shape: Shape) -> int:
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reshape(Layer):
    """The same values in another shape, (H, W, C) or (N,), in the order height, width, channels."""

    kind: ClassVar[str] = "reshape"
    main: ClassVar[str] = "shape"
    shape: values.Sizes
    """One of them may be -1: what is left."""

    def __post_init__(self) -> None:
        if len(self.shape) not in (1, 3) or self.shape.count(-1) > 1 or any(n < 1 and n != -1 for n in self.shape):
            raise ValueError(f"shape={list(self.shape)}: must be [N] or [H, W, C], of which one may be -1")

    def output_shape(self, shape: Shape) -> Shape:
        known = prod(size for size in self.shape if size != -1)
        rest = prod(shape) // known
        found = tuple(rest if size == -1 else size for size in self.shape)
        if prod(found) != prod(shape):
            raise ValueError(f"shape={list(self.shape)}: does not fit the {prod(shape)} values of {shape}")
        return found

    def output_flattened(self, shape: Shape, flattened: Flattened) -> Flattened:
        if len(self.shape) == 3:
            return ()
        return _flattened.image(shape) if len(shape) == 3 else flattened

    def flops(self, shape: Shape) -> int:
        return 0

    def passes(self, shape: Shape) -> bool:
        found = self.output_shape(shape)
        # As an image, places of a vector share a channel, unless there is one place alone.
        return len(found) == 1 or found == shape or (len(shape) == 1 and found[:2] == (1, 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class ZeroPad2D(Layer):
    """Zeros around an image."""

    kind: ClassVar[str] = "zero_pad2d"
    main: ClassVar[str] = "padding"
    padding: Pads = ((1, 1), (1, 1))

    def output_shape(self, shape: Shape) -> Shape:
        values.image(shape)
        high, wide = (size + sum(sides) for size, sides in zip(shape[:2], self.padding, strict=True))
        return (high, wide, shape[2])

    def flops(self, shape: Shape) -> int:
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Resize(Layer):
    """An image in another size; a pixel counts at its centre, and nothing is blurred where it shrinks.

    ``bilinear`` mixes the two nearest pixels each way, by distance; ``nearest`` takes the nearest one.
    """

    kind: ClassVar[str] = "resize"
    main: ClassVar[str] = "size"
    passes_shift: ClassVar[bool] = True
    size: values.Pair
    interpolation: values.Interpolation = "bilinear"

    def output_shape(self, shape: Shape) -> Shape:
        values.image(shape)
        return (*self.size, shape[2])

    def flops(self, shape: Shape) -> int:
        return 7 * prod(self.output_shape(shape)) if self.interpolation == "bilinear" else 0
