"""The vocabulary: every layer with every default, its output shape, its parameters and its work.

Names and meanings are Keras's. Shapes are per sample: (height, width, channels) or (features,).
A layer that does not fit raises `ValueError` with the reason; the parser adds the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec import values
from frameworks.spec.padding import Pads, resolve

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One tensor of a layer, in Keras's layout."""

    shape: Shape
    initializer: str
    trainable: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What every layer can say of itself; an activation needs no more than this."""

    kind: ClassVar[str] = ""
    main: ClassVar[str] = ""
    """The parameter that ``kind: value`` sets."""
    float32_constants: ClassVar[bool] = False
    """Whether a framework keeps float32 constants inside even in float64: errors of 1e-9 to 4e-9."""
    passes_shift: ClassVar[bool] = False
    """Whether a constant added to each channel of the input only adds a constant to each of the output."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of `shape`; `ValueError` says why not."""
        return shape

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return the layer's tensors by name for an input of `shape`."""
        return {}

    def flops(self, shape: Shape) -> int:
        """Return the floating-point operations of one sample's forward pass; a multiply-add counts as two."""
        return prod(self.output_shape(shape))

    def products(self, shape: Shape) -> int:
        """Return the multiply-adds of one sample's forward matrix product or convolution; 0 for a layer without one.

        As frameworks count them: a kernel takes part whole, also where it reaches over the edge into padding.
        """
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dense(Layer):
    """Fully connected: ``x @ kernel + bias``; kernel (in, units)."""

    kind: ClassVar[str] = "dense"
    main: ClassVar[str] = "units"
    passes_shift: ClassVar[bool] = True
    units: int
    use_bias: bool = True
    kernel_initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"

    def __post_init__(self) -> None:
        values.positive("units", self.units)
        values.initializers(self.kernel_initializer, self.bias_initializer)

    def output_shape(self, shape: Shape) -> Shape:
        values.vector(shape)
        return (self.units,)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        kernel = Parameter(shape=(shape[0], self.units), initializer=self.kernel_initializer)
        bias = Parameter(shape=(self.units,), initializer=self.bias_initializer)
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def flops(self, shape: Shape) -> int:
        return (2 * shape[0] + self.use_bias) * self.units

    def products(self, shape: Shape) -> int:
        return shape[0] * self.units


@dataclass(frozen=True, kw_only=True, slots=True)
class Conv2D(Layer):
    """Convolution (cross-correlation) over height and width; kernel (kh, kw, in, filters)."""

    kind: ClassVar[str] = "conv2d"
    main: ClassVar[str] = "filters"
    filters: int
    kernel_size: values.Pair = (3, 3)
    strides: values.Pair = (1, 1)
    padding: values.Padding = "valid"
    use_bias: bool = True
    kernel_initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"

    def __post_init__(self) -> None:
        values.positive("filters", self.filters)
        values.initializers(self.kernel_initializer, self.bias_initializer)

    def pads(self, shape: Shape) -> Pads:
        """Return ((top, bottom), (left, right)) for an input of `shape`."""
        return resolve(self.padding, shape, self.kernel_size, self.strides)

    def output_shape(self, shape: Shape) -> Shape:
        values.image(shape)
        return (*values.windows(shape, self.pads(shape), self.kernel_size, self.strides), self.filters)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        kernel = Parameter(shape=(*self.kernel_size, shape[2], self.filters), initializer=self.kernel_initializer)
        bias = Parameter(shape=(self.filters,), initializer=self.bias_initializer)
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def flops(self, shape: Shape) -> int:
        return (2 * prod(self.kernel_size) * shape[2] + self.use_bias) * prod(self.output_shape(shape))

    def products(self, shape: Shape) -> int:
        return prod(self.kernel_size) * shape[2] * prod(self.output_shape(shape))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool2D(Layer):
    """A window moved over height and width; ``same`` never counts the padding itself."""

    main: ClassVar[str] = "pool_size"
    passes_shift: ClassVar[bool] = True
    pool_size: values.Pair = (2, 2)
    strides: values.Pair | None = None
    """Null is the pool size."""
    padding: values.PoolPadding = "valid"

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Flatten(Layer):
    """An image as a vector, in the order height, width, channels."""

    kind: ClassVar[str] = "flatten"
    passes_shift: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def flops(self, shape: Shape) -> int:
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropout(Layer):
    """In training, each value is zeroed with probability `rate`, the others scaled by 1 / (1 - rate)."""

    kind: ClassVar[str] = "dropout"
    main: ClassVar[str] = "rate"
    passes_shift: ClassVar[bool] = True
    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ValueError(f"rate={self.rate}: must be at least 0 and below 1")

    def flops(self, shape: Shape) -> int:
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchNorm(Layer):
    """Batch normalisation over all axes but the last (Ioffe and Szegedy 2015).

    `momentum` is Keras's: the part of the old moving statistics that is kept.
    """

    kind: ClassVar[str] = "batch_norm"
    main: ClassVar[str] = "momentum"
    momentum: float = 0.99
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum={self.momentum}: must be at least 0 and below 1 (the part that is kept)")
        values.positive("epsilon", self.epsilon)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        names = {"gamma": ("ones", True), "beta": ("zeros", True)}
        moving = {"moving_mean": ("zeros", False), "moving_variance": ("ones", False)}
        return {
            name: Parameter(shape=shape[-1:], initializer=initializer, trainable=trainable)
            for name, (initializer, trainable) in (names | moving).items()
        }

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape)
