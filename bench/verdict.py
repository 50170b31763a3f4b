"""The end of a run on screen: the table, the sentences, and everything they hold under."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from bench.results import environments, store, summary
from bench.results import format as formats
from bench.results import words as wording
from bench.results.findings import findings
from bench.results.format import one_line
from bench.results.schema import METRICS, QUALITIES, Agreement, Parity, Results, RunWarning
from bench.results.summary import Row

SHOWN = ("step_seconds", "epoch_seconds", "first_step_seconds")
"""Times whose sentence stands on screen, the first alone where many race; the report has them all."""

MANY = 2
"""From so many comparisons on, one sentence about time for each."""

SHOWN_AGREEMENTS = METRICS
"""Qualities whose sentence always stands on screen; another's does where it is a resolved difference."""

MOST_WARNINGS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line that, where the terminal breaks it, goes on under its own beginning; whole on a file or a pipe."""

    text: str
    mark: str = ""
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the line, broken at the width there is."""
        line = self.mark + one_line(self.text).strip()
        if not options.no_wrap:
            indent = " " * len(self.mark)
            line = textwrap.fill(
                line, options.max_width, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False
            )
        yield Text(line, style=self.style)


def render(results: Results, folder: Path) -> list[RenderableType]:
    """Return what to print, part by part; lines that are to be copied are never broken."""
    parts: list[RenderableType] = [Text(), Line(_heading(results), style="bold")]
    rows = summary.rows(results)
    if rows:
        parts += [Text(), table(rows, results)]
    sentences = _sentences(results)
    if sentences or results.message:
        parts.append(Text())
    if apart := environments.sentence(results):
        parts.append(Line(apart, "! ", "bold yellow"))
    parts += [Line(sentence, "• ", "bold") for sentence in sentences]
    parts += [Line(sentence, "• ") for told in findings(results).values() for sentence in told]
    if results.message:
        parts.append(Line(results.message, "• ", "bold red"))
    parts += [Text(), *(Line(line) for line in _conditions(results))]
    parts += certificate(results.parity)
    parts += _warnings(results.warnings)
    report = folder / store.REPORT
    where = f"report: {one_line(report)}" if report.is_file() else f"results: {one_line(folder / store.NAME)}"
    return [*parts, Text(), Text(where, style="bold", no_wrap=True, overflow="ignore")]


def table(rows: list[Row], results: Results) -> Table:
    """Return the table of contenders, made for 80 columns; the note on the data stands beside every quality."""
    note, metric = _short_note(results), QUALITIES[summary.metric(results)].replace(" ", "\n")
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    shown.add_column("contender", overflow="fold", max_width=18)
    shown.add_column("framework", overflow="fold", max_width=22)
    for title in (metric, "test\nloss", "time\nper step", f"{summary.things(results)}\nper second"):
        shown.add_column(title, justify="right", no_wrap=True)
    several = any(row.comparison is not None and row.comparison.family > 1 for row in rows)
    reach = "(95 %\ntogether)" if several else "(95 %)"
    shown.add_column(f"time ratio\n{reach}", justify="right", no_wrap=True)
    for row in rows:
        name = Text(one_line(row.name))
        if row.trouble:
            name.append(f"\n{one_line(row.trouble)}", style="yellow")
        shown.add_row(
            name,
            Text(one_line(row.framework).replace(" / ", "\n")),
            Text(formats.quality(row.quality, row.metric) + (f"\n{note}" if note and row.finished else "")),
            Text(formats.loss(row.test_loss)),
            Text(formats.seconds(row.step_seconds)),
            Text(formats.rate(row.throughput)),
            _ratio(row),
        )
    return shown


def _ratio(row: Row) -> Text:
    if row.baseline:
        return Text("baseline")
    if row.comparison is None or row.comparison.ratio is None:
        return Text(formats.MISSING)
    found = row.comparison
    text = Text(formats.ratio(found.ratio))
    text.append(f"\n{formats.interval(found.low, found.high)}" if found.low is not None else "\nno interval")
    if not found.certified:
        text.append("\nuncertified", style="red")
    return text


