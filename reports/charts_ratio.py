"""The forest plot: ratios of times with their intervals, on a log scale, 1 marked and both directions named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from bench.results.schema import TIMES, Comparison
from reports.figure import Chart, Margins, canvas, finish, label, log_ticks, without_heights
from reports.format import interval, number, ratio
from reports.palette import INK, LIGHT

TICKS = (1, 0.5, 2, 0.1, 10, 0.2, 5, 0.8, 1.25, 0.01, 100, 0.05, 20, 0.65, 1.5, 0.9, 1.1, 0.3, 3, 0.001, 1000)
WIDEST = 8.0
"""An interval is drawn at most this factor beyond the outermost point, and with an arrow there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a forest plot."""

    label: str
    comparison: Comparison
    heading: str = ""
    """What stands above this row and those that follow."""


def rows_of(comparisons: Sequence[Comparison]) -> list[Row]:
    """Return the rows of one run, by quantity in the order of interest, then by contender."""
    order = {name: place for place, name in enumerate(TIMES)}
    ranked = sorted(comparisons, key=lambda item: order.get(item.quantity, len(order)))
    several = len({item.contender for item in comparisons}) > 1
    rows, before = [], None
    for item in ranked:
        name = TIMES.get(item.quantity, item.quantity)
        heading = name if several and item.quantity != before else ""
        rows.append(Row(label=item.contender if several else name, comparison=item, heading=heading))
        before = item.quantity
    return rows


def draw(
    rows: Sequence[Row],
    colours: Mapping[str, int],
    *,
    key: str,
    title: str,
    prefix: str,
    png: bool,
    family: str = "one run and quantity",
) -> Chart | None:
    """Return the forest plot of `rows`; those without a positive ratio are counted, not drawn.

    `family` says whose intervals hold together: the contenders of what.
    """
    shown = [row for row in rows if (number(row.comparison.ratio) or 0) > 0]
    if not shown:
        return None
    places, bottom = _places(shown)
    with canvas(0.55 - 0.46 * bottom, margins=Margins(left=0.2, top=0.22)) as (figure, axes):
        low, high = _limits(shown)
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(bottom, 0)
        for place, row in zip(places, shown, strict=True):
            _row(axes, place, row, LIGHT[colours.get(row.comparison.contender, 0)], low, high)
        _axis(axes, shown)
        note = _note(shown, len(rows) - len(shown), family)
        return finish(figure, key=key, title=title, note=note, prefix=prefix, png=png)


def _places(rows: Sequence[Row]) -> tuple[list[float], float]:
    """Return the height of every row, downwards from 0, and where the axis lies below them."""
    places, place = [], 0.25
    for row in rows:
        place -= 1.7 if row.heading else 1.0
        places.append(place)
    return places, place - 0.4


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    points = [float(row.comparison.ratio or 1) for row in rows] + [1.0]
    bounds = [number(row.comparison.low) or min(points) for row in rows] + points
    tops = [number(row.comparison.high) or max(points) for row in rows] + points
    low = max(min([bound for bound in bounds if bound > 0]), min(points) / WIDEST)
    high = min(max(tops), max(points) * WIDEST)
    low, high = min(low, 0.85), max(high, 1.18)
    reach = (high / low) ** 0.06
    return low / reach, high * reach


def _row(axes: Axes, place: float, row: Row, colour: str, low: float, high: float) -> None:
    item = row.comparison
    # A mark of its own per row: one line through all of them would cut through the words above the points.
    axes.plot([1, 1], [place - 0.2, place + 0.2], color=INK, linewidth=1)
    left, right = number(item.low), number(item.high)
    if left is not None and right is not None and 0 < left <= right:
        axes.plot([max(left, low), min(right, high)], [place, place], color=colour, linewidth=2.6)
        for bound, edge, marker in ((left, low, "<"), (right, high, ">")):
            if (bound < edge) if marker == "<" else (bound > edge):
                axes.plot([edge], [place], marker=marker, color=colour, markersize=6, clip_on=False)
    face = colour if item.certified else "white"
    axes.plot([float(item.ratio or 1)], [place], "o", markersize=7, color=colour, markerfacecolor=face, clip_on=False)
    text = f"{ratio(item.ratio)}  {interval(left, right)}".strip()
    across = axes.get_yaxis_transform()
    if row.heading:
        axes.text(0, place + 0.92, label(row.heading, 60), transform=across, va="bottom", fontweight="bold")
    axes.text(0, place + 0.27, label(row.label, 44), transform=across, va="bottom", fontsize=8.5)
    axes.text(1, place + 0.27, text, transform=across, va="bottom", ha="right", fontsize=8.5)


def _axis(axes: Axes, rows: Sequence[Row]) -> None:
    log_ticks(axes, TICKS, lambda value: f"{value:g}×")
    without_heights(axes)
    baselines = {row.comparison.baseline for row in rows}
    name = label(next(iter(baselines)), 16) if len(baselines) == 1 else "baseline"
    axes.set_xlabel(f"time ÷ {name}'s time (log scale)")
    for words, side, place in ((f"◂ faster than {name}", "left", 0), (f"slower than {name} ▸", "right", 1)):
        axes.text(place, 1.0, words, transform=axes.transAxes, ha=side, va="bottom", fontsize=8.5)


def _note(rows: Sequence[Row], missing: int, family: str) -> str:
    notes = ["Point: geometric mean of the ratios; line: 95 % interval."]
    if any(row.comparison.family > 1 for row in rows):
        notes.append(f"Of the contenders of {family}, the intervals hold together.")
    if any(not row.comparison.certified for row in rows):
        notes.append("Hollow: not certified as the same work.")
    if any(not row.comparison.paired for row in rows):
        notes.append("Some are unpaired: machine drift not controlled.")
    if missing:
        notes.append(f"{missing} without a ratio left out.")
    return " ".join(notes)
