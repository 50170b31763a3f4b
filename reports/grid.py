"""The ratios of a sweep over the two settings that vary most; what cannot have a ratio says why. Never a mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from bench.results.schema import Comparison
from bench.results.summary import names
from reports.format import interval, number, ratio
from reports.settings import ordered
from reports.view import View

QUANTITY = "step_seconds"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One combination of settings."""

    text: str
    """A ratio, or why there is none."""
    small: str = ""
    """Its interval, or that it is not certified."""
    ratio: float | None = None
    resolved: bool = True
    """Whether the interval leaves 1 out."""
    certified: bool = True
    family: int = 1
    """Of how many comparisons its interval holds together."""


@dataclass(kw_only=True, slots=True)
class Grid:
    """The ratios of one contender, at one value of every further setting."""

    contender: str
    baseline: str
    fixed: str
    """The values of the further settings: "pipeline=memory"; empty where there is none."""
    row_key: str
    column_key: str
    rows: list[str]
    columns: list[str]
    cells: list[list[Cell]] = field(default_factory=list)


def grids(views: Sequence[View], settings: Sequence[Mapping[str, str]]) -> list[Grid]:
    """Return a grid per contender and value of the further settings; none where fewer than two settings vary."""
    keys = list(settings[0]) if settings else []
    values = {key: ordered([item[key] for item in settings if item[key]]) for key in keys}
    most = sorted(keys, key=lambda key: -len(values[key]))
    if len(most) < 2:
        return []
    # The one with fewer values across: a phone is narrow.
    row_key, column_key = most[:2]
    further = [key for key in keys if key not in (row_key, column_key)]
    found = []
    combinations = dict.fromkeys(tuple(item[key] for key in further) for item in settings)
    for (contender, baseline), fixed in product(_pairs(views), combinations):
        chosen = dict(zip(further, fixed, strict=True))
        grid = Grid(
            contender=contender,
            baseline=baseline,
            fixed=", ".join(f"{key}={value}" for key, value in chosen.items()),
            row_key=row_key,
            column_key=column_key,
            rows=values[row_key],
            columns=values[column_key],
        )
        here = [(view, item) for view, item in zip(views, settings, strict=True) if chosen.items() <= item.items()]
        grid.cells = [
            [
                _cell([view for view, item in here if (item[row_key], item[column_key]) == (row, column)], grid)
                for column in grid.columns
            ]
            for row in grid.rows
        ]
        if any(cell.ratio is not None for line in grid.cells for cell in line):
            found.append(grid)
    return found


def _pairs(views: Sequence[View]) -> list[tuple[str, str]]:
    """Return every (contender, baseline) that a run compares in time per step."""
    return list(dict.fromkeys((item.contender, item.baseline) for view in views for item in compared(view)))


def compared(view: View) -> Iterator[Comparison]:
    """Yield the ratios of time per step of one run."""
    if view.results:
        yield from (item for item in view.results.comparison if item.quantity == QUANTITY)


def _cell(views: Sequence[View], grid: Grid) -> Cell:
    if not views:
        return Cell(text="not run")
    if len(views) > 1:
        return Cell(text=f"{len(views)} runs", small="in the table")
    view = views[0]
    mine = (item for item in compared(view) if (item.contender, item.baseline) == (grid.contender, grid.baseline))
    item = next(mine, None)
    found = number(item.ratio) if item else None
    if item is None or found is None or found <= 0:
        return Cell(text=_why(view, grid))
    low, high = number(item.low), number(item.high)
    small = interval(low, high) or "no interval"
    if not item.certified:
        small = "uncertified"
    elif view.run.status != "ok":
        small = view.run.status
    return Cell(
        text=ratio(found),
        small=small,
        ratio=found,
        family=item.family,
        resolved=low is not None and high is not None and not low <= 1 <= high,
        certified=item.certified,
    )


def _why(view: View, grid: Grid) -> str:
    """Return why a run has no ratio."""
    if view.run.status != "ok":
        return view.run.status
    there = names(view.results) if view.results else []
    return "no ratio" if grid.contender in there and grid.baseline in there else "not applicable"
