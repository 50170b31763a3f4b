"""Planted mistakes: known traps that a room falls into on request, so that a user can watch the gate bite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Plant:
    """One mistake, and what a run must have for it to show."""

    what: str
    optimizer: str = ""
    """The optimizer it needs; any, when empty."""
    losses: tuple[str, ...] = ()
    """The losses with which it shows; any, when empty."""
    layer: str = ""
    """The kind of layer it needs; any, when empty."""
    strided_same: bool = False
    """Whether it needs a convolution whose ``same`` padding is uneven."""
    says: str = ""
    """The key of `train` that must be set to something else than its default."""