def _short_note(results: Results) -> str:
    """Return what fits into a cell: "synthetic" where the data are, a star that leads to the note otherwise."""
    if results.dataset is None:
        return ""
    return "synthetic" if results.dataset.synthetic else "*" if results.dataset.remark else ""


def _heading(results: Results) -> str:
    parts = []
    if results.model:
        parts.append(f"{results.model.name} ({formats.count(results.model.parameters, 'parameter')})")
    if results.dataset:
        remark = results.dataset.remark
        parts.append(f"on {results.dataset.title or results.dataset.name}" + (f" [{remark}]" if remark else ""))
    return one_line(" ".join(parts) or "Verdict")


def _sentences(results: Results) -> list[str]:
    names = {item.contender for item in results.comparison}
    shown = SHOWN if len(names) < MANY else SHOWN[:1]
    times = [item.verdict for item in results.comparison if item.quantity in shown]
    levels = {row.name: row.test_loss or 0.0 for row in summary.rows(results)}
    qualities = [
        item.verdict
        for item in results.agreement
        if item.quantity in SHOWN_AGREEMENTS or _differs(item, levels.get(item.baseline, 0.0))
    ]
    return times + qualities


def _differs(item: Agreement, level: float) -> bool:
    """Return whether a difference is resolved and large enough to matter; `level` is the baseline's own value."""
    if item.low is None or item.high is None or item.low <= 0 <= item.high:
        return False
    return max(abs(item.low), abs(item.high)) > wording.negligible(item.quantity, level)


def _conditions(results: Results) -> list[str]:
    """Say what the numbers hold under: clock, common conditions, each contender's own settings, versions."""
    lines = [f"time per step: {summary.CLOCK}"] if results.trials else []
    if results.conditions:
        lines.append(formats.pairs(results.conditions))
    lines += [f"{name}: {formats.pairs(own)}" for name, own in summary.own_settings(results).items()]
    if results.versions:
        lines.append(formats.pairs(results.versions))
    if results.waited_seconds:
        lines.append(f"waited {formats.duration(results.waited_seconds)} for another run to leave the machine")
    if results.dataset and results.dataset.note and not results.dataset.synthetic:
        lines.append(f"* {QUALITIES[summary.metric(results)]}: {results.dataset.remark}")
    return lines


def certificate(parity: Parity) -> list[RenderableType]:
    """Return the certificate in words: what was found, who failed where, and what cannot be certified."""
    words = {True: "passed", False: "FAILED", None: "nothing to compare"}
    style = {True: "green", False: "bold red", None: ""}[parity.passed]
    parts: list[RenderableType] = [Line(f"certificate: {parity.message or words[parity.passed]}", "", style)]
    failed = [check for check in parity.checks if not check.passed]
    for name in dict.fromkeys(check.contender for check in failed):
        first = next(check for check in failed if check.contender == name)
        error = formats.MISSING if first.error is None else f"{first.error:.1e}"
        detail = first.detail or f"{first.quantity}: error {error}, allowed {first.tolerance:.0e}"
        parts.append(Line(f"{name}: {detail}", "  ", "red"))
    if parity.uncertified:
        parts.append(Line(f"not certified: {'; '.join(parity.uncertified)}", "  "))
    return parts


def _warnings(warnings: list[RunWarning]) -> list[RenderableType]:
    """Show the first of each kind and contender in full; the rest is counted, and stands in the report."""
    groups = summary.grouped(warnings)
    parts: list[RenderableType] = []
    for warning in groups[:MOST_WARNINGS]:
        parts.append(Line(f"warning: {warning.message}", "", "yellow"))
        if warning.advice:
            parts.append(Line(warning.advice, "  "))
    if len(groups) > MOST_WARNINGS:
        parts.append(Line(f"… and {len(groups) - MOST_WARNINGS} more warnings in the report"))
    return parts
