"""From the YAML list to the typed network; every mistake is named with its place."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints

from frameworks.spec import activations, layers, values
from frameworks.spec.layers import Layer, Shape
from frameworks.spec.network import Network, Node
from frameworks.spelling import nearest


class SpecError(ValueError):
    """A spec that cannot be built; the message begins with the place, such as ``model.layers[4].conv2d``."""


LAYERS: dict[str, type[Layer]] = {
    cls.kind: cls
    for module in (layers, activations)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if issubclass(cls, Layer) and cls.kind
}
"""The vocabulary: every layer by its name in a spec."""

_READERS: dict[Any, Callable[[Any], Any]] = {
    int: values.integer,
    float: values.number,
    bool: values.boolean,
    str: values.text,
    values.Pair: values.pair,
    values.Pair | None: lambda value: None if value is None else values.pair(value),
    values.Padding: values.padding,
    values.PoolPadding: values.pool_padding,
}

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
"""What a framework takes for a layer's name, less the '.' of names that a room gives to layers of its own."""


PROBABILITIES = {"classification": "softmax", "binary": "sigmoid"}
"""By task: the activation that makes probabilities of its logits; a regression has none."""


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
    nodes: list[Node] = []
    counts: Counter[str] = Counter()
    shape: Shape = tuple(input_shape)
    flattened: Shape | None = None
    for index, item in enumerate(spec):
        node = _node(item, f"model.layers[{index}]", nodes, counts, shape, outputs, flattened)
        nodes.append(node)
        shape, flattened = node.output_shape, node.output_flattened
    last, turns = nodes[-1], PROBABILITIES.get(task)
    if shape != (outputs,):
        raise SpecError(
            f"{last.place}: the network ends in {shape}, the dataset asks for ({outputs},): "
            "end it with 'dense: outputs'"
        )
    if turns and last.layer.kind in PROBABILITIES.values() and last.layer.kind != turns:
        raise SpecError(f"{last.place}: the loss of this task is taken on logits: end with {turns}, or nothing")
    if last.layer.kind == "softmax" and not turns:
        raise SpecError(f"{last.place}: makes shares of 1, and a {task} asks for a value: end without it")
    probabilities = last.layer.kind == turns
    kept = tuple(nodes[:-1] if probabilities else nodes)
    network = Network(
        name=name, input_shape=tuple(input_shape), outputs=outputs, nodes=kept, probabilities=probabilities
    )
    if not network.num_parameters:
        raise SpecError("model.layers: nothing to train: no layer has weights")
    return network


def _node(
    item: Any,
    place: str,
    before: list[Node],
    counts: Counter[str],
    shape: Shape,
    outputs: int,
    flat: Shape | None,
) -> Node:
    kind, given = _named(item, place)
    place = f"{place}.{kind}"
    name = given.pop("name", None)
    layer = _layer(LAYERS[kind], given, place, outputs)
    counts[kind] += 1
    name = f"{kind}_{counts[kind]}" if name is None else name
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SpecError(f"{place}.name={name}: must be a word of letters, digits, '_' and '-'")
    if twin := next((node for node in before if node.name == name), None):
        raise SpecError(f"{place}.name={name}: {twin.place} has this name already")
    try:
        output = layer.output_shape(shape)
    except ValueError as error:
        source = f"layers[{len(before) - 1}].{before[-1].layer.kind}" if before else "the dataset"
        message, *hint = error.args
        raise SpecError("; ".join([f"{place}: {message} from {source}", *hint])) from None
    return Node(name=name, place=place, layer=layer, input_shape=shape, output_shape=output, flattened=flat)


def _named(item: Any, place: str) -> tuple[str, dict[str, Any]]:
    """Return the kind and the parameters of ``name``, ``name: {…}`` or ``name: value``."""
    given: Any = None
    if isinstance(item, str):
        kind = item
    elif isinstance(item, dict) and len(item) == 1:
        kind, given = next(iter(item.items()))
    else:
        raise SpecError(f"{place}: must be a layer's name or 'name: {{parameters}}', got {item!r:.80}")
    if kind not in LAYERS:
        raise SpecError(f"{place}: there is no layer '{kind}'{_nearest(str(kind), LAYERS)}")
    if given is None:
        given = {}
    if not isinstance(given, dict):
        if not LAYERS[kind].main:
            raise SpecError(f"{place}.{kind}: takes no value, got {given!r:.80}")
        given = {LAYERS[kind].main: given}
    return kind, dict(given)


def _layer(cls: type[Layer], given: dict[str, Any], place: str, outputs: int) -> Layer:
    known: dict[str, Field[Any]] = {field.name: field for field in fields(cls)}
    hints = get_type_hints(cls)
    read: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise SpecError(f"{place}.{key}: no such parameter{_nearest(str(key), known)}")
        try:
            read[key] = outputs if value == "outputs" and key == "units" else _READERS[hints[key]](value)
        except ValueError as error:
            raise SpecError(f"{place}.{key}={value}: {error}") from None
    for key, field in known.items():
        if key not in read and field.default is MISSING:
            raise SpecError(f"{place}: needs {key}, as in '{cls.kind}: {{{key}: …}}'")
    try:
        return cls(**read)
    except ValueError as error:
        raise SpecError(f"{place}: {error}") from None


def _nearest(word: str, choices: Collection[str]) -> str:
    """Return the right name, or all there are."""
    return nearest(word, choices) or f" (there are: {', '.join(choices)})"
