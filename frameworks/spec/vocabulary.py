"""The vocabulary: every layer by its name in a spec, and how one item of a spec becomes one of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints

from frameworks.spec import activations, joins, layers, norms, pools, shaping, values
from frameworks.spec.errors import SpecError, near
from frameworks.spec.layer import Layer
from frameworks.spec.padding import Pads

LAYERS: dict[str, type[Layer]] = {
    cls.kind: cls
    for module in (layers, norms, pools, shaping, activations, joins)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if issubclass(cls, Layer) and cls.kind
}
"""The vocabulary: every layer by its name in a spec."""

WORDS = (*LAYERS, "repeat")
"""What an item of a spec may be."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
"""What a framework takes for a layer's name, less the '.' of names that a room gives to layers of its own."""

_READERS: dict[Any, Callable[[Any], Any]] = {
    int: values.integer,
    float: values.number,
    bool: values.boolean,
    str: values.text,
    values.Pair: values.pair,
    values.Pair | None: lambda value: None if value is None else values.pair(value),
    values.Padding: values.padding,
    Pads: values.pads,
    values.Numbers: values.numbers,
    values.Sizes: values.sizes,
    values.Interpolation: values.interpolation,
}


def named(item: Any, place: str) -> tuple[str, dict[str, Any]]:
    """Return the kind and the parameters of ``name``, ``name: {…}`` or ``name: value``."""
    given: Any = None
    if isinstance(item, str):
        kind = item
    elif isinstance(item, dict) and len(item) == 1:
        kind, given = next(iter(item.items()))
    else:
        if isinstance(item, dict) and len(kinds := [key for key in item if key in WORDS]) == 1:
            raise SpecError(f"{place}: {_beside(kinds[0], item)}")
        raise SpecError(f"{place}: must be a layer's name or 'name: {{parameters}}', got {item!r:.80}")
    if kind not in WORDS:
        raise SpecError(f"{place}: there is no layer '{kind}'{near(str(kind), WORDS)}")
    if given is None:
        given = {}
    if not isinstance(given, dict):
        main = _main(kind)
        if not main:
            raise SpecError(f"{place}.{kind}: takes no value, got {given!r:.80}")
        given = {main: given}
    return kind, dict(given)


def _main(kind: str) -> str:
    """Return the parameter that a value of its own means: ``dense: 10`` has 10 units."""
    return "times" if kind == "repeat" else LAYERS[kind].main


def _beside(kind: str, item: Mapping[Any, Any]) -> str:
    """Return what to write in place of a layer's parameters that stand beside its name, as siblings in YAML."""
    given, others = item[kind], [f"{key}: {item[key]!s:.20}" for key in item if key != kind]
    first = "…" if isinstance(given, dict) else f"{_main(kind)}: {given!s:.20}" if given is not None else ""
    inside = ", ".join(([first] if first else []) + others)
    for word in ("True", "False"):
        inside = inside.replace(f": {word}", f": {word.lower()}")
    return f"write {others[0].partition(':')[0]} inside: {kind}: {{{inside}}}"


def common(
    given: dict[str, Any], place: str, refuse: tuple[str, ...] = ()
) -> tuple[Any, bool, Mapping[str, Any] | str | None]:
    """Take what any layer may have out of `given`: (name, trainable, weights); `refuse` names what it may not."""
    for key in refuse:
        if key in given:
            raise SpecError(f"{place}.{key}: is a layer's own: say it of the layers within")
    trainable, weights = given.pop("trainable", True), given.pop("weights", None)
    if not isinstance(trainable, bool):
        raise SpecError(f"{place}.trainable={trainable}: must be true or false")
    if weights is not None and not isinstance(weights, Mapping | str):
        raise SpecError(f"{place}.weights={weights!r:.80}: must be a file, or numbers by name: {{kernel: …, bias: …}}")
    return given.pop("name", None), trainable, weights


def made(cls: type[Layer], given: dict[str, Any], place: str, outputs: int) -> Layer:
    """Return the layer with the parameters `given`."""
    known: dict[str, Field[Any]] = {field.name: field for field in fields(cls)}
    hints = get_type_hints(cls)
    read: dict[str, Any] = {}
    for key, value in given.items():
        if key == "activation":
            raise SpecError(f"{place}.activation: write {value!s:.20} as the next layer")
        if key not in known:
            raise SpecError(f"{place}.{key}: no such parameter{_near(str(key), known)}")
        try:
            read[key] = outputs if value == "outputs" and key == "units" else _READERS[hints[key]](value)
        except ValueError as error:
            outputs_too = ", or outputs" if key == "units" else ""
            raise SpecError(f"{place}.{key}={value}: {error}{outputs_too}") from None
    for key, field in known.items():
        if key not in read and field.default is MISSING:
            raise SpecError(f"{place}: needs {key}, as in '{cls.kind}: {{{key}: …}}'")
    try:
        return cls(**read)
    except ValueError as error:
        raise SpecError(f"{place}: {error}") from None


def _near(key: str, known: Mapping[str, Any]) -> str:
    everywhere = [*known, "name", "trainable", "weights"]
    return near(key, everywhere)
