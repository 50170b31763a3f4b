"""A sweep at a glance: what stands before its runs."""

from __future__ import annotations

from collections.abc import Sequence

from reports import charts_ratio
from reports.figure import Chart
from reports.view import View


def draw(views: Sequence[View], colours: dict[str, int], png: bool) -> list[Chart]:
    """Return the charts over all runs."""
    rows = [
        charts_ratio.Row(label=f"{view.title}: {item.contender}", comparison=item)
        for view in views
        if view.results
        for item in view.results.comparison
        if item.quantity == "step_seconds"
    ]
    try:
        chart = charts_ratio.draw(
            rows[:60],
            colours,
            key="overview-ratios",
            title="Time per training step against the baseline, run by run",
            prefix="all",
            png=png,
        )
    except Exception:  # numbers that no axis can hold; the table beside it says the same
        return []
    return [chart] if chart else []
