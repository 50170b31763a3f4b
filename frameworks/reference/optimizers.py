"""What each optimizer means, executably, in numpy: one step of one tensor, at a rate that may change between steps.

Hyperparameters are float32 numbers: Keras stores or casts them as float32 even in float64, so a 0.9 that stays a
float64 on the other side would show as an error of 1e-8. `float32` rounds them once, before either side sees them.
What all optimizers share, clipping and decay, is in `frameworks.reference.updates`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

Tensor = np.ndarray | float


def float32(value: float) -> float:
    """Return `value` rounded to the nearest float32."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


@dataclass(kw_only=True, slots=True)
class Optimizer:
    """What every optimizer has; an instance keeps the state of one tensor."""

    learning_rate: float
    weight_decay: float = 0.0
    """Decoupled: w ← w - rate · decay · w before the step."""
    l2: float = 0.0
    """Coupled: l2 · w is added to the gradient, after clipping; the reported loss has no penalty in it."""
    exclude: list[str] = field(default_factory=list)
    """Kinds of tensors that both leave out, such as ``bias``."""
    clip_value: float | None = None
    """No element of a gradient is further from 0."""
    clip_norm: float | None = None
    """No tensor's gradient is longer."""
    clip_global_norm: float | None = None
    """All gradients together are no longer."""

    def step(self, weights: np.ndarray, gradient: np.ndarray, rate: float | None = None) -> np.ndarray:
        """Return the weights after one step at `rate`, or at the learning rate."""
        return weights - (self.learning_rate if rate is None else rate) * self.direction(gradient)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return what the rate is multiplied by, and keep what later steps need."""
        raise NotImplementedError

    def own(self) -> dict[str, Any]:
        """Return the hyperparameters that only this optimizer has."""
        shared = {item.name for item in fields(Optimizer)}
        return {item.name: getattr(self, item.name) for item in fields(self) if item.init and item.name not in shared}


@dataclass(kw_only=True, slots=True)
class SGD(Optimizer):
    """w ← w - rate · g; with momentum b ← μ b + g and w ← w - rate · b, or with Nesterov w ← w - rate · (g + μ b).

    Sutskever et al. 2013; the velocity is kept without the learning rate, as in ``torch/optim/sgd.py``.
    """

    momentum: float = 0.0
    nesterov: bool = False
    _velocity: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the velocity."""
        velocity = self._velocity = self.momentum * self._velocity + gradient
        return gradient + self.momentum * velocity if self.nesterov else velocity


@dataclass(kw_only=True, slots=True)
class Adam(Optimizer):
    """Adam as in Kingma and Ba 2015, algorithm 1: epsilon is added to the root of the *corrected* variance."""

    beta_1: float
    beta_2: float
    epsilon: float
    _steps: int = field(default=0, init=False)
    _mean: Tensor = field(default=0.0, init=False)
    _variance: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the corrected mean over the corrected root."""
        self._steps += 1
        self._mean = self.beta_1 * self._mean + (1 - self.beta_1) * gradient
        self._variance = self.beta_2 * self._variance + (1 - self.beta_2) * gradient**2
        mean = self._mean / (1 - self.beta_1**self._steps)
        variance = self._variance / (1 - self.beta_2**self._steps)
        return mean / (np.sqrt(variance) + self.epsilon)


@dataclass(kw_only=True, slots=True)
class AdamW(Adam):
    """Adam whose weights decay, decoupled: Loshchilov and Hutter 2019, in the form of ``torch/optim/adamw.py``."""

    weight_decay: float = 0.01


@dataclass(kw_only=True, slots=True)
class Nadam(Optimizer):
    """Adam with Nesterov's momentum, Dozat 2016: μ_t = β₁ (1 - ½ · 0.96^t), as in ``keras/src/optimizers/nadam.py``.

    mean = μ_{t+1} m / (1 - μ_1 … μ_{t+1}) + (1 - μ_t) g / (1 - μ_1 … μ_t), over Adam's corrected root plus epsilon.
    """

    beta_1: float
    beta_2: float
    epsilon: float
    _steps: int = field(default=0, init=False)
    _product: float = field(default=1.0, init=False)
    _mean: Tensor = field(default=0.0, init=False)
    _variance: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the mean that looks ahead over the corrected root."""
        self._steps += 1
        now, ahead = (self.beta_1 * (1 - 0.5 * 0.96**step) for step in (self._steps, self._steps + 1))
        self._product *= now
        self._mean = self.beta_1 * self._mean + (1 - self.beta_1) * gradient
        self._variance = self.beta_2 * self._variance + (1 - self.beta_2) * gradient**2
        mean = ahead * self._mean / (1 - self._product * ahead) + (1 - now) * gradient / (1 - self._product)
        return mean / (np.sqrt(self._variance / (1 - self.beta_2**self._steps)) + self.epsilon)


