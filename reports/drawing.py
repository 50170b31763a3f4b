"""The charts of one run: numbers that no axis can hold cost a chart and say so, never the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.results.schema import Results
from reports import (
    answered,
    charts_changes,
    charts_learning,
    charts_ratio,
    charts_speed,
    charts_target,
    charts_use,
    data,
    network,
    parts,
)
from reports.arrays import ArrayError
from reports.changed import Changed
from reports.figure import Chart
from reports.view import View

POINTS, LEAST_POINTS = 16_000, 1_000
"""Points of the faint lines of loss: of all runs of a page together, and of one run at least."""


def draw(view: View, colours: dict[str, int], png: bool, runs: int = 1) -> None:
    """Add the charts of what was measured to `view`, the finer the fewer `runs` share the page."""
    if view.results is None:
        return
    _measured(view, view.results, colours, png, min(charts_learning.POINTS, max(LEAST_POINTS, POINTS // runs)))
    _unread(view)
    _answered(view, view.results, colours, png, runs)


def _measured(view: View, results: Results, colours: dict[str, int], png: bool, points: int) -> None:
    run, prefix = view.run, view.anchor
    rows = charts_ratio.rows_of(results.comparison)
    view.speed += _attempt(
        view,
        "The ratios",
        lambda: [
            charts_ratio.draw(
                rows,
                colours,
                key="ratios",
                title="Times against the baseline, with 95 % intervals",
                prefix=prefix,
                png=png,
            )
        ],
    )
    view.speed += _attempt(view, "Compute, input and loop", lambda: _parts(view, results, colours, png))
    view.speed += _attempt(view, "Latencies and phases", lambda: charts_speed.draw(run, colours, prefix, png))
    view.learning += _attempt(view, "The curves", lambda: charts_learning.draw(run, colours, prefix, png, points))
    view.learning += _attempt(view, "The target", lambda: charts_target.draw(results, colours, prefix, png))


def _answered(view: View, results: Results, colours: dict[str, int], png: bool, runs: int) -> None:
    """Add what was answered for the test samples, and what stands in tables already, where the page has room."""
    if runs <= answered.FEW_RUNS:
        view.speed += _attempt(
            view,
            "Prediction by batch size and memory",
            lambda: charts_use.draw(results, view.things, colours, view.anchor, png),
        )
    if results.dataset is None or not any(trial.status == "ok" for trial in results.trials):
        return
    try:
        view.answered = answered.view(view.run, results.dataset, view.things, colours, view.anchor, png=png, runs=runs)
    except Exception as error:  # as in _attempt
        view.answered.gaps.append(f"What was answered could not be shown ({type(error).__name__}).")


def _parts(view: View, results: Results, colours: dict[str, int], png: bool) -> list[Chart]:
    view.parts = parts.view(results)
    return parts.draw(view.parts, colours, view.anchor, png)


def _unread(view: View) -> None:
    """Say which tables of which trials could not be read."""
    for name, what in (("epochs.csv", "curves over epochs"), ("steps.parquet", "steps")):
        for why in dict.fromkeys(item.problems[name] for item in view.run.trials if name in item.problems):
            lost = [
                f"{item.trial.contender} repeat {item.trial.repeat + 1}"
                for item in view.run.trials
                if item.problems.get(name) == why
            ]
            who = ", ".join(lost[:6]) + (f" and {len(lost) - 6} more" if len(lost) > 6 else "")
            view.gaps.append(f"The {what} of {who} are left out: {name} is {why}.")


def picture(view: View, shown: dict[bytes, str], png: bool) -> None:
    """Add the pictures of data and model to `view`; `shown` says which of them the page has already, and where."""
    found, prefix = view.data, view.anchor
    if view.results and view.results.model:
        view.network = network.view(view.results.model, prefix, shown)
    if found is None:
        return
    drawings: list[tuple[str, Callable[[], list[Chart]]]] = [
        ("The sample images", lambda: data.draw_samples(found, view.run, shown, prefix, png)),
        ("The pictures before and after a TFRecord file", lambda: data.draw_record(found, view.run, prefix, png)),
    ]
    for what, draw in drawings:
        try:
            view.pictures += draw()
        except ArrayError as error:
            found.gaps.append(f"{what} are left out: {error}.")
        except Exception as error:  # as in _attempt
            found.gaps.append(f"{what} could not be drawn ({type(error).__name__}).")


def changes(found: Changed, colours: dict[str, int], png: bool) -> tuple[list[Chart], str]:
    """Return the chart over folders held against each other, or why there is none though its tables have the ratios."""
    rows = len(charts_changes.rows(found))
    if rows > charts_changes.MOST_ROWS:
        return [], f"The chart is left out, for it would have {rows} rows: the tables below have them all."
    try:
        chart = charts_changes.draw(found, colours, png)
    except Exception as error:  # as in _attempt
        return [], f"The chart could not be drawn ({type(error).__name__}): the tables below have every ratio."
    return [chart] if chart else [], ""


def _attempt(view: View, what: str, draw: Callable[[], Sequence[Chart | None]]) -> list[Chart]:
    """Return what `draw` draws; numbers that no axis can hold cost the charts, never the page."""
    try:
        return [chart for chart in draw() if chart]
    except Exception as error:  # matplotlib raises many kinds for absurd numbers
        view.gaps.append(f"{what} could not be drawn ({type(error).__name__}).")
        return []
