"""Normalisation, by what a batch or a sample shows or by numbers that the spec says."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec import values
from frameworks.spec.flattened import Shape
from frameworks.spec.layer import Layer, Parameter


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchNorm(Layer):
    """Batch normalisation over all axes but the last (Ioffe and Szegedy 2015).

    `momentum` is Keras's: the part of the old moving statistics that is kept. Frozen (``trainable: false``), it
    normalises by its moving statistics in training too, and keeps them.
    """

    kind: ClassVar[str] = "batch_norm"
    main: ClassVar[str] = "momentum"
    undoes_shift: ClassVar[bool] = True
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


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerNorm(Layer):
    """Layer normalisation over the last axis: an image's channels, pixel by pixel, or a vector (Ba et al. 2016)."""

    kind: ClassVar[str] = "layer_norm"
    main: ClassVar[str] = "epsilon"
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        values.positive("epsilon", self.epsilon)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return {
            "gamma": Parameter(shape=shape[-1:], initializer="ones"),
            "beta": Parameter(shape=shape[-1:], initializer="zeros"),
        }

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Affine(Layer):
    """``x * scale + offset``, by numbers of the spec that nothing trains."""

    passes_shift: ClassVar[bool] = True

    def numbers(self) -> tuple[values.Numbers, values.Numbers]:
        """Return (scale, offset): one number for all, or one for each channel or feature."""
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        for each in self.numbers():
            if len(each) not in (1, shape[-1]):
                wanted = "1" if shape[-1] == 1 else f"1 or {shape[-1]}, one for each channel,"
                raise ValueError(f"has {len(each)} numbers: give {wanted} for {shape}")
        return shape

    def flops(self, shape: Shape) -> int:
        return 2 * prod(shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescale(Affine):
    """``x * scale + offset``."""

    kind: ClassVar[str] = "rescale"
    main: ClassVar[str] = "scale"
    scale: values.Numbers
    offset: values.Numbers = (0.0,)

    def numbers(self) -> tuple[values.Numbers, values.Numbers]:
        return self.scale, self.offset


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalize(Affine):
    """``(x - mean) / √variance``: by the mean and the variance of each channel, or one for all."""

    kind: ClassVar[str] = "normalize"
    mean: values.Numbers
    variance: values.Numbers

    def __post_init__(self) -> None:
        for each in self.variance:
            values.positive("variance", each)
        if len(self.mean) != len(self.variance) and 1 not in (len(self.mean), len(self.variance)):
            raise ValueError(f"mean has {len(self.mean)} numbers and variance {len(self.variance)}: must be as many")

    def numbers(self) -> tuple[values.Numbers, values.Numbers]:
        count = max(len(self.mean), len(self.variance))
        mean, variance = (each * count if len(each) == 1 else each for each in (self.mean, self.variance))
        scale = tuple(each**-0.5 for each in variance)
        return scale, tuple(-m * s for m, s in zip(mean, scale, strict=True))
