"""From the YAML list to the typed network; every mistake is named with its place."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from frameworks.spec.errors import SpecError
from frameworks.spec.flattened import Shape
from frameworks.spec.network import Network
from frameworks.spec.reading import LAYERS, MOST, Entry, Reader

__all__ = ["LAYERS", "MOST", "PROBABILITIES", "SpecError", "parse"]

PROBABILITIES = {"classification": "softmax", "binary": "sigmoid"}
"""By task: the activation that makes probabilities of its logits; a regression has none."""

LARGEST = 2_000_000_000
"""Numbers that a network may have: a mistyped size would take all memory, here 8 GB in float32 and as much for each of
gradients and an optimizer's moments."""


def parse(
    spec: Sequence[Any], *, input_shape: Shape, outputs: int, name: str = "model", task: str = "classification"
) -> Network:
    """Return the network of `spec` for inputs of `input_shape`, (H, W, C) or (N,), and `outputs` numbers.

    `task` says what they are: the logits of classes (``classification``) or of one class against the other
    (``binary``), where the activation that makes probabilities of them is taken off; or a value (``regression``).
    Raises `SpecError` where a layer is unknown, cannot stand in its place, or the end does not fit.
    """
    if isinstance(spec, str) or not isinstance(spec, Sequence) or not spec:
        raise SpecError("model.layers: must be a list of layers with at least one")
    chain = Reader(outputs).chain(spec, "model.layers", Entry.of_dataset(tuple(input_shape)))
    last, turns = chain[-1], PROBABILITIES.get(task)
    if last.output_shape != (outputs,):
        raise SpecError(
            f"{last.place}: the network ends in {last.output_shape}, the dataset asks for ({outputs},): "
            "end it with 'dense: outputs'"
        )
    if turns and last.layer.kind in PROBABILITIES.values() and last.layer.kind != turns:
        raise SpecError(f"{last.place}: the loss of this task is taken on logits: end with {turns}, or nothing")
    if last.layer.kind == "softmax" and not turns:
        raise SpecError(f"{last.place}: makes shares of 1, and a {task} asks for a value: end without it")
    probabilities = last.layer.kind == turns
    kept = chain[:-1] if probabilities else chain
    network = Network(
        name=name, input_shape=tuple(input_shape), outputs=outputs, chain=kept, probabilities=probabilities
    )
    if sum(prod(value.shape) for value in network.parameters.values()) > LARGEST:
        sizes = {node.place: sum(prod(each.shape) for each in node.parameters.values()) for node in network.nodes}
        place = max(sizes, key=lambda name: sizes[name])
        raise SpecError(f"{place}: has {sizes[place]:,} weights, and a network at most {LARGEST:,}; make it smaller")
    if not network.num_parameters:
        frozen = any(node.layer.parameters(node.input_shape) for node in network.nodes)
        why = "every layer with weights has trainable: false" if frozen else "no layer has weights"
        raise SpecError(f"model.layers: nothing to train: {why}")
    return network
