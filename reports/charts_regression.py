"""Charts of a regression: what each contender predicted against what is true."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from bench.results.format import count, significant
from reports.answers import Answers, Array
from reports.figure import Chart, canvas, finish, label
from reports.palette import INK, LIGHT

HEIGHT = 3.6
MOST_POINTS = 1500
"""Points of a chart: where there are more, one of each equal stretch is drawn."""


def scores(known: Answers, contender: str) -> dict[str, list[float]]:
    """Return ``mae`` and ``r2`` of a contender's repeats on the test samples.

    R² is 1 − (squared errors) ÷ (squared distances from the targets' own mean): not a number where all targets are one.
    """
    labels = known.labels
    around = float(np.sum((labels - labels.mean()) ** 2))
    errors = [answered - labels for answered in known.found[contender].values()]
    return {
        "mae": [float(np.mean(np.abs(each))) for each in errors],
        "r2": [1 - float(np.sum(each**2)) / around if around > 0 else float("nan") for each in errors],
    }


def draw(known: Answers, colours: Mapping[str, int], prefix: str, png: bool) -> list[Chart]:
    """Return a chart of each contender in a regression, all with the same axes; none of another task."""
    if not known.regression or not known.found:
        return []
    everything = [known.labels, *(answered for mine in known.found.values() for answered in mine.values())]
    low, high = min(each.min() for each in everything), max(each.max() for each in everything)
    room = 0.03 * (high - low) or 1.0
    return [
        _draw(known, name, place, (low - room, high + room), LIGHT[colours.get(name, 0)], prefix, png)
        for place, name in enumerate(known.found)
    ]


def _draw(
    known: Answers, name: str, place: int, limits: tuple[float, float], colour: str, prefix: str, png: bool
) -> Chart:
    mine = list(known.found[name].values())
    true, said = np.tile(known.labels, len(mine)), np.concatenate(mine)
    chosen = np.linspace(0, true.size - 1, min(true.size, MOST_POINTS)).astype(np.int64)
    with canvas(HEIGHT) as (figure, axes):
        axes.plot(limits, limits, color=INK, linewidth=0.8, alpha=0.6)
        _points(axes, true[chosen], said[chosen], colour)
        axes.set_xlim(limits)
        axes.set_ylim(limits)
        axes.set_aspect("equal")
        axes.set_xlabel("true value")
        axes.set_ylabel(f"predicted by {label(name)}")
        return finish(
            figure,
            key=f"predicted-{place}",
            title=f"Predicted against true: {name}",
            note=_note(known, name, chosen.size, true.size),
            prefix=prefix,
            png=png,
        )


def _points(axes: Axes, across: Array, up: Array, colour: str) -> None:
    """Draw points as one path of dots: a tenth of the bytes of a marker each."""
    ends = np.column_stack([across, up]).repeat(2, axis=0)
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO], np.uint8), across.size)
    path = Path(ends, codes)
    path.should_simplify = False  # it would take dots for nothing
    axes.add_patch(PathPatch(path, edgecolor=colour, facecolor="none", linewidth=3.2, alpha=0.45, capstyle="round"))


def _note(known: Answers, name: str, drawn: int, points: int) -> str:
    found = scores(known, name)
    repeats = len(found["mae"])
    parts = [f"MAE {spread(found['mae'])}", f"R² {spread(found['r2'])}"]
    over = f"mean ± standard deviation of {count(repeats, 'repeat')}" if repeats > 1 else "one repeat"
    rest = f" {drawn:,} of {points:,} points are drawn." if drawn < points else ""
    return f"{', '.join(parts)} ({over}), in the target's own units. A point: one test sample in one repeat.{rest}"


def spread(values: list[float]) -> str:
    """Return mean ± standard deviation, of one value alone the value: "45.2 ± 0.6"."""
    known = np.array([value for value in values if np.isfinite(value)])
    if not known.size:
        return "–"
    told = significant(float(known.mean()))
    told = told.replace("-", "−")
    return f"{told} ± {significant(float(known.std(ddof=1)), 2)}" if known.size > 1 else told
