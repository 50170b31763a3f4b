"""The answers of a run on its page: what was taken for what, what contenders disagree on, predicted against true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.results.schema import Dataset
from reports import answers, apart, charts_regression, confusion, disputed
from reports.apart import ApartView
from reports.arrays import ArrayError
from reports.confusion import Confusion
from reports.disputed import Disputed
from reports.figure import Chart
from reports.load import Run

FEW_RUNS = 20
"""Up to so many runs of a page show all of what was answered."""

MOST_DISPUTED = 60
"""Images on which contenders disagree, of all runs of a page together."""

ELSEWHERE = "What was answered, class by class or value by value, stands in this run's own report"


@dataclass(kw_only=True, slots=True)
class Answered:
    """What the contenders of one run answered for its test samples."""

    confusion: Confusion = field(default_factory=Confusion)
    apart: ApartView = field(default_factory=ApartView)
    disputed: Disputed = field(default_factory=Disputed)
    charts: list[Chart] = field(default_factory=list)
    """Of a regression: predicted against true."""
    files: list[Chart] = field(default_factory=list)
    """Charts that are written beside the page only: in it they are tables."""
    gaps: list[str] = field(default_factory=list)
    """One sentence for what had to be left out."""


def view(
    run: Run, dataset: Dataset, things: str, colours: Mapping[str, int], prefix: str, *, png: bool, runs: int = 1
) -> Answered:
    """Return what the contenders of `run` answered, the less of it the more `runs` share the page.

    With `png`, the charts for files too.
    """
    try:
        known = answers.read(run, dataset)
    except ArrayError as error:
        return Answered(gaps=[f"What was answered for the test {things} is left out: {error}."])
    few = runs <= FEW_RUNS
    taken = confusion.view(known) if few else Confusion()
    charts = charts_regression.draw(known, colours, prefix, png) if few else []
    return Answered(
        confusion=taken,
        apart=apart.view(known, things),
        disputed=disputed.view(run, dataset, known, things, MOST_DISPUTED // runs),
        charts=charts,
        files=confusion.draw(taken, colours, prefix, png) if png else [],
        gaps=known.gaps if few else [*known.gaps, f"{ELSEWHERE}: this page has {runs:,} runs."],
    )
