"""The layers with kernels, and dropout: every one with every default, its output shape, its parameters and its work.

Names and meanings are Keras's. Shapes are per sample: (height, width, channels) or (features,).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec import values
from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.layer import Layer, Parameter
from frameworks.spec.padding import NONE, Pads, resolve


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

    def output_flattened(self, shape: Shape, flattened: Flattened) -> Flattened:
        return ()

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        kernel = Parameter(shape=(shape[0], self.units), initializer=self.kernel_initializer)
        bias = Parameter(shape=(self.units,), initializer=self.bias_initializer)
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def flops(self, shape: Shape) -> int:
        return (2 * shape[0] + self.use_bias) * self.units

    def products(self, shape: Shape) -> int:
        return shape[0] * self.units


@dataclass(frozen=True, kw_only=True, slots=True)
class Convolution(Layer):
    """A kernel moved over height and width (cross-correlation); `each` says what it takes in at a place."""

    kernel_size: values.Pair = (3, 3)
    strides: values.Pair = (1, 1)
    padding: values.Padding = "valid"
    use_bias: bool = True
    kernel_initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"

    def __post_init__(self) -> None:
        values.initializers(self.kernel_initializer, self.bias_initializer)

    def channels(self, shape: Shape) -> int:
        """Return how many channels come out."""
        raise NotImplementedError

    def each(self, shape: Shape) -> int:
        """Return the multiply-adds behind one value of the output."""
        raise NotImplementedError

    def kernel(self, shape: Shape) -> Parameter:
        """Return the kernel, height and width first."""
        raise NotImplementedError

    def pads(self, shape: Shape) -> Pads:
        """Return ((top, bottom), (left, right)) for an input of `shape`."""
        return resolve(self.padding, shape, self.kernel_size, self.strides)

    def output_shape(self, shape: Shape) -> Shape:
        values.image(shape)
        return (*values.windows(shape, self.pads(shape), self.kernel_size, self.strides), self.channels(shape))

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        bias = Parameter(shape=(self.channels(shape),), initializer=self.bias_initializer)
        return {"kernel": self.kernel(shape)} | ({"bias": bias} if self.use_bias else {})

    def flops(self, shape: Shape) -> int:
        return (2 * self.each(shape) + self.use_bias) * prod(self.output_shape(shape))

    def products(self, shape: Shape) -> int:
        return self.each(shape) * prod(self.output_shape(shape))

    def passes(self, shape: Shape) -> bool:
        return self.pads(shape) == NONE  # zeros at the edge have no part in a shift


@dataclass(frozen=True, kw_only=True, slots=True)
class Conv2D(Convolution):
    """Every output channel from all input channels; kernel (kh, kw, in, filters)."""

    kind: ClassVar[str] = "conv2d"
    main: ClassVar[str] = "filters"
    filters: int

    def __post_init__(self) -> None:
        Convolution.__post_init__(self)
        values.positive("filters", self.filters)

    def channels(self, shape: Shape) -> int:
        return self.filters

    def each(self, shape: Shape) -> int:
        return prod(self.kernel_size) * shape[2]

    def kernel(self, shape: Shape) -> Parameter:
        return Parameter(shape=(*self.kernel_size, shape[2], self.filters), initializer=self.kernel_initializer)


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthwiseConv2D(Convolution):
    """Each channel by itself, `depth_multiplier` outputs from each; kernel (kh, kw, in, multiplier).

    Output channel c * multiplier + j is input channel c under kernel [:, :, c, j]. Initialisers count the kh * kw
    inputs that an output has; Keras's own count all channels, and begin √in smaller.
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    main: ClassVar[str] = "kernel_size"
    depth_multiplier: int = 1

    def __post_init__(self) -> None:
        Convolution.__post_init__(self)
        values.positive("depth_multiplier", self.depth_multiplier)
        if self.strides[0] != self.strides[1]:
            raise ValueError(f"strides={list(self.strides)}: must be the same both ways, as TensorFlow's kernel asks")

    def channels(self, shape: Shape) -> int:
        return shape[2] * self.depth_multiplier

    def each(self, shape: Shape) -> int:
        return prod(self.kernel_size)

    def kernel(self, shape: Shape) -> Parameter:
        size = prod(self.kernel_size)
        return Parameter(
            shape=(*self.kernel_size, shape[2], self.depth_multiplier),
            initializer=self.kernel_initializer,
            fans=(size, size * self.depth_multiplier),
        )


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
