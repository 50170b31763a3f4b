"""The page model: everything the templates show, computed; the templates only lay it out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote

from bench.results import store
from bench.results.across import Across
from bench.results.schema import QUALITIES
from bench.results.summary import names
from reports import download, drawing, palette
from reports.changed import Changed
from reports.download import Downloads
from reports.figure import Chart
from reports.load import Run
from reports.overview import Overview, overview
from reports.view import View
from reports.view import view as view_of

MOST_WHOLE = 40
"""Runs of a page up to which all of them are shown whole; of more, each has its verdict, and a report of its own."""

MOST_ROWS = 1000
"""Rows of a table that are shown; the rest is counted."""

RUNS_PER_WORKER = 4
"""Fewer are drawn before a process has imported what it needs."""


@dataclass(kw_only=True, slots=True)
class Page:
    """The whole report."""

    title: str
    views: list[View]
    overview: Overview = field(default_factory=Overview)
    """Of several runs."""
    across: list[Across] = field(default_factory=list)
    changed: Changed | None = None
    """Folders held against the first of them."""
    changes: list[Chart] = field(default_factory=list)
    """Of these."""
    chartless: str = ""
    """Why there are none."""
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
        """The charts that are kept as files too, by name; those of a sweep's runs lie in the runs' own folders."""
        if len(self.views) > 1:
            return [(chart.key, chart) for chart in (*self.overview.charts, *self.changes)]
        return [(chart.key, chart) for view in self.views for chart in view.charts]


def build(
    runs: Sequence[Run],
    *,
    across: Sequence[Across] = (),
    changed: Changed | None = None,
    pictures: bool = True,
    workers: int = 1,
    beside: Path | None = None,
) -> Page:
    """Return the page over `runs`, whose files are read here one run after the other, and forgotten.

    `beside` is the folder that the page will lie in: several runs are then linked with their own reports. With
    `pictures`, PNG files are drawn too: of a lone run's charts, and of a sweep's overview. More than one of
    `workers` draw in processes of their own, which import the caller's main module anew.
    """
    colours = palette.assign([names(run.results) for run in runs if run.results])
    brief = len(runs) > MOST_WHOLE
    if brief:
        views = [view_of(run, _anchor(place), colours) for place, run in enumerate(runs)]
    else:
        views = _views(runs, colours, pictures and len(runs) == 1, workers)
    shown: dict[bytes, str] = {}
    for item in views:
        item.brief = brief
        item.report = _own_report(item.run, beside) if beside and len(runs) > 1 else ""
        if not brief:
            drawing.picture(item, shown, pictures and len(runs) == 1)
    title = views[0].title if len(views) == 1 else f"{len(views)} runs"
    page = Page(title=title, views=views, across=list(across), changed=changed, colours=colours)
    page.downloads = download.view(runs)
    if len(views) > 1:
        page.overview = overview(views, colours, pictures)
    if changed:
        page.changes, page.chartless = drawing.changes(changed, colours, pictures)
    return page


def _anchor(place: int) -> str:
    return f"run-{place}"


def _own_report(run: Run, beside: Path) -> str:
    """Return the report of one of several runs as a link from a page in `beside`; empty where there is none."""
    found = run.folder / store.REPORT
    if found.is_symlink() or not found.is_file():
        return ""
    return quote(Path(os.path.relpath(found.resolve(), beside.resolve())).as_posix())


def _views(runs: Sequence[Run], colours: dict[str, int], png: bool, workers: int) -> list[View]:
    anchors = [_anchor(place) for place in range(len(runs))]
    make = partial(_view, colours=colours, png=png, runs=len(runs))
    workers = min(workers, len(runs) // RUNS_PER_WORKER)
    if workers < 2:
        return list(map(make, runs, anchors))
    # A fork of this process would take along whatever threads its libraries have started.
    context = get_context("forkserver")
    context.set_forkserver_preload(["reports.drawing"])
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            return list(pool.map(make, runs, anchors))
    except BrokenProcessPool:  # one was killed, for want of memory: this process alone needs less
        return list(map(make, runs, anchors))


def _view(run: Run, anchor: str, *, colours: dict[str, int], png: bool, runs: int) -> View:
    found = view_of(run, anchor, colours)
    drawing.draw(found, colours, png, runs)
    run.release()
    return found
