"""The page model: everything the templates show, computed; the templates only lay it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.results import environments, overfitting
from bench.results.across import Across
from bench.results.findings import findings
from bench.results.schema import QUALITIES, Agreement, Check, Comparison, Results, RunWarning, Trial
from bench.results.summary import grouped, metric, names, things
from reports import (
    charts_learning,
    charts_ratio,
    charts_speed,
    data,
    machine,
    measured,
    palette,
    parts,
    summary,
    words,
    work,
)
from reports.changed import Changed
from reports.data import DataView
from reports.figure import Chart
from reports.load import Run
from reports.machine import Counted
from reports.measured import MeasuredView
from reports.parts import PartsView
from reports.pictures import PictureError
from reports.summary import Line
from reports.words import Badge
from reports.work import WorkView

MOST_ROWS = 1000
"""Rows of a table that are shown; the rest is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A trial that did not end well."""

    trial: Trial
    log_tail: str


@dataclass(kw_only=True, slots=True)
class View:
    """One run on the page."""

    anchor: str
    name: str
    title: str
    """Dataset and model."""
    run: Run
    results: Results | None
    metric: str = "test_accuracy"
    """What its task is judged by, one of `schema.METRICS`."""
    things: str = "images"
    """What its samples are."""
    ending: str = ""
    """What happened, where the run did not end well."""
    badge: Badge | None = None
    lines: list[Line] = field(default_factory=list)
    headline: list[Comparison] = field(default_factory=list)
    quality: list[Agreement] = field(default_factory=list)
    conditions: list[tuple[str, str]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)
    """One per kind and contender."""
    learning: list[Chart] = field(default_factory=list)
    learned: list[str] = field(default_factory=list)
    """Sentences beside the curves of learning."""
    speed: list[Chart] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    """One sentence for every chart that had to be left out."""
    phases: dict[str, dict[str, float]] = field(default_factory=dict)
    parts: PartsView = field(default_factory=PartsView)
    work: WorkView = field(default_factory=WorkView)
    data: DataView | None = None
    pictures: list[Chart] = field(default_factory=list)
    """Of the data."""
    findings: dict[str, list[str]] = field(default_factory=dict)
    """Sentences beside the ratios, by heading."""
    measured: MeasuredView = field(default_factory=MeasuredView)
    environments: str = ""
    """Who ran in an environment of its own: it stands before the verdict."""
    pilot: str = ""
    """What a pilot settled, in a sentence."""
    checks: list[Check] = field(default_factory=list)
    config: str = ""
    machine: list[tuple[str, str]] = field(default_factory=list)
    in_force: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By contender: threads and build flags."""
    counted: list[Counted] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Page:
    """The whole report."""

    title: str
    views: list[View]
    overview: list[Chart] = field(default_factory=list)
    across: list[Across] = field(default_factory=list)
    changed: Changed | None = None
    """Folders held against the first of them."""
    colours: dict[str, int] = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        """What the tasks of all runs are judged by."""
        return list(dict.fromkeys(view.metric for view in self.views if view.results)) or ["test_accuracy"]

    @property
    def judged_by(self) -> str:
        """The same in words: accuracy, MAE."""
        return " or ".join(QUALITIES[metric].removeprefix("test ") for metric in self.metrics)

    @property
    def things(self) -> list[str]:
        """What the samples of all runs are."""
        return list(dict.fromkeys(view.things for view in self.views if view.results)) or ["samples"]

    @property
    def charts(self) -> list[tuple[str, Chart]]:
        """Every chart with the name its files get: made of numbers and fixed words alone."""
        several = len(self.views) > 1
        found = [(chart.key, chart) for chart in self.overview]
        for view in self.views:
            start = f"{view.anchor}-" if several else ""
            found += [(f"{start}{chart.key}", chart) for chart in (*view.speed, *view.learning, *view.pictures)]
        return found


def build(
    runs: Sequence[Run], *, across: Sequence[Across] = (), changed: Changed | None = None, pictures: bool = True
) -> Page:
    """Return the page over `runs`.

    With `pictures`, PNG files are drawn too: of a lone run's charts, and of a sweep's overview.
    """
    everyone = [name for run in runs if run.results for name in names(run.results)]
    colours = palette.assign(everyone)
    png = pictures and len(runs) == 1
    shown: dict[bytes, str] = {}
    views = [_view(run, f"run-{place}", colours, png, shown) for place, run in enumerate(runs)]
    title = views[0].title if len(views) == 1 else f"{len(views)} runs"
    page = Page(title=title, views=views, across=list(across), changed=changed, colours=colours)
    if len(views) > 1:
        page.overview = _overview(views, colours, pictures)
    return page


