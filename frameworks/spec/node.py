"""One layer in its place, with what its place makes of it: shapes, parameters, work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.joins import Join
from frameworks.spec.layer import Layer, Parameter


@dataclass(frozen=True, kw_only=True)
class Node:
    """One layer in its place, or a join with its branches."""

    name: str
    """Unique: the user's, or kind and count, such as ``dense_2``."""
    place: str
    """Where the spec says it: ``model.layers[3].dense``."""
    layer: Layer
    input_shape: Shape
    """Of a join: what each of its branches begins with."""
    output_shape: Shape
    flattened: Flattened
    """What the input vector lists, where images were flattened into it.

    A channels-first room lists them in another order, and reorders weights instead of activations.
    """
    branches: tuple[Chain, ...] = ()
    """Of a join: what is joined, each from the same input; an empty one is the input itself."""
    trainable: bool = True
    """Whether training changes its parameters."""
    weights: Mapping[str, Any] | str | None = None
    """What the spec says they begin with: numbers by name, or a file; see `frameworks.spec.given`."""

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The layer's tensors by canonical name, such as ``dense_2/kernel``."""
        found = self.layer.parameters(self.input_shape)
        return {
            f"{self.name}/{key}": value if self.trainable else replace(value, trainable=False)
            for key, value in found.items()
        }

    @property
    def num_parameters(self) -> int:
        """How many trainable numbers the layer has."""
        return sum(prod(value.shape) for value in self.parameters.values() if value.trainable)

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample's forward pass, without those of a join's branches."""
        if self.branches:
            return self.layer.flops(self.output_shape) * (len(self.branches) - 1)
        return self.layer.flops(self.input_shape)

    @property
    def passes_shift(self) -> bool:
        """Whether a constant added to each channel comes out as one; a frozen batch norm passes what it is given."""
        frozen = self.layer.undoes_shift and not self.trainable
        return frozen or self.layer.passes(self.input_shape)

    @property
    def undoes_shift(self) -> bool:
        """Whether such a constant changes nothing, in training."""
        return self.layer.undoes_shift and self.trainable

    @cached_property
    def ends(self) -> list[tuple[Shape, Flattened]]:
        """How each branch of a join ends: its shape, and what it lists."""
        return [
            (chain[-1].output_shape, chain[-1].output_flattened) if chain else (self.input_shape, self.flattened)
            for chain in self.branches
        ]

    @cached_property
    def output_flattened(self) -> Flattened:
        """`flattened`, for the layer that follows."""
        if isinstance(self.layer, Join):
            return self.layer.joined_flattened(self.ends)
        return self.layer.output_flattened(self.input_shape, self.flattened)


Chain = tuple[Node, ...]
"""Layers one behind the other."""


def walk(chain: Iterable[Node]) -> Iterator[Node]:
    """Yield every node in order of computation: those of a join's branches before the join."""
    for node in chain:
        for branch in node.branches:
            yield from walk(branch)
        yield node
