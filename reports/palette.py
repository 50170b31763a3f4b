"""Colours: one per contender throughout a page, told apart by colour-blind readers, in light and in dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

LIGHT = ("#0072b2", "#d55e00", "#009e73", "#b8568f", "#3fa0d8", "#b07c00", "#7a7a1a", "#767676")
"""After Okabe and Ito, the light ones darkened until they stand out from white paper."""

DARK = ("#56b4e9", "#ff8f4d", "#2fc99b", "#e3a1c8", "#a5d8f6", "#efbd3d", "#d3d35c", "#b4b4b4")
"""The same hues for a dark page."""

FASTER, SLOWER = "#1b8a4b", "#8e3fa0"
"""The two ends of a scale of ratios: apart for colour-blind readers, and none of the contenders' first colours."""

FASTER_DARK, SLOWER_DARK = "#22a35c", "#b060c4"
"""The same for a dark page."""

INK = "#1f2328"
"""Text and axes: the sentinel that becomes ``currentColor`` inside the page."""


def assign(runs: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return a colour number for every contender of every run, in the order of first appearance.

    Where there are more than `LIGHT` has, two share a colour: if possible, two that are in no run together.
    """
    every = list(runs)
    found: dict[str, int] = {}
    for name in dict.fromkeys(name for run in every for name in run):
        beside = {found[other] for run in every if name in run for other in run if other in found}
        uses = Counter(found.values())
        found[name] = min(range(len(LIGHT)), key=lambda colour: (colour in beside, uses[colour], colour))
    return found


def css() -> tuple[str, str]:
    """Return the custom properties ``--c0`` …, ``--faster`` and ``--slower`` of a light and of a dark page."""
    light, dark = (
        " ".join(f"--c{index}: {colour};" for index, colour in enumerate(colours)) for colours in (LIGHT, DARK)
    )
    return (
        f"{light} --faster: {FASTER}; --slower: {SLOWER};",
        f"{dark} --faster: {FASTER_DARK}; --slower: {SLOWER_DARK};",
    )
