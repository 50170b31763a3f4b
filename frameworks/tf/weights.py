"""Weights by canonical name: into Keras variables and out of them. The layout is Keras's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from frameworks.contract import Arrays
from frameworks.spec import Node

Stages = Iterable[tuple[Node, list[keras.layers.Layer]]]


def variables(stages: Stages) -> dict[str, keras.Variable]:
    """Return every variable of the network by canonical name."""
    return {name: getattr(layers[-1], name.split("/")[1]) for node, layers in stages for name in node.parameters}


def load(stages: Stages, arrays: Arrays) -> None:
    """Assign every variable; the shapes are the spec's."""
    for name, variable in variables(stages).items():
        variable.assign(arrays[name])


def export(stages: Stages) -> Arrays:
    """Return every variable."""
    return {name: np.array(variable) for name, variable in variables(stages).items()}


def named_gradients(stages: Stages, trainable: Iterable[Any], gradients: Iterable[Any]) -> Arrays:
    """Return gradients by canonical name."""
    by_variable = {id(variable): np.array(gradient) for variable, gradient in zip(trainable, gradients, strict=True)}
    return {name: by_variable[id(v)] for name, v in variables(stages).items() if id(v) in by_variable}
