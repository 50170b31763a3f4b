"""The page model: everything the templates show, computed; the templates only lay it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.results.across import Across
from bench.results.schema import QUALITIES
from bench.results.summary import names
from reports import download, drawing, overview, palette
from reports.download import Downloads
from reports.figure import Chart
from reports.load import Run
from reports.view import View
from reports.view import view as view_of

MOST_ROWS = 1000
"""Rows of a table that are shown; the rest is counted."""


@dataclass(kw_only=True, slots=True)
class Page:
    """The whole report."""

    title: str
    views: list[View]
    overview: list[Chart] = field(default_factory=list)
    across: list[Across] = field(default_factory=list)
    colours: dict[str, int] = field(default_factory=dict)
    downloads: Downloads = field(default_factory=Downloads)
    """The raw trials of all runs."""

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


def build(runs: Sequence[Run], *, across: Sequence[Across] = (), pictures: bool = True) -> Page:
    """Return the page over `runs`.

    With `pictures`, PNG files are drawn too: of a lone run's charts, and of a sweep's overview.
    """
    everyone = [name for run in runs if run.results for name in names(run.results)]
    colours = palette.assign(everyone)
    png = pictures and len(runs) == 1
    shown: dict[bytes, str] = {}
    views = [view_of(run, f"run-{place}", colours) for place, run in enumerate(runs)]
    for item in views:
        drawing.draw(item, colours, png, shown)
    title = views[0].title if len(views) == 1 else f"{len(views)} runs"
    page = Page(title=title, views=views, across=list(across), colours=colours)
    page.downloads = download.view(runs)
    if len(views) > 1:
        page.overview = overview.draw(views, colours, pictures)
    return page
