"""The TensorFlow room: what `frameworks.contract.Room` asks for, each part in its own file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from frameworks.contract import Arrays, EpochHook, Request
from frameworks.spec import Network
from frameworks.tf import device as _device
from frameworks.tf import evaluate, products, schedules, train
from frameworks.tf import weights as _weights
from frameworks.tf.build import Built, build
from frameworks.tf.input import Samples, place
from frameworks.tf.sources import Source, source


class Room:
    """One network in Keras; see `frameworks.contract.Room`."""

    built: Built

    def __init__(self, request: Request, network: Network, *, precision: str, device: str) -> None:
        self.request, self.network, self.precision, self.device = request, network, precision, device
        _device.configure(request.settings, precision, device)
        keras.utils.set_random_seed(request.train["seed"])

    def environment(self) -> dict[str, Any]:
        """Return what is in force."""
        chosen = {"mode": self.mode, "precision": self.precision, "jit_compile": self._jit_compile}
        return _device.environment() | chosen

    @property
    def _jit_compile(self) -> bool:
        """Whether XLA compiles the step: what Keras made of what was asked, which may be "auto"."""
        return bool(self.built.model.jit_compile)

    @property
    def mode(self) -> str:
        """How steps run."""
        by_hand = {"function": "GradientTape in tf.function", "eager": "GradientTape, eager"}
        if self.built.loop in by_hand:
            return by_hand[self.built.loop] + (", XLA" if self._jit_compile else "")
        together = f", {count} steps per execution" if (count := self.steps_per_call()) > 1 else ""
        return "Keras fit, " + ("XLA" if self._jit_compile else "tf.function") + together

    def synchronize(self) -> None:
        """Wait for the device."""
        _device.synchronize()

    def place(self, x: np.ndarray, y: np.ndarray, index: np.ndarray | None = None) -> Samples:
        """Return samples in TensorFlow's memory."""
        return place(x, y, index)

    def source(self, samples: Samples, split: str) -> Source:
        """Return what training reads from."""
        return source(self.request, samples, split, self.device)

    def batches(
        self, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool
    ) -> Iterator[tuple[Any, Any]]:
        """Return the input pipeline alone."""
        return train.delivered(source, orders, batch_size, drop_last, self.device)

    def build(self, weights: Arrays, trace_length: int) -> None:
        """Build, compile, load."""
        with _device.scope(self.device):
            self.built = build(self.request, self.network, trace_length, self.precision)
            self.forward = evaluate.inference(self.built, self.network.input_shape, self._jit_compile)
            self.load(weights)

    def num_parameters(self) -> int:
        """Count trainable parameters; Keras's ``count_params`` would add the moving statistics."""
        return sum(int(np.prod(variable.shape)) for variable in self.built.model.trainable_variables)

    def export(self, *, steps: int | None = None, batch_size: int = 0) -> Arrays:
        """Return all weights; Keras's moving variances are biased as they are."""
        return _weights.export(self.built.stages)

    def load(self, weights: Arrays) -> None:
        """Load weights by canonical name."""
        _weights.load(self.built.stages, weights)

    def snapshot(self) -> list[np.ndarray]:
        """Copy the values of every variable there is."""
        return [np.array(variable) for variable in self._state()]

    def restore(self, state: list[np.ndarray]) -> None:
        """Put them back."""
        for variable, value in zip(self._state(), state, strict=True):
            variable.assign(value)

    def _state(self) -> list[Any]:
        built = self.built
        # `variables` has weights, seed generators and metrics; the metrics appear once training is traced.
        scheduled = built.schedule.state() if built.schedule else []
        return [*built.model.variables, *built.optimizer.variables, *built.loss.state(), *scheduled]

    def step_function(
        self, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool
    ) -> Callable[[], object]:
        """Return the training step on one batch."""
        return train.step_function(self.built, source, orders, batch_size, drop_last, self.device)

    def steps_per_call(self) -> int:
        """Return Keras's steps per execution."""
        return int(self.built.model.steps_per_execution)

    def set_rate(self, rate: float) -> None:
        """Change the learning rate."""
        schedules.set_rate(self.built.optimizer, self.built.schedule, rate)

    def rates(self, steps: int) -> np.ndarray:
        """Return the learning rate of each step."""
        return schedules.rates(self.built.optimizer, self.built.schedule, steps)

    def train(self, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, hook: EpochHook) -> None:
        """Train with ``fit``, or in a loop written by hand."""
        train.train(self.built, source, orders, batch_size, drop_last, hook)

    def predict(self, samples: Samples, batch_size: int) -> Callable[[], np.ndarray]:
        """Run inference."""
        logits = evaluate.predict(self.forward, samples, batch_size)
        self.synchronize()
        return logits

    def inference(self, samples: Samples, size: int) -> Callable[[], object]:
        """Return the prediction of one batch."""
        return evaluate.inference_of(self.forward, samples, size, self.device)

    def memory(self) -> dict[str, int]:
        """Return TensorFlow's own count of device memory."""
        return _device.memory()

    def layer_outputs(self, samples: Samples) -> Arrays:
        """Return every layer's output in training mode."""
        return evaluate.layer_outputs(self.built, samples)

    def gradients(self, samples: Samples) -> tuple[float, Arrays]:
        """Return loss and gradients of one batch."""
        loss, gradients = train.gradients(self.built, samples)
        return loss, _weights.named_gradients(self.built.stages, self.built.model.trainable_variables, gradients)

    def matrix_product(self, size: int) -> Callable[[], object]:
        """Return a large matrix product."""
        dtype = keras.config.dtype_policy().compute_dtype
        return products.matrix_product(size, dtype, self.device, self._jit_compile)

    def traces(self) -> int:
        """Count how often the training step was traced: each time, Python runs the loss once."""
        return 0 if self.built.loop == "eager" else self.built.loss.traces
