"""From the spec to a compiled Keras model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from frameworks.contract import Request
from frameworks.spec import Network, Node
from frameworks.tf import layers, losses, optimizers, schedules
from frameworks.tf.precision import scaled
from frameworks.tf.weights import variables


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
    metric: str
    """The name under which Keras logs the task's metric."""
    schedule: schedules.Table | None
    """What each step's rate is looked up in; None where it is the optimizer's own."""


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
    trainable = {name: each for name, each in variables(stages).items() if each.trainable}
    optimizer, schedule = optimizers.make(request, trainable)
    # A step that overflows is not counted by an optimizer whose loss is scaled.
    counts = None if scaled(precision) else optimizer.iterations
    loss = losses.Traced(losses.make(request.loss, request.plants), trace_length, counts)
    metric = losses.METRICS[request.loss]()
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
    return Built(model, stages, model.optimizer, loss, metric.name, schedule)
