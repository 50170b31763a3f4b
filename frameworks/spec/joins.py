"""Joins: several branches of one input, each a chain of layers, brought together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec import flattened as _flattened
from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.layer import Layer


@dataclass(frozen=True, kw_only=True, slots=True)
class Join(Layer):
    """What brings branches together; an empty branch is the input itself. `flops` takes the shape of the output."""

    main: ClassVar[str] = "branches"

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the output for branches that end in `shapes`; `ValueError` says why not."""
        raise NotImplementedError

    def joined_flattened(self, ends: Sequence[tuple[Shape, Flattened]]) -> Flattened:
        """Return what the output lists where the branches end so.

        Where they list the same values in different orders, all are brought into the spec's order.
        """
        found = {flattened for _, flattened in ends}
        return found.pop() if len(found) == 1 else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Add(Join):
    """The sum of the branches, which end in one shape."""

    kind: ClassVar[str] = "add"
    passes_shift: ClassVar[bool] = True

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(set(shapes)) > 1:
            raise ValueError(f"adds branches that end in one shape, got {_words(shapes)}")
        return shapes[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Multiply(Join):
    """The product of the branches, which end in one shape, or in images (H, W, C) and numbers for their channels.

    The latter are (C,) or (1, 1, C), as squeeze-and-excite makes them (Hu et al. 2018).
    """

    kind: ClassVar[str] = "multiply"

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        whole = max(shapes, key=lambda shape: (len(shape), prod(shape)))
        if any(shape not in (whole, (1, 1, whole[-1]), whole[-1:]) for shape in shapes):
            raise ValueError(
                "multiplies branches that end in one shape, or in (H, W, C) and (C,) or (1, 1, C), "
                f"got {_words(shapes)}"
            )
        return whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Concat(Join):
    """The branches one after the other: vectors, or the channels of images of one height and width."""

    kind: ClassVar[str] = "concat"
    passes_shift: ClassVar[bool] = True

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len({shape[:-1] for shape in shapes}) > 1:
            raise ValueError(f"joins vectors, or images of one height and width, got {_words(shapes)}")
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def joined_flattened(self, ends: Sequence[tuple[Shape, Flattened]]) -> Flattened:
        return _flattened.concatenated(ends) if len(ends[0][0]) == 1 else ()

    def flops(self, shape: Shape) -> int:
        return 0


def _words(shapes: Sequence[Shape]) -> str:
    return " and ".join(str(shape) for shape in shapes)
