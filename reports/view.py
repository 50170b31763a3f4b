"""One run as a page shows it: everything its templates say, computed; its charts come from `reports.drawing`."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.results import environments, overfitting
from bench.results.findings import findings
from bench.results.folder import tail
from bench.results.schema import Agreement, Check, Comparison, Results, RunWarning, Trial
from bench.results.summary import grouped, metric, names, things
from reports import after, charts_speed, data, machine, measured, summary, words, work
from reports.after import After
from reports.answered import Answered
from reports.data import DataView
from reports.figure import Chart
from reports.load import Run, clean
from reports.machine import Counted
from reports.measured import MeasuredView
from reports.network import NetworkView
from reports.parts import PartsView
from reports.summary import Line
from reports.words import Badge
from reports.work import WorkView

LOG_LINES = 20
"""Of the log of a trial that did not end well, its last lines."""


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
    brief: bool = False
    """Whether only its verdict is shown: of very many runs a page has no room for more."""
    report: str = ""
    """Its own report, as a link from the page it is on; empty where there is none."""
    metric: str = "test_accuracy"
    """What its task is judged by, one of `schema.METRICS`."""
    things: str = "images"
    """What its samples are."""
    ending: str = ""
    """What happened, where the run did not end well."""
    to_go_on: str = ""
    """The command that does what is left."""
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
    after: After = field(default_factory=After)
    answered: Answered = field(default_factory=Answered)
    """What the contenders answered for the test samples."""
    network: NetworkView = field(default_factory=NetworkView)
    counted: list[Counted] = field(default_factory=list)

    @property
    def charts(self) -> list[Chart]:
        """All of its charts."""
        drawn = [self.network.chart] if self.network.chart else []
        return [*self.speed, *self.learning, *self.pictures, *self.answered.charts, *self.answered.files, *drawn]


def _trouble(run: Run, trial: Trial) -> Trouble:
    log = tail(run.folder, f"{trial.folder}/log.txt", LOG_LINES) if trial.folder else ""
    return Trouble(trial=trial, log_tail=clean(log))


def view(run: Run, anchor: str, colours: dict[str, int]) -> View:
    """Return what a page says of `run` under `anchor`, without charts."""
    results = run.results
    if results is None:
        title = ", ".join(run.overrides) or run.name
        return View(anchor=anchor, name=run.name, title=title, run=run, results=None, ending=run.problem)
    return View(
        anchor=anchor,
        name=run.name,
        title=words.title(results, run.name),
        run=run,
        results=results,
        metric=metric(results),
        things=things(results),
        ending=words.ending(results),
        to_go_on=words.to_go_on(results, run.folder),
        badge=words.badge(results),
        lines=summary.lines(results, colours),
        headline=summary.headline(results),
        quality=summary.quality(results),
        conditions=words.conditions(results),
        troubles=[_trouble(run, trial) for trial in results.trials if trial.status != "ok"],
        warnings=grouped(results.warnings),
        phases={name: charts_speed.phase_medians(results.trials, name) for name in names(results)},
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
        after=after.view(results),
    )
