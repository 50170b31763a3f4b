"""The activations of the vocabulary: elementwise, without weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from frameworks.spec.layer import Layer


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation(Layer):
    """A function of each value (of each vector, for softmax)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relu(Activation):
    """max(x, 0)."""

    kind: ClassVar[str] = "relu"


@dataclass(frozen=True, kw_only=True, slots=True)
class Relu6(Activation):
    """min(max(x, 0), 6)."""

    kind: ClassVar[str] = "relu6"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gelu(Activation):
    """x Φ(x), exact unless `approximate` asks for the tanh form (Hendrycks and Gimpel 2016)."""

    kind: ClassVar[str] = "gelu"
    main: ClassVar[str] = "approximate"
    approximate: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Silu(Activation):
    """x sigmoid(x), also called swish."""

    kind: ClassVar[str] = "silu"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "sigmoid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tanh(Activation):
    """The hyperbolic tangent."""

    kind: ClassVar[str] = "tanh"


@dataclass(frozen=True, kw_only=True, slots=True)
class Softmax(Activation):
    """exp(x) / sum(exp(x)) over the last axis; as the last layer it turns predictions into probabilities."""

    kind: ClassVar[str] = "softmax"


@dataclass(frozen=True, kw_only=True, slots=True)
class Elu(Activation):
    """x above 0, alpha (exp(x) - 1) below."""

    kind: ClassVar[str] = "elu"
    main: ClassVar[str] = "alpha"
    alpha: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakyRelu(Activation):
    """x above 0, negative_slope x below (Maas et al. 2013, whose slope of 0.01 is the default)."""

    kind: ClassVar[str] = "leaky_relu"
    main: ClassVar[str] = "negative_slope"
    negative_slope: float = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Softplus(Activation):
    """log(1 + exp(x))."""

    kind: ClassVar[str] = "softplus"
