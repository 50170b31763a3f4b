"""From the spec to a compiled Keras model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from frameworks.contract import Request
from frameworks.spec import Network
from frameworks.tf import losses, network, optimizers, schedules
from frameworks.tf.modules import Scale
from frameworks.tf.network import Model, Stages
from frameworks.tf.precision import scaled
from frameworks.tf.weights import variables


@dataclass(slots=True)
class Built:
    """A network ready to train."""

    model: Model
    spec: Network
    scale: Scale
    """What makes numbers of the input."""
    stages: Stages
    """Each node of the spec with its Keras layers."""
    optimizer: keras.optimizers.Optimizer
    loss: losses.Traced
    metric: keras.metrics.Metric
    """The task's metric; Keras logs it under its name."""
    schedule: schedules.Table | None
    """What each step's rate is looked up in; None where it is the optimizer's own."""
    loop: str
    """Who runs the steps: ``fit``; or a loop written by hand, ``function`` or ``eager``."""
    step: Any = None
    """The step of a loop written by hand, once it is there: training takes the one that was clocked."""


def build(request: Request, spec: Network, trace_length: int, precision: str) -> Built:
    """Return the compiled model; its weights are still Keras's own."""
    model, scale, stages = network.make(spec, request.samples, request.plants, request.settings.get("api", "auto"))
    trainable = {name: each for name, each in variables(stages).items() if each.trainable}
    optimizer, schedule = optimizers.make(request, trainable)
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
    loop = request.settings.get("loop", "fit")
    return Built(model, spec, scale, stages, model.optimizer, loss, metric, schedule, loop)
