"""From the spec to a compiled Keras model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from frameworks.contract import Request
from frameworks.spec import Network, Node
from frameworks.tf import layers, losses, optimizers
from frameworks.tf.precision import scaled


class Model(keras.Sequential):
    """Keras's own, which takes its samples by `take` where the data that ``fit`` gets only say which they are."""

    take: Callable[[Any], Any] | None = None

    def train_step(self, data: Any) -> Any:
        """Train on one batch."""
        return super().train_step(self.take(data) if self.take else data)


@dataclass(slots=True)
class Built:
    """A network ready to train."""

    model: Model
    stages: list[tuple[Node, list[keras.layers.Layer]]]
    """Each node of the spec with its Keras layers."""
    optimizer: keras.optimizers.Optimizer
    loss: losses.Traced
    metric: keras.metrics.Metric
    """The task's metric; Keras logs it under its name."""
    loop: str
    """Who runs the steps: ``fit``; or a loop written by hand, ``function`` or ``eager``."""
    step: Any = None
    """The step of a loop written by hand, once it is there: training takes the one that was clocked."""


def build(request: Request, network: Network, trace_length: int, precision: str) -> Built:
    """Return the compiled model; its weights are still Keras's own."""
    stages = [(node, layers.make(node, request.plants)) for node in network.nodes]
    scale = layers.Scale(request.samples.scale, request.samples.offset)
    model = Model(
        [
            keras.Input(network.input_shape, dtype="uint8" if len(network.input_shape) == 3 else "float32"),
            scale,
            *(layer for _, stage in stages for layer in stage),
        ]
    )
    hyperparameters: dict[str, Any] = dict(request.optimizer)
    optimizer = optimizers.make(hyperparameters.pop("name"), hyperparameters, request.plants)
    # A step that overflows is not counted by an optimizer whose loss is scaled.
    counts = None if scaled(precision) else optimizer.iterations
    loss = losses.Traced(losses.make(request), trace_length, counts)
    metric = losses.metric(request)
    # The gate looks after every step, so there no two may share an execution.
    together = 1 if trace_length == 1 else request.settings.get("steps_per_execution", 1)
    model.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=[metric],
        jit_compile=request.settings.get("jit_compile", False),
        steps_per_execution=together,
    )
    model.optimizer.build(model.trainable_variables)
    return Built(model, stages, model.optimizer, loss, metric, request.settings.get("loop", "fit"))
