"""Pooling: the largest value or the mean of each window, or of the whole image."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec import values
from frameworks.spec.flattened import Shape
from frameworks.spec.layer import Layer
from frameworks.spec.padding import Pads, resolve


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool2D(Layer):
    """A window moved over height and width; padding, ``same`` or explicit, is never counted itself."""

    main: ClassVar[str] = "pool_size"
    passes_shift: ClassVar[bool] = True
    pool_size: values.Pair = (2, 2)
    strides: values.Pair | None = None
    """Null is the pool size."""
    padding: values.Padding = "valid"

    def __post_init__(self) -> None:
        if not isinstance(self.padding, str):
            for sides, size in zip(self.padding, self.pool_size, strict=True):
                if max(sides) >= size:
                    raise ValueError(f"padding={list(sides)}: must be below the window's {size}, or one sees no cell")

    @property
    def step(self) -> values.Pair:
        """The strides in force."""
        return self.strides or self.pool_size

    def pads(self, shape: Shape) -> Pads:
        """Return ((top, bottom), (left, right)) for an input of `shape`."""
        return resolve(self.padding, shape, self.pool_size, self.step)

    def output_shape(self, shape: Shape) -> Shape:
        values.image(shape)
        return (*values.windows(shape, self.pads(shape), self.pool_size, self.step), shape[2])

    def flops(self, shape: Shape) -> int:
        return prod(self.pool_size) * prod(self.output_shape(shape))


@dataclass(frozen=True, kw_only=True, slots=True)
class MaxPool2D(Pool2D):
    """The largest value of each window."""

    kind: ClassVar[str] = "max_pool2d"


@dataclass(frozen=True, kw_only=True, slots=True)
class AvgPool2D(Pool2D):
    """The mean of each window's real cells."""

    kind: ClassVar[str] = "avg_pool2d"


@dataclass(frozen=True, kw_only=True, slots=True)
class GlobalAvgPool2D(Layer):
    """The mean over height and width."""

    kind: ClassVar[str] = "global_avg_pool2d"
    passes_shift: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        values.image(shape)
        return (shape[2],)

    def flops(self, shape: Shape) -> int:
        return prod(shape)