def _view(run: Run, anchor: str, colours: dict[str, int], png: bool, shown: dict[bytes, str]) -> View:
    results = run.results
    if results is None:
        title = ", ".join(run.overrides) or run.name
        return View(anchor=anchor, name=run.name, title=title, run=run, results=None, ending=run.problem)
    view = View(
        anchor=anchor,
        name=run.name,
        title=words.title(results, run.name),
        run=run,
        results=results,
        metric=metric(results),
        things=things(results),
        ending=words.ending(results),
        badge=words.badge(results),
        lines=summary.lines(results, colours),
        headline=summary.headline(results),
        quality=summary.quality(results),
        conditions=words.conditions(results),
        troubles=[
            Trouble(trial=item.trial, log_tail=item.log_tail) for item in run.trials if item.trial.status != "ok"
        ],
        warnings=grouped(results.warnings),
        phases={name: charts_speed.phase_medians(run, name) for name in names(results)},
        data=data.view(run, results.dataset) if results.dataset else None,
        findings={heading: told for heading, told in findings(results).items() if heading != overfitting.HEADING},
        learned=overfitting.sentences(results),
        checks=sorted(results.parity.checks, key=lambda check: check.passed),
        config=words.configuration(results.config),
        machine=machine.facts(results.machine),
        in_force={item.name: machine.in_force(results, item.name) for item in results.contenders},
        counted=machine.counted(results),
        work=work.view(results),
        measured=measured.view(results),
        environments=environments.sentence(results),
        pilot=words.pilot(results),
    )
    _draw(view, results, colours, png)
    _picture(view, shown, png)
    return view


def _draw(view: View, results: Results, colours: dict[str, int], png: bool) -> None:
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
    view.learning += _attempt(view, "The curves", lambda: charts_learning.draw(run, colours, prefix, png))
    for name, what in (("epochs.csv", "curves over epochs"), ("steps.parquet", "steps")):
        for why in dict.fromkeys(item.problems[name] for item in run.trials if name in item.problems):
            lost = [
                f"{item.trial.contender} repeat {item.trial.repeat + 1}"
                for item in run.trials
                if item.problems.get(name) == why
            ]
            who = ", ".join(lost[:6]) + (f" and {len(lost) - 6} more" if len(lost) > 6 else "")
            view.gaps.append(f"The {what} of {who} are left out: {name} is {why}.")


def _parts(view: View, results: Results, colours: dict[str, int], png: bool) -> list[Chart]:
    view.parts = parts.view(results)
    return parts.draw(view.parts, colours, view.anchor, png)


def _picture(view: View, shown: dict[bytes, str], png: bool) -> None:
    """Add the pictures of the data; `shown` says which sample images the page has already, and where."""
    found, prefix = view.data, view.anchor
    if found is None:
        return
    drawings: list[tuple[str, Callable[[], list[Chart]]]] = [
        ("The sample images", lambda: data.draw_samples(found, view.run, shown, prefix, png)),
        ("The pictures before and after a TFRecord file", lambda: data.draw_record(found, view.run, prefix, png)),
    ]
    for what, draw in drawings:
        try:
            view.pictures += draw()
        except PictureError as error:
            found.gaps.append(f"{what} are left out: {error}.")
        except Exception as error:  # as in _attempt
            found.gaps.append(f"{what} could not be drawn ({type(error).__name__}).")


def _attempt(view: View, what: str, draw: Callable[[], Sequence[Chart | None]]) -> list[Chart]:
    """Return what `draw` draws; numbers that no axis can hold cost the charts, never the page."""
    try:
        return [chart for chart in draw() if chart]
    except Exception as error:  # matplotlib raises many kinds for absurd numbers
        view.gaps.append(f"{what} could not be drawn ({type(error).__name__}).")
        return []


def _overview(views: list[View], colours: dict[str, int], png: bool) -> list[Chart]:
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
    except Exception:  # as in _attempt; the table beside it says the same
        return []
    return [chart] if chart else []
