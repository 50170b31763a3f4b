"""From the spec's tree to one Keras model, in any of the three ways in which Keras has models written."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import keras

from frameworks.contract import Data
from frameworks.spec import Chain, Network, Node
from frameworks.tf import joins, layers
from frameworks.tf.modules import Scale

Stages = list[tuple[Node, list[keras.layers.Layer]]]
"""Each node of the spec with its Keras layers, in order of computation; its weights lie in the last of them."""


class Taking:
    """What each of Keras's models gets here: samples by `take`, where the data of ``fit`` only say which they are."""

    take: Callable[[Any], Any] | None = None

    def train_step(self, data: Any) -> Any:
        """Train on one batch."""
        return super().train_step(self.take(data) if self.take else data)  # type: ignore[misc]


class Sequential(Taking, keras.Sequential):
    """Keras's own, for a chain."""


class Functional(Taking, keras.Model):
    """Keras's own, made of its inputs and its outputs."""


class Subclass(Taking, keras.Model):
    """A model with a `call` of its own."""

    def __init__(self, chain: Chain, scale: Scale, stages: Stages) -> None:
        super().__init__(name="model")
        self.stack = [scale, *(layer for _, made in stages for layer in made)]
        made = by_name(stages)
        self._way = lambda x: flow(chain, scale(x), made)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return the logits; `training` must be asked for, or Keras would hand on to no layer that it is."""
        return self._way(x)


Model = Sequential | Functional | Subclass


def make(network: Network, data: Data, plants: Collection[str], api: str) -> tuple[Model, Scale, Stages]:
    """Return the model, what scales its input, and its stages; the weights are still Keras's own.

    `api` is sequential, functional, subclass, or auto: a Sequential where the spec is a chain, else functional.
    """
    stages: Stages = [
        (node, [joins.make(node)] if node.branches else layers.make(node, plants)) for node in network.nodes
    ]
    scale = Scale(data.scale, data.offset)
    inputs = keras.Input(network.input_shape, dtype=input_dtype(network.input_shape))
    if api == "sequential" or (api == "auto" and not network.joins):
        return Sequential([inputs, scale, *(layer for _, made in stages for layer in made)]), scale, stages
    if api == "subclass":
        model = Subclass(network.chain, scale, stages)
        model(inputs)  # makes the variables
        return model, scale, stages
    return Functional(inputs, flow(network.chain, scale(inputs), by_name(stages))), scale, stages


def input_dtype(shape: tuple[int, ...]) -> str:
    """Return what the model takes: pixels as they are, or a table's numbers."""
    return "uint8" if len(shape) == 3 else "float32"


def by_name(stages: Stages) -> dict[str, list[keras.layers.Layer]]:
    """Return the Keras layers of each node by its name."""
    return {node.name: made for node, made in stages}


def flow(
    chain: Chain,
    values: Any,
    made: dict[str, list[keras.layers.Layer]],
    seen: Callable[[Node, Any], None] = lambda node, values: None,
    **training: bool,
) -> Any:
    """Return what `values` become on their way through `chain`; `seen` is told of each node's output.

    `training` is for layers that are called outside a model, which would hand it on.
    """
    for node in chain:
        if node.branches:
            values = [flow(branch, values, made, seen, **training) for branch in node.branches]
        for layer in made[node.name]:
            values = layer(values, **(training if layer._call_has_training_arg else {}))
        seen(node, values)
    return values
