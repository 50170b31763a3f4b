"""The rows of `bench.results.summary` as a page shows them, and the sentences it leads with."""

from __future__ import annotations

from dataclasses import dataclass

from bench.results import summary
from bench.results.schema import METRICS, Agreement, Comparison, Results
from bench.results.summary import Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One contender's row of the verdict table."""

    row: Row
    colour: int
    share: float
    """Its time per step as a share of the slowest contender's: the length of its bar."""


def lines(results: Results, colours: dict[str, int]) -> list[Line]:
    """Return the verdict table, one line per contender."""
    rows = summary.rows(results)
    slowest = max((row.step_seconds or 0.0 for row in rows), default=0.0)
    return [
        Line(
            row=row,
            colour=colours.get(row.name, 0),
            share=(row.step_seconds or 0.0) / slowest if slowest > 0 else 0.0,
        )
        for row in rows
    ]


def headline(results: Results) -> list[Comparison]:
    """Return the comparisons that the verdict in words is made of: per training step, else the first there is."""
    for quantity in dict.fromkeys(["step_seconds", *(item.quantity for item in results.comparison)]):
        found = [item for item in results.comparison if item.quantity == quantity and item.verdict]
        if found:
            return found
    return []


def quality(results: Results) -> list[Agreement]:
    """Return what the run says of the task's metric, for the line below the verdict."""
    return [item for item in results.agreement if item.quantity in METRICS and item.verdict]
