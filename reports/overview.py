"""A sweep at a glance: who is faster how often, a table of all runs, ratios over the grid, and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.results.format import count
from bench.results.schema import Comparison
from reports import charts_grid, charts_ratio
from reports.failures import Failure, failure
from reports.figure import Chart
from reports.format import number, ratio
from reports.grid import compared, grids
from reports.settings import varying
from reports.summary import Line
from reports.view import View

MOST_BARS = 30
"""Runs × contenders up to which the ratios are drawn one below the other, where there is no grid to lay them out on."""

MOST_GRIDS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One contender of one run; a run that left nothing has a row without a line."""

    view: View
    settings: list[str]
    """The values of `Overview.keys`."""
    line: Line | None


@dataclass(kw_only=True, slots=True)
class Overview:
    """What stands before the runs of a sweep."""

    keys: list[str] = field(default_factory=list)
    """The settings that vary: columns of the table."""
    rows: list[Row] = field(default_factory=list)
    standings: list[str] = field(default_factory=list)
    """One sentence per pair of contenders."""
    grids: list[Chart] = field(default_factory=list)
    forest: list[Chart] = field(default_factory=list)
    more: str = ""
    """Which charts were left out."""
    failures: list[Failure] = field(default_factory=list)

    @property
    def comparisons(self) -> list[Comparison]:
        """The ratios of all rows that have one."""
        found = (row.line.row.comparison for row in self.rows if row.line)
        return [item for item in found if item is not None]

    @property
    def compared(self) -> bool:
        """Whether any run has a ratio at all."""
        return bool(self.comparisons)

    @property
    def charts(self) -> list[Chart]:
        """All of its charts."""
        return [*self.grids, *self.forest]


def overview(views: Sequence[View], colours: dict[str, int], png: bool) -> Overview:
    """Return what stands before the runs."""
    settings = varying([view.run for view in views])
    found = Overview(
        keys=list(settings[0]),
        rows=[row for view, item in zip(views, settings, strict=True) for row in _rows(view, item)],
        standings=_standings(views),
        failures=[failure(view) for view in views if view.run.status != "ok"],
    )
    _draw(found, views, settings, colours, png)
    return found


def _rows(view: View, settings: Mapping[str, str]) -> list[Row]:
    lines: list[Line | None] = [*view.lines] or [None]
    return [Row(view=view, settings=list(settings.values()), line=line) for line in lines]


def _standings(views: Sequence[View]) -> list[str]:
    """Return how often each contender is faster than its baseline: counted, never averaged."""
    pairs: dict[tuple[str, str], list[Comparison]] = {}
    for view in views:
        for item in compared(view):
            if number(item.ratio) is not None:
                pairs.setdefault((item.contender, item.baseline), []).append(item)
    return [_standing(*names, found) for names, found in pairs.items() if any(item.certified for item in found)]


def _standing(contender: str, baseline: str, found: Sequence[Comparison]) -> str:
    sound = [item for item in found if item.certified]
    lows = [low for item in sound if (low := number(item.low)) is not None]
    highs = [high for item in sound if (high := number(item.high)) is not None]
    faster, slower = sum(high < 1 for high in highs), sum(low > 1 for low in lows)
    counts = {"slower": slower, "not resolved": len(lows) - faster - slower, "no interval": len(sound) - len(lows)}
    rest = "".join(f", {words} in {number}" for words, number in counts.items() if number)
    ratios = [value for item in sound if (value := number(item.ratio)) is not None]
    aside = f"per training step, 95 % in each run; ratios from {ratio(min(ratios))} to {ratio(max(ratios))}"
    left_out = f"; {count(len(found) - len(sound), 'uncertified run')} left out" if len(sound) < len(found) else ""
    return (
        f"{contender} is faster than {baseline} in {faster or 'none'} of {count(len(sound), 'certified run')}{rest} "
        f"({aside}{left_out})"
    )


def _draw(
    found: Overview, views: Sequence[View], settings: Sequence[Mapping[str, str]], colours: dict[str, int], png: bool
) -> None:
    every = grids(views, settings)
    rows = [
        charts_ratio.Row(label=f"{', '.join(here.values()) or view.title}: {item.contender}", comparison=item)
        for view, here in zip(views, settings, strict=True)
        for item in compared(view)
    ]
    try:
        found.grids = charts_grid.draw(every[:MOST_GRIDS], png)
        if not found.grids and len(rows) <= MOST_BARS:
            chart = charts_ratio.draw(
                rows,
                colours,
                key="overview-ratios",
                title="Time per training step against the baseline, run by run",
                prefix="all",
                png=png,
            )
            found.forest = [chart] if chart else []
    except Exception as error:  # matplotlib raises many kinds for absurd numbers; the table beside it says the same
        found.more = f"Charts over the runs could not be drawn ({type(error).__name__}); the table has every ratio."
        return
    if len(every) > MOST_GRIDS:
        found.more = f"{len(every) - MOST_GRIDS} more maps of this kind are left out; the table has every ratio."
