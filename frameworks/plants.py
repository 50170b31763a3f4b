"""Planted mistakes: known traps that a room falls into on request, so that a user can watch the gate bite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frameworks.spec import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Plant:
    """One mistake, and what a run must have for it to show."""

    what: str
    optimizers: tuple[str, ...] = ()
    """The optimizers with which it shows; any, when empty."""
    needs: tuple[str, ...] = ()
    """Hyperparameters of the optimizer that must be set."""
    schedule: bool = False
    """Whether the learning rate must change."""
    warmup: bool = False
    """Whether it must warm up."""
    losses: tuple[str, ...] = ()
    """The losses with which it shows; any, when empty."""
    layer: str = ""
    """The kind of layer it needs; any, when empty."""
    strided_same: bool = False
    """Whether it needs a convolution whose ``same`` padding is uneven."""
    where: Callable[[Node], bool] | None = None
    """Says of a layer whether the mistake shows in it; any, when None."""
    such: str = ""
    """The layer that `where` finds, in words."""
    says: str = ""
    """The key of `train` that must be set to something else than its default."""
