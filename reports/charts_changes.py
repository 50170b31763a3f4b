"""The forest plot of folders held against the first of them: time per training step, contender by contender."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from reports import charts_ratio
from reports.changed import Changed
from reports.figure import Chart

QUANTITY = "step_seconds"
MOST_ROWS = 30
"""More are in the tables alone."""


def draw(found: Changed, colours: Mapping[str, int], png: bool) -> Chart | None:
    """Return the chart; None where nothing could be compared, or too much for one chart."""
    reference, changes = found.changes.reference, found.changes.changes
    rows = []
    for change in changes:
        heading = f"{change.work}: {change.side}" if len(changes) > 1 else ""
        for pair in change.pairs:
            for item in (item for item in pair.times if item.quantity == QUANTITY):
                shown = dataclasses.replace(item, contender=pair.contender, baseline=reference)
                rows.append(charts_ratio.Row(label=pair.contender, comparison=shown, heading=heading))
                heading = ""
    if len(rows) > MOST_ROWS:
        return None
    title = f"Time per training step against {reference}"
    return charts_ratio.draw(rows, colours, key="changes", title=title, prefix="changes", png=png)