@dataclass(kw_only=True, slots=True)
class Adamax(Optimizer):
    """Adam by the largest gradient, Kingma and Ba 2015, algorithm 2: u ← max(β₂ u, |g| + ε).

    Epsilon's place is that of ``torch/optim/adamax.py``.
    """

    beta_1: float
    beta_2: float
    epsilon: float
    _steps: int = field(default=0, init=False)
    _mean: Tensor = field(default=0.0, init=False)
    _largest: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the corrected mean over the largest."""
        self._steps += 1
        self._mean = self.beta_1 * self._mean + (1 - self.beta_1) * gradient
        self._largest = np.maximum(self.beta_2 * self._largest, np.abs(gradient) + self.epsilon)
        found: np.ndarray = self._mean / (1 - self.beta_1**self._steps) / self._largest
        return found


@dataclass(kw_only=True, slots=True)
class RMSprop(Optimizer):
    """Hinton 2012: v ← ρ v + (1 - ρ) g² and w ← w - rate · g / (√v + ε); centred, √(v - mean²).

    With momentum b ← μ b + g / (√v + ε) and w ← w - rate · b. Epsilon stands beside the root, and the rate outside
    the velocity, as in ``torch/optim/rmsprop.py``.
    """

    rho: float
    epsilon: float
    momentum: float = 0.0
    centered: bool = False
    _mean: Tensor = field(default=0.0, init=False)
    _square: Tensor = field(default=0.0, init=False)
    _velocity: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient over its root, or the velocity of that."""
        self._square = self.rho * self._square + (1 - self.rho) * gradient**2
        self._mean = self.rho * self._mean + (1 - self.rho) * gradient
        variance = self._square - self._mean**2 if self.centered else self._square
        velocity = self._velocity = self.momentum * self._velocity + gradient / (np.sqrt(variance) + self.epsilon)
        return velocity


@dataclass(kw_only=True, slots=True)
class Adagrad(Optimizer):
    """Duchi et al. 2011: a ← a + g² and w ← w - rate · g / √(a + ε), as in ``keras/src/optimizers/adagrad.py``."""

    initial_accumulator_value: float
    epsilon: float
    _sum: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient over the root of the sum of all squares."""
        self._sum = self._sum + gradient**2
        found: np.ndarray = gradient / np.sqrt(self.initial_accumulator_value + self._sum + self.epsilon)
        return found


@dataclass(kw_only=True, slots=True)
class Adadelta(Optimizer):
    """Zeiler 2012: Δ = √(d + ε) / √(v + ε) · g, with running means v of g² and d of Δ²; w ← w - rate · Δ."""

    rho: float
    epsilon: float
    _square: Tensor = field(default=0.0, init=False)
    _moved: Tensor = field(default=0.0, init=False)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return Δ."""
        self._square = self.rho * self._square + (1 - self.rho) * gradient**2
        found: np.ndarray = np.sqrt(self._moved + self.epsilon) / np.sqrt(self._square + self.epsilon) * gradient
        self._moved = self.rho * self._moved + (1 - self.rho) * found**2
        return found


@dataclass(kw_only=True, slots=True)
class Ftrl(Optimizer):
    """Follow the regularized leader, McMahan et al. 2013, as in ``keras/src/optimizers/ftrl.py``; p is the power.

    n' = n + g²; z ← z + g + 2 · shrinkage · w - (n'^-p - n^-p) / rate · w; n ← n';
    w ← (clip(z, ±l1) - z) / (n^-p / rate + β / rate + 2 · l2). It divides by the rate, which must not be 0.
    """

    learning_rate_power: float
    initial_accumulator_value: float
    l1_regularization_strength: float = 0.0
    l2_regularization_strength: float = 0.0
    l2_shrinkage_regularization_strength: float = 0.0
    beta: float = 0.0
    _sum: Tensor = field(default=0.0, init=False)
    _linear: Tensor = field(default=0.0, init=False)

    def step(self, weights: np.ndarray, gradient: np.ndarray, rate: float | None = None) -> np.ndarray:
        """Return the weights after one step: they follow from all gradients so far."""
        rate = self.learning_rate if rate is None else rate
        before = (self.initial_accumulator_value + self._sum) ** -self.learning_rate_power
        self._sum = self._sum + gradient**2
        root = (self.initial_accumulator_value + self._sum) ** -self.learning_rate_power
        shrinkage = 2 * self.l2_shrinkage_regularization_strength * weights
        self._linear = self._linear + gradient + shrinkage - (root - before) / rate * weights
        most = self.l1_regularization_strength
        curvature = (root + self.beta) / rate + 2 * self.l2_regularization_strength
        found: np.ndarray = (np.clip(self._linear, -most, most) - self._linear) / curvature
        return found


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": Nadam,
    "adamax": Adamax,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "ftrl": Ftrl,
}
"""The optimizers by name; the fields that are given are their hyperparameters."""
