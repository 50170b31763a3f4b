"""Random values for the parameters of layers and optimizers, by their type and name.

A parameter of a kind that is not known here is refused: whoever adds one says what may be drawn for it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from frameworks.spec import values
from frameworks.spec.initializers import INITIALIZERS
from frameworks.spec.padding import Pads

Rng = np.random.Generator


class NotCovered(Exception):  # noqa: N818 (it says what to add)
    """The language has something that nobody taught this generator to draw."""


def between(low: float, high: float) -> Callable[[Rng], float]:
    return lambda rng: round(float(rng.uniform(low, high)), 3)


def magnitude(low: float, high: float) -> Callable[[Rng], float]:
    """Return a drawer of numbers whose logarithms are spread evenly."""
    return lambda rng: float(f"{10 ** rng.uniform(np.log10(low), np.log10(high)):.1e}")


FLOATS: dict[str, Callable[[Rng], float]] = {
    "rate": between(0.0, 0.7),
    "momentum": between(0.0, 0.99),
    "epsilon": magnitude(1e-5, 1e-1),
    "alpha": between(0.1, 2.0),
    "negative_slope": between(0.01, 0.5),
}
"""Of layers, by the parameter's name."""


def small(rng: Rng) -> int:
    return int(rng.integers(1, 5))


def pair(rng: Rng) -> Any:
    """Return one size for both axes, or two."""
    return small(rng) if rng.random() < 0.5 else [int(rng.integers(1, 4)), int(rng.integers(1, 4))]


def padding(rng: Rng) -> Any:
    """Return a padding of each kind as often."""
    explicit = [[int(rng.integers(0, 3)), int(rng.integers(0, 3))] for _ in range(2)]
    return [lambda: "valid", lambda: "same", lambda: explicit if rng.random() < 0.7 else 1][rng.integers(3)]()


def pads(rng: Rng) -> Any:
    return [[int(rng.integers(0, 3)), int(rng.integers(0, 3))] for _ in range(2)]


def of(name: str, hint: Any, rng: Rng, channels: int) -> Any:
    """Return a value for a layer's parameter `name` of type `hint`, where the input has so many channels.

    Raises `NotCovered` for a type or a number that nobody taught it.
    """
    known: list[tuple[Any, Callable[[], Any]]] = [
        (bool, lambda: bool(rng.random() < 0.5)),
        (int, lambda: small(rng)),
        (values.Pair, lambda: pair(rng)),
        (values.Pair | None, lambda: pair(rng)),
        (values.Padding, lambda: padding(rng)),
        (Pads, lambda: pads(rng)),
        (values.Numbers, lambda: numbers(rng, channels)),
    ]
    for kind, draw in known:
        if hint == kind:
            return draw()
    if name.endswith("initializer"):
        return list(INITIALIZERS)[rng.integers(len(INITIALIZERS))]
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        return choices[rng.integers(len(choices))]
    if hint is float and name in FLOATS:
        return FLOATS[name](rng)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (inner, *_) = [item for item in typing.get_args(hint) if item is not type(None)]
        return of(name, inner, rng, channels)
    raise NotCovered(f"a layer's parameter {name}: {hint}; say in {__name__} what may be drawn for it")


def numbers(rng: Rng, channels: int) -> Any:
    """Return one number above zero for all channels, or one for each."""
    found = [round(float(each), 3) for each in rng.uniform(0.2, 1.5, channels)]
    return found if rng.random() < 0.7 else found[0]
