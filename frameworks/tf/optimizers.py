"""The optimizers, in the meaning of `frameworks.reference`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
from keras import ops


class Adam(keras.optimizers.Adam):
    """Keras's Adam with epsilon where Kingma and Ba's algorithm 1 and PyTorch have it.

    The stock one adds epsilon to the root of the *uncorrected* variance (``keras/src/optimizers/adam.py``), for
    which no value of PyTorch's epsilon stands. The powers of beta are taken in float64, as Python's are.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Update all variables; what depends on the step alone is computed once, not once for each of them."""
        step = ops.cast(self.iterations + 1, "float64")
        self._mean_correction = 1 - ops.power(ops.cast(self.beta_1, "float64"), step)
        self._root_correction = ops.sqrt(1 - ops.power(ops.cast(self.beta_2, "float64"), step))
        super().apply(grads, trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        gradient = ops.cast(gradient, dtype)
        index = self._get_variable_index(variable)
        mean, variance = self._momentums[index], self._velocities[index]

        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(variance, (ops.square(gradient) - variance) * (1 - self.beta_2))
        scale = ops.cast(learning_rate, dtype) / ops.cast(self._mean_correction, dtype)
        root = ops.sqrt(variance) / ops.cast(self._root_correction, dtype)
        self.assign_sub(variable, mean * scale / (root + self.epsilon))


def make(name: str, hyperparameters: dict[str, Any], plants: Collection[str]) -> keras.optimizers.Optimizer:
    """Return the optimizer called `name`."""
    if name == "adam" and "adam_epsilon" in plants:
        return keras.optimizers.Adam(**hyperparameters)
    return {"adam": Adam, "sgd": keras.optimizers.SGD}[name](**hyperparameters)
