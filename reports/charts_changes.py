"""The forest plot of folders held against the first of them: time per training step, contender by contender."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from reports import charts_ratio
from reports.changed import Changed
from reports.figure import Chart
from reports.grid import QUANTITY

MOST_ROWS = 30
"""Of a chart; more are in the tables alone."""


def rows(found: Changed) -> list[charts_ratio.Row]:
    """Return a row per contender and folder, under the work and the folder where there are several."""
    reference, changes = found.changes.reference, found.changes.changes
    made = []
    for change in changes:
        heading = f"{change.work}: {change.side}" if len(changes) > 1 else ""
        for pair in change.pairs:
            for item in (item for item in pair.times if item.quantity == QUANTITY):
                shown = dataclasses.replace(item, contender=pair.contender, baseline=reference)
                made.append(charts_ratio.Row(label=pair.contender, comparison=shown, heading=heading))
                heading = ""
    return made


def draw(found: Changed, colours: Mapping[str, int], png: bool) -> Chart | None:
    """Return the chart; None where nothing could be compared."""
    return charts_ratio.draw(
        rows(found),
        colours,
        key="changes",
        title=f"Time per training step against {found.changes.reference}",
        prefix="changes",
        png=png,
        family="one kind of work, in all folders",
    )
