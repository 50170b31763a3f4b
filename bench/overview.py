"""The end of a sweep on screen: a line for each run, why the failed ones failed, and what runs made apart come to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bench import sweep
from bench.results import across, store, summary
from bench.results import format as formats
from bench.results.folder import tail
from bench.results.schema import METRICS, Results
from bench.verdict import Line

STYLES = {"ok": "green", "failed": "bold red", "interrupted": "yellow"}
LOG_LINES = 5
"""The last of a failed trial's log that is shown."""


def tell(folder: Path, said: Mapping[Path, str], console: Console | None = None) -> None:
    """Say what became of each run of the sweep in `folder`; `said` is what was asked of each, where that is known."""
    console = console or Console(highlight=False, markup=False, emoji=False)
    whole = console.is_terminal
    found = {run: _read(run) for run in sweep.found(folder, said)}
    words = _own_words({run: said.get(run, "") or _asked(results) for run, results in found.items()})
    counts = [results.status if results else "not started" for results in found.values()]
    total = ", ".join(f"{counts.count(status)} {status}" for status in dict.fromkeys(counts))
    lines = [Line(f"The sweep: {formats.count(len(found), 'run')} ({total})", style="bold")]
    for run, results in found.items():
        lines += _run(run, words[run], results)
    lines += _apart({run: results for run, results in found.items() if results})
    console.print()
    for line in lines:
        console.print(line, soft_wrap=not whole)
    if any(results is None or (results.status != "ok" and summary.is_open(results)) for results in found.values()):
        again = f"To run what is missing or failed: python -m bench resume={shlex.quote(str(folder))}"
        console.print(Text(formats.one_line(again)), soft_wrap=True)


def _read(run: Path) -> Results | None:
    try:
        return store.read(run)
    except store.SchemaError:
        return None


def _asked(results: Results | None) -> str:
    try:
        return " ".join(shlex.split(results.command)[3:]) if results else ""
    except ValueError:
        return ""


def _own_words(said: Mapping[Path, str]) -> dict[Path, str]:
    """Return what was said of each run and not of all of them."""
    split = {run: text.split() for run, text in said.items()}
    common = set.intersection(*map(set, split.values())) if len(split) > 1 else set()
    return {run: " ".join(word for word in words if word not in common) for run, words in split.items()}


def _run(run: Path, words: str, results: Results | None) -> list[Line]:
    name = f"{run.name}  {words}: " if words else f"{run.name}: "
    if results is None:
        return [Line(f"{name}not started, or it left no results", "  ", "yellow")]
    told = _ratios(results)
    if results.status != "ok":
        told = [results.message or "it did not say why", *_parity(results), *told]
    lines = [Line(f"{name}{results.status}; {'; '.join(told)}", "  ", STYLES.get(results.status, ""))]
    for trial in results.trials:
        if trial.status == "failed" and trial.folder:
            log = tail(run, f"{trial.folder}/log.txt", LOG_LINES).splitlines()
            lines += [Line(text, f"      {trial.contender}-{trial.repeat} | ") for text in log if text.strip()]
    return lines


def _parity(results: Results) -> list[str]:
    """Return what the gate found, where it stopped a run."""
    return [results.parity.message] if results.stopped_by_gate else []


def _ratios(results: Results) -> list[str]:
    """Return the headline of a run: each contender's time per step against the baseline's."""
    found = []
    for item in results.comparison:
        if item.quantity == "step_seconds" and item.ratio is not None:
            reach = f" ({formats.interval(item.low, item.high)})" if item.low is not None else " (no interval)"
            mark = "" if item.certified else ", uncertified"
            found.append(f"{item.contender} ÷ {item.baseline} per step {formats.ratio(item.ratio)}{reach}{mark}")
    lone = len(results.contenders) == 1 and results.status == "ok"
    return found or (["one contender, no ratio"] if lone else ["no ratio"] if results.status == "ok" else [])


def _apart(found: Mapping[Path, Results]) -> list[Line]:
    """Return the verdict over runs that were made apart: what each kind of work came to, unpaired and said to be so."""
    lines = []
    for group in across.across([(run, results) for run, results in found.items()]):
        lines.append(Line(group.title, style="bold"))
        lines += [Line(item.verdict, "  • ") for item in group.comparison if item.quantity == "step_seconds"]
        lines += [Line(item.verdict, "  • ") for item in group.agreement if item.quantity in METRICS]
    return lines
