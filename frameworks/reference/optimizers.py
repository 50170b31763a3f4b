"""What each optimizer means, executably, in numpy.

Hyperparameters are float32 numbers: Keras stores or casts them as float32 even in float64, so a 0.9 that stays a
float64 on the other side would show as an error of 1e-8. `float32` rounds them once, before either side sees them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np


def float32(value: float) -> float:
    """Return `value` rounded to the nearest float32."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


@dataclass(kw_only=True, slots=True)
class SGD:
    """w ← w - lr g; with momentum b ← μ b + g and w ← w - lr b, or with Nesterov w ← w - lr (g + μ b).

    Sutskever et al. 2013; the velocity is kept without the learning rate, as in ``torch/optim/sgd.py``.
    """

    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    _velocity: np.ndarray | float = field(default=0.0, init=False)

    def step(self, weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the weights after one step."""
        self._velocity = self.momentum * self._velocity + gradient
        update = gradient + self.momentum * self._velocity if self.nesterov else self._velocity
        return weights - self.learning_rate * update


@dataclass(kw_only=True, slots=True)
class Adam:
    """Adam as in Kingma and Ba 2015, algorithm 1: epsilon is added to the root of the *corrected* variance."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    _steps: int = field(default=0, init=False)
    _mean: np.ndarray | float = field(default=0.0, init=False)
    _variance: np.ndarray | float = field(default=0.0, init=False)

    def step(self, weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the weights after one step."""
        self._steps += 1
        self._mean = self.beta_1 * self._mean + (1 - self.beta_1) * gradient
        self._variance = self.beta_2 * self._variance + (1 - self.beta_2) * gradient**2
        mean = self._mean / (1 - self.beta_1**self._steps)
        variance = self._variance / (1 - self.beta_2**self._steps)
        return weights - self.learning_rate * mean / (np.sqrt(variance) + self.epsilon)


OPTIMIZERS = {"sgd": SGD, "adam": Adam}
"""The optimizers by name; their fields are their hyperparameters."""
