"""What every layer can say of itself: its output's shape, its tensors, its work."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from frameworks.spec.flattened import Flattened, Shape


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One tensor of a layer, in Keras's layout."""

    shape: Shape
    initializer: str
    trainable: bool = True
    fans: tuple[int, int] | None = None
    """How many inputs each output has, and the reverse; None: as the shape says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What every layer can say of itself; an activation needs no more than this.

    A layer that does not fit raises `ValueError` with the reason; the parser adds the place.
    """

    kind: ClassVar[str] = ""
    main: ClassVar[str] = ""
    """The parameter that ``kind: value`` sets."""
    passes_shift: ClassVar[bool] = False
    """See `passes`."""
    undoes_shift: ClassVar[bool] = False
    """Whether a constant added to each channel of the input changes nothing, in training."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of `shape`; `ValueError` says why not."""
        return shape

    def output_flattened(self, shape: Shape, flattened: Flattened) -> Flattened:
        """Return what the output lists where an input of `shape` lists `flattened`."""
        return flattened if self.output_shape(shape) == shape else ()

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return the layer's tensors by name for an input of `shape`."""
        return {}

    def flops(self, shape: Shape) -> int:
        """Return the floating-point operations of one sample's forward pass; a multiply-add counts as two."""
        return prod(self.output_shape(shape))

    def products(self, shape: Shape) -> int:
        """Return the multiply-adds of one sample's forward matrix product or convolution; 0 for a layer without one.

        As frameworks count them: a kernel takes part whole, also where it reaches over the edge into padding.
        """
        return 0

    def passes(self, shape: Shape) -> bool:
        """Return whether a constant added to each channel of the input only adds a constant to each of the output."""
        return self.passes_shift
