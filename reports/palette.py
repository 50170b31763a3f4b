"""Colours: one per contender throughout a page, told apart by colour-blind readers, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterable

LIGHT = ("#0072b2", "#d55e00", "#009e73", "#b8568f", "#3fa0d8", "#b07c00", "#7a7a1a", "#767676")
"""After Okabe and Ito, the light ones darkened until they stand out from white paper."""

DARK = ("#56b4e9", "#ff8f4d", "#2fc99b", "#e3a1c8", "#a5d8f6", "#efbd3d", "#d3d35c", "#b4b4b4")
"""The same hues for a dark page."""

INK = "#1f2328"
"""Text and axes: the sentinel that becomes ``currentColor`` inside the page."""


def assign(names: Iterable[str]) -> dict[str, int]:
    """Return a colour number for every name, in the order of first appearance; they recur after eight."""
    order = list(dict.fromkeys(names))
    return {name: index % len(LIGHT) for index, name in enumerate(order)}


def css() -> tuple[str, str]:
    """Return the declarations of the custom properties ``--c0`` … for a light and for a dark page."""
    light, dark = (
        " ".join(f"--c{index}: {colour};" for index, colour in enumerate(colours)) for colours in (LIGHT, DARK)
    )
    return light, dark
