"""Reads a spec layer by layer, into nodes that know their places: branches, repeats and all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from frameworks.spec.errors import SpecError
from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.joins import Join
from frameworks.spec.layer import Layer
from frameworks.spec.node import Chain, Node
from frameworks.spec.vocabulary import LAYERS, NAME, common, made, named

__all__ = ["LAYERS", "MOST", "Entry", "Reader"]

MOST = 10_000
"""Layers that a network may have: a mistyped repeat would take all memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What a layer gets, and how it stands there."""

    shape: Shape
    flattened: Flattened
    source: str
    """Where it comes from, for messages: ``layers[3].dense``."""
    trainable: bool = True
    """Whether what encloses the layer lets it learn."""
    rounds: str = ""
    """What a name within repeats ends in: ``_2`` in the second round."""

    @classmethod
    def of_dataset(cls, shape: Shape) -> Entry:
        """Return what the first layer gets."""
        return cls(shape=shape, flattened=(), source="the dataset")

    def behind(self, node: Node) -> Entry:
        """Return what the layer behind `node` gets."""
        source = node.place.removeprefix("model.")
        return replace(self, shape=node.output_shape, flattened=node.output_flattened, source=source)


class Reader:
    """Reads one spec; counts its layers and knows their names."""

    def __init__(self, outputs: int) -> None:
        self.outputs = outputs
        self.counts: Counter[str] = Counter()
        self.places: dict[str, str] = {}

    def chain(self, spec: Any, place: str, entry: Entry) -> Chain:
        """Return the nodes of a list of layers at `place`."""
        if isinstance(spec, str) or not isinstance(spec, Sequence):
            raise SpecError(f"{place}: must be a list of layers, got {spec!r:.80}")
        nodes: list[Node] = []
        for index, item in enumerate(spec):
            kind, given = named(item, f"{place}[{index}]")
            here = f"{place}[{index}].{kind}"
            nodes += self._repeat(given, here, entry) if kind == "repeat" else [self._node(kind, given, here, entry)]
            entry = entry.behind(nodes[-1])
        return tuple(nodes)

    def _repeat(self, given: dict[str, Any], place: str, entry: Entry) -> list[Node]:
        """Return the nodes of every round of ``repeat: {times: …, layers: […]}``."""
        spec, times = given.pop("layers", None), given.pop("times", None)
        _, trainable, _ = common(given, place, refuse=("name", "weights"))
        if given:
            raise SpecError(f"{place}.{next(iter(given))}: no such parameter (there are: times, layers, trainable)")
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            raise SpecError(f"{place}.times={times}: must be a whole number above 0")
        if not spec:
            raise SpecError(f"{place}.layers: must be a list of layers with at least one")
        entry = replace(entry, trainable=entry.trainable and trainable)
        nodes: list[Node] = []
        for count in range(1, times + 1):
            each = replace(entry, rounds=f"{entry.rounds}_{count}")
            try:
                nodes += self.chain(spec, f"{place}.layers", each)
            except SpecError as error:
                raise SpecError(f"{error} (in round {count} of {place})" if count > 1 else str(error)) from None
            entry = entry.behind(nodes[-1])
        return nodes

    def _node(self, kind: str, given: dict[str, Any], place: str, entry: Entry) -> Node:
        name, trainable, weights = common(given, place)
        name = self._name(kind, name, place, entry.rounds)
        entry = replace(entry, trainable=entry.trainable and trainable)
        branches, layer, output = self._layer(kind, given, place, entry)
        if weights is not None and not layer.parameters(entry.shape):
            raise SpecError(f"{place}.weights: {kind} has none")
        return Node(
            name=name,
            place=place,
            layer=layer,
            input_shape=entry.shape,
            output_shape=output,
            flattened=entry.flattened,
            branches=branches,
            trainable=entry.trainable,
            weights=weights,
        )

    def _layer(
        self, kind: str, given: dict[str, Any], place: str, entry: Entry
    ) -> tuple[tuple[Chain, ...], Layer, Shape]:
        """Return (branches, layer, shape of its output)."""
        join = issubclass(LAYERS[kind], Join)
        branches = self._branches(given.pop("branches", None), place, entry) if join else ()
        layer = made(LAYERS[kind], given, place, self.outputs)
        try:
            if isinstance(layer, Join):
                shapes = [chain[-1].output_shape if chain else entry.shape for chain in branches]
                return branches, layer, layer.joined_shape(shapes)
            return (), layer, layer.output_shape(entry.shape)
        except ValueError as error:
            message, *hint = error.args
            source = "" if join else f" from {entry.source}"
            raise SpecError("; ".join([f"{place}: {message}{source}", *hint])) from None

    def _branches(self, given: Any, place: str, entry: Entry) -> tuple[Chain, ...]:
        if isinstance(given, str) or not isinstance(given, Sequence) or len(given) < 2:
            raise SpecError(f"{place}: must be a list of two branches or more, as in [[], [{{dense: 8}}, relu]]")
        return tuple(self.chain(branch, f"{place}[{index}]", entry) for index, branch in enumerate(given))

    def _name(self, kind: str, given: Any, place: str, rounds: str) -> str:
        """Return the layer's name: the user's, with the round of a repeat, or one of its kind's."""
        self.counts[kind] += 1
        if sum(self.counts.values()) > MOST:
            raise SpecError(f"{place}: the network has more than {MOST:,} layers; repeat fewer times")
        if given is not None and (not isinstance(given, str) or not NAME.fullmatch(given)):
            raise SpecError(f"{place}.name={given}: must be a word of letters, digits, '_' and '-'")
        name = f"{kind}_{self.counts[kind]}" if given is None else f"{given}{rounds}"
        if name in self.places:
            other = self.places[name]
            if given is None:
                raise SpecError(f"{other}.name={name}: is the name of {place}, which has none of its own; take another")
            raise SpecError(f"{place}.name={name}: {other} has this name already; take another")
        self.places[name] = place
        return name
