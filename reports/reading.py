"""The numbers of a chart, for the script in the page that reads them out beside the pointer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from reports.frames import Array

MOST = 200
"""Points of a series that the page carries: of more, every so manieth."""

LONG = 30
"""Points from which on a closer look is worth its script."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One line, or one row of points."""

    name: str
    colour: int
    x: Array
    y: Array
    texts: Sequence[str] | None = None
    """What stands beside a point; without them, its `y`."""


@dataclass(kw_only=True, slots=True)
class Reading:
    """What a chart can be asked."""

    series: list[Series] = field(default_factory=list)
    across: str = ""
    """What x is: "epoch"."""
    unit: str = ""
    """Of x, as it is written: "ms"."""
    factor: float = 1.0
    """From x to `unit`."""
    percent: bool = False
    """Whether y is a share."""
    nearest: bool = False
    """Whether only the nearest point is told, not that of every series above and below it."""


def data(reading: Reading, axes: Axes) -> Markup:
    """Return `reading` as JSON that can stand in a page's script element; the layout of `axes` must be settled.

    ``box`` is the axes' left, top, right and bottom in the units of the SVG's view box.
    """
    figure = axes.get_figure(root=True)
    width, height = figure.get_size_inches() * 72 if figure else (0.0, 0.0)
    place = axes.get_position()
    value = {
        "box": [
            _short(v)
            for v in (place.x0 * width, height - place.y1 * height, place.x1 * width, height - place.y0 * height)
        ],
        "x": {"limits": [*map(_short, axes.get_xlim())], "log": axes.get_xscale() == "log"},
        "y": {"limits": [*map(_short, axes.get_ylim())], "log": axes.get_yscale() == "log"},
        "across": reading.across,
        "unit": reading.unit,
        "factor": reading.factor,
        "percent": reading.percent,
        "nearest": reading.nearest,
        "long": any(item.texts is None and item.x.size >= LONG for item in reading.series),
        "series": [_series(item) for item in reading.series],
    }
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    # All else that could end the element or a line of script is escaped by json already.
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _series(item: Series) -> dict[str, object]:
    every = max(1, -(-item.x.size // MOST))
    found: dict[str, object] = {
        "name": item.name,
        "colour": item.colour,
        "x": [*map(_short, item.x[::every])],
        "y": [*map(_short, item.y[::every])],
    }
    if item.texts is not None:
        found["texts"] = list(item.texts[::every])
    return found


def _short(value: float) -> float | int | None:
    """Return a number with five significant digits; None where it is none."""
    number = float(f"{value:.5g}")
    if not np.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
