"""Random chains of layers: each in a place where it can stand, the rarely seen ones first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from math import prod
from typing import Any, get_type_hints

import numpy as np

from frameworks.spec import SpecError, parse
from frameworks.spec.joins import Join
from frameworks.spec.vocabulary import LAYERS, WORDS
from tests.frameworks.random_specs import values
from tests.frameworks.random_specs.values import Rng

MOST_VALUES = 400
"""Of one sample's output of a layer: the cost of a spec is its building, not its size."""

TRIES = 12
"""How many times a layer that does not fit is drawn anew before another one is taken."""

JOINS = tuple(kind for kind, layer in LAYERS.items() if issubclass(layer, Join))
KINDS = WORDS
"""Everything that can stand in a list of layers."""

END = ("the_end", [{"flatten": {"name": "the_end"}}, {"dense": "outputs"}])
"""What makes a whole network of any chain: how its shape is asked for."""

Shape = tuple[int, ...]
Item = Any
"""A layer as a spec has it."""


def shape_after(chain: Sequence[Item], shape: Shape) -> Shape | None:
    """Return the shape that a chain makes of an input of `shape`, or None where it cannot stand there."""
    try:
        network = parse([*chain, *END[1]], input_shape=shape, outputs=2)
    except SpecError:
        return None
    return next(tuple(node.input_shape) for node in network.nodes if node.name == END[0])


def is_void(kind: str, shape: Shape) -> bool:
    """Return whether a layer says the same whatever comes in: then all gradients before it are rounding noise.

    Of one channel, layer normalisation gives its beta and softmax 1; of a vector of one feature, too.
    """
    return kind in ("layer_norm", "softmax") and shape[-1] == 1


class Chains:
    """Draws chains; what was drawn rarely is drawn more often."""

    def __init__(self, rng: Rng, seen: Counter[str]) -> None:
        self.rng, self.seen, self.named = rng, seen, 0

    def pick(self, what: str, choices: Sequence[Any]) -> Any:
        """Return one of `choices`, the more probably the more rarely it has been seen as ``what choice``."""
        weights = np.array([(1.0 + self.seen[f"{what} {choice}"]) ** -2 for choice in choices])
        return choices[self.rng.choice(len(choices), p=weights / weights.sum())]

    def chain(self, shape: Shape, length: int, depth: int, keep: bool = False) -> list[Item]:
        """Return up to `length` layers for an input of `shape`; with `keep` no image changes height or width."""
        found: list[Item] = []
        for _ in range(length):
            for _ in range(TRIES):
                kind = self.pick("layer", KINDS)
                item = self.item(kind, shape, depth)
                after = None if item is None or is_void(kind, shape) else shape_after([item], shape)
                if after is None or prod(after) > MOST_VALUES or (keep and not _kept(shape, after)):
                    continue
                found.append(self.told_more(item, shape))
                shape = after
                break
        return found

    def item(self, kind: str, shape: Shape, depth: int) -> Item | None:
        """Return one layer of `kind` that may stand after `shape`, or None where none is thought of."""
        if kind in JOINS:
            return {kind: self.branches(kind, shape, depth - 1)} if depth > 0 else None
        if kind == "repeat":
            if depth <= 0:
                return None
            inside = self.chain(shape, int(self.rng.integers(1, 3)), depth - 1)
            return {"repeat": {"times": int(self.rng.integers(1, 4)), "layers": inside}} if inside else None
        given = self.parameters(kind, shape)
        return {kind: given} if given else kind

    def told_more(self, item: Item, shape: Shape) -> Item:
        """Return a layer with what any layer may be told, now and then: that it is frozen, or a name of its own."""
        kind, given = (item, {}) if isinstance(item, str) else next(iter(item.items()))
        if kind in (*JOINS, "repeat"):
            return item
        extra: dict[str, Any] = {"trainable": False} if self.rng.random() < 0.08 else {}
        if self.rng.random() < 0.1:
            self.named += 1
            extra["name"] = f"mine_{self.named}"
        more = {kind: given | extra}
        return more if extra and shape_after([more], shape) else item

    def parameters(self, kind: str, shape: Shape) -> dict[str, Any]:
        """Return what the layer is told: what it needs, and now and then what it may be told."""
        given: dict[str, Any] = {}
        hints = get_type_hints(LAYERS[kind])
        for field in fields(LAYERS[kind]):
            if field.default is MISSING or self.rng.random() < 0.45:
                special = SPECIAL.get((kind, field.name))
                channels = shape[-1]
                draw = (
                    special(self.rng, shape)
                    if special
                    else values.of(field.name, hints[field.name], self.rng, channels)
                )
                given[field.name] = draw
        return given

    def branches(self, kind: str, shape: Shape, depth: int) -> list[list[Item]]:
        """Return two or three branches that `kind` can join: each a short chain, and what makes its end fit."""
        image = len(shape) == 3
        reducer = image and min(shape[:2]) > 2 and self.rng.random() < 0.3
        found = []
        width = int(self.rng.integers(1, 5))
        for index in range(int(self.rng.integers(2, 4))):
            begin = [self.reducer()] if reducer else []
            inside = shape_after(begin, shape) or shape
            if index == 0 and not begin and self.rng.random() < 0.3 and kind != "concat":
                found.append([])  # the identity
                width = shape[-1]
                continue
            body = self.chain(inside, int(self.rng.integers(0, 3)), depth, keep=True)
            end = shape_after([*begin, *body], shape)
            fits = end is not None and (kind == "concat" or end[-1] == width)
            closing = [] if fits else [{"conv2d": {"filters": width, "kernel_size": 1}} if image else {"dense": width}]
            branch = [*begin, *body, *closing]
            if kind == "multiply" and image and index and self.rng.random() < 0.4:
                branch = ["global_avg_pool2d", {"dense": width}, "sigmoid"]  # squeeze and excite
            found.append(branch)
        return found

    def reducer(self) -> Item:
        """Return a layer that halves an image, always to the same size."""
        kind = [{"conv2d": {"filters": 2, "strides": 2, "padding": "same"}}]
        kind += [{pool: {"pool_size": 2, "padding": "same"}} for pool in ("max_pool2d", "avg_pool2d")]
        return kind[self.rng.integers(len(kind))]


def _kept(before: Shape, after: Shape) -> bool:
    return len(before) == len(after) and before[:-1] == after[:-1]


def _factors(rng: Rng, shape: Shape) -> list[int]:
    """Return a shape with as many values as `shape`: a vector or an image, perhaps with a -1 in it."""
    rest = prod(shape)
    if rng.random() < 0.2:
        return [rest]
    sizes = []
    for _ in range(2):
        divisors = [each for each in range(1, rest + 1) if rest % each == 0]
        sizes.append(int(divisors[rng.integers(len(divisors))]))
        rest //= sizes[-1]
    sizes.append(rest)
    sizes = [sizes[place] for place in rng.permutation(3)]
    if rng.random() < 0.3:
        sizes[rng.integers(3)] = -1
    return sizes


def _size(rng: Rng, shape: Shape) -> Any:
    return [int(rng.integers(1, 8)), int(rng.integers(1, 8))]


def _as_many(rng: Rng, shape: Shape) -> list[float]:
    return [round(float(each), 3) for each in rng.uniform(0.2, 1.5, shape[-1])]


SPECIAL: dict[tuple[str, str], Callable[[Rng, Shape], Any]] = {
    ("reshape", "shape"): _factors,
    ("resize", "size"): _size,
    ("normalize", "mean"): _as_many,
    ("normalize", "variance"): _as_many,
}
"""Parameters whose values depend on what comes in."""
