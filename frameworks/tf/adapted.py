"""The optimizers that are not Keras's own: its formulas with epsilon, and the rate, where the spec has them.

That is where PyTorch's stock optimizers have them, which would otherwise pay. Each is a subclass of Keras's, which
brings variables, clipping, decay and the count of steps. Powers of beta are taken in float64, as Python's are, once
for each step and not for each variable.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class ByStep(keras.optimizers.Optimizer):
    """What depends on the step alone is computed once, before the variables are updated one by one."""

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Update all variables."""
        self.begin(ops.cast(self.iterations + 1, "float64"))
        super().apply(grads, trainable_variables)

    def begin(self, step: Any) -> None:
        """Compute what the step, counted from 1, has of its own."""
        raise NotImplementedError

    def kept(self, beta: float, step: Any) -> Any:
        """Return 1 - beta^step, the share of a running mean that is not its zero at the start."""
        return 1 - ops.power(ops.cast(beta, "float64"), step)


class Moments(ByStep, keras.optimizers.Adam):
    """What Adam and Nadam share: running means of a gradient and of its square."""

    def begin(self, step: Any) -> None:
        """Correct the mean of the squares for its beginning at zero."""
        self._root_correction = ops.sqrt(self.kept(self.beta_2, step))

    def moments(self, gradient: Any, variable: Any) -> tuple[Any, Any]:
        """Take a gradient into both; return the mean, and the root of the square's with its beginning corrected."""
        index = self._get_variable_index(variable)
        mean, variance = self._momentums[index], self._velocities[index]
        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(variance, (ops.square(gradient) - variance) * (1 - self.beta_2))
        return mean, ops.sqrt(variance) / ops.cast(self._root_correction, variable.dtype)


class Adam(Moments):
    """Keras's Adam with epsilon where Kingma and Ba's algorithm 1 and PyTorch have it.

    The stock one adds epsilon to the root of the *uncorrected* variance (``keras/src/optimizers/adam.py``), for
    which no value of PyTorch's epsilon stands.
    """

    def begin(self, step: Any) -> None:
        """Correct the moments for their beginning at zero."""
        super().begin(step)
        self._mean_correction = self.kept(self.beta_1, step)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        mean, root = self.moments(ops.cast(gradient, dtype), variable)
        scale = ops.cast(learning_rate, dtype) / ops.cast(self._mean_correction, dtype)
        self.assign_sub(variable, mean * scale / (root + self.epsilon))


class Nadam(Moments):
    """Keras's Nadam with the momentum's numbers in float64: the stock one has a float32 0.96 in one of two places."""

    def build(self, variables: Any) -> None:
        """Add the product of all momenta so far to Adam's variables."""
        if not self.built:
            self._product = keras.Variable(1.0, dtype="float64", trainable=False, name="product")
        super().build(variables)

    def begin(self, step: Any) -> None:
        """Compute this step's momentum and the next one's."""
        super().begin(step)
        beta = ops.cast(self.beta_1, "float64")
        decay = ops.convert_to_tensor(0.96, "float64")
        now, ahead = (beta * (1 - 0.5 * ops.power(decay, each)) for each in (step, step + 1))
        product = self._product * now
        self.assign(self._product, product)
        self._of_mean = ahead / (1 - product * ahead)
        self._of_gradient = (1 - now) / (1 - product)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        gradient = ops.cast(gradient, dtype)
        mean, root = self.moments(gradient, variable)
        ahead = mean * ops.cast(self._of_mean, dtype) + gradient * ops.cast(self._of_gradient, dtype)
        self.assign_sub(variable, ahead * ops.cast(learning_rate, dtype) / (root + self.epsilon))


class Adamax(ByStep, keras.optimizers.Adamax):
    """Keras's Adamax with epsilon inside the maximum: the stock one adds it to what comes out."""

    def begin(self, step: Any) -> None:
        """Correct the mean for its beginning at zero."""
        self._mean_correction = self.kept(self.beta_1, step)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        gradient = ops.cast(gradient, dtype)
        index = self._get_variable_index(variable)
        mean, largest = self._m[index], self._u[index]

        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign(largest, ops.maximum(largest * self.beta_2, ops.abs(gradient) + self.epsilon))
        scale = ops.cast(learning_rate, dtype) / ops.cast(self._mean_correction, dtype)
        self.assign_sub(variable, mean * scale / largest)


class RMSprop(keras.optimizers.RMSprop):
    """Keras's RMSprop with epsilon beside the root, and the rate outside the velocity."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        index = self._get_variable_index(variable)
        square = self._velocities[index]

        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.rho))
        variance = square
        if self.centered:
            mean = self._average_gradients[index]
            self.assign_add(mean, (gradient - mean) * (1 - self.rho))
            variance = square - ops.square(mean)
        step = gradient / (ops.sqrt(variance) + self.epsilon)
        if self.momentum > 0:
            velocity = self._momentums[index]
            self.assign(velocity, velocity * self.momentum + step)
            step = velocity
        self.assign_sub(variable, step * ops.cast(learning_rate, variable.dtype))


class SGD(keras.optimizers.SGD):
    """Keras's SGD with the rate outside the velocity: it matters where the rate changes."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]

        self.assign(velocity, velocity * self.momentum + gradient)
        step = gradient + velocity * self.momentum if self.nesterov else velocity
        self.assign_sub(variable, step * ops.cast(learning_rate, variable.dtype))


class L2(keras.optimizers.Optimizer):
    """Adds l2 · w to the gradient of w, clipped or not; the same weights are left out as of decay."""

    l2 = 0.0

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        grads = [
            gradient + variable * self.l2 if self._use_weight_decay(variable) else gradient
            for gradient, variable in zip(grads, trainable_variables, strict=True)
        ]
        super()._backend_update_step(grads, trainable_variables, learning_rate)
