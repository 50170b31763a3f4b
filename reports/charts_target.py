"""A chart of time to the target: every repeat's, and who did not get there."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from bench.results import reach
from bench.results.schema import Results
from bench.results.summary import names
from reports.figure import Chart, canvas, finish, label, without_heights
from reports.format import seconds
from reports.palette import INK, LIGHT


def draw(results: Results, colours: Mapping[str, int], prefix: str, png: bool) -> list[Chart]:
    """Return the chart, where a target was set and anybody trained."""
    if reach.target(results) is None:
        return []
    found = {name: times for name in names(results) if (times := reach.outcomes(results.trials, name))}
    if not found:
        return []
    with canvas(0.8 + 0.62 * len(found)) as (figure, axes):
        for row, (name, times) in enumerate(found.items()):
            _row(axes, -float(row), times, LIGHT[colours.get(name, 0)])
            axes.text(0, -row + 0.3, _words(results, name), transform=axes.get_yaxis_transform(), va="center")
        axes.set_xlim(0, max(spent for times in found.values() for spent, _ in times) * 1.06)
        axes.set_ylim(-len(found) + 0.6, 0.5)
        without_heights(axes)
        axes.set_xlabel("seconds of training (end-to-end clock, evaluation left out)")
        late = any(not there for times in found.values() for _, there in times)
        arrows = " An arrow: a repeat that had not got there when its training ended." if late else ""
        return [
            finish(
                figure,
                key="target",
                title=f"Training until {reach.goal(results)}",
                note=f"A dot: one repeat; the line: the median. Known to within an epoch.{arrows}",
                prefix=prefix,
                png=png,
            )
        ]


def _row(axes: Axes, place: float, times: list[tuple[float, bool]], colour: str) -> None:
    there = [spent for spent, reached in times if reached]
    late = [spent for spent, reached in times if not reached]
    axes.plot([0, max(spent for spent, _ in times)], [place, place], color=colour, linewidth=0.8, alpha=0.4)
    axes.plot(there, [place] * len(there), linestyle="", marker="o", markersize=6, color=colour, alpha=0.6)
    axes.plot(late, [place] * len(late), linestyle="", marker=">", markersize=7, color=colour, markerfacecolor="none")
    if not late:
        middle = sorted(there)
        half = (middle[(len(middle) - 1) // 2] + middle[len(middle) // 2]) / 2
        axes.plot([half, half], [place - 0.16, place + 0.16], color=INK, linewidth=1.4)


def _words(results: Results, name: str) -> str:
    found = reach.reached(results, name)
    if found.seconds is not None:
        median = f"median {seconds(found.seconds)}"
    else:
        median = f"median over {seconds(found.at_least)}"
    return f"{label(name, 26)}   {found.got_there} of {found.repeats} got there, {median}"
