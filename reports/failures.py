"""What a run that did not end well left to be read: the last lines of the log that is nearest to its end."""

from __future__ import annotations

from dataclasses import dataclass

from bench.results.folder import tail
from reports.load import Run, clean
from reports.view import View

MOST_LINES = 8
"""Lines that stand in the overview; the run below it has more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A run that did not end well."""

    view: View
    parity: str = ""
    """What the gate found, where it stopped the run."""
    file: str = ""
    """The log, relative to the run's folder."""
    tail: str = ""
    """Its last lines."""


def failure(view: View) -> Failure:
    """Return what is known of a run that did not end well: of its trials' logs, else of the gate's, else of its own."""
    results = view.run.results
    parity = results.parity.message if results and results.stopped_by_gate else ""
    for file in _logs(view.run):
        found = clean(tail(view.run.folder, file, MOST_LINES))
        if found.strip():
            return Failure(view=view, parity=parity, file=file, tail=found)
    return Failure(view=view, parity=parity)


def _logs(run: Run) -> list[str]:
    """Return the logs that may say why, the likeliest first; of what computes and departs none does."""
    results = run.results
    if results is None:
        return ["log.txt"]
    failed = [trial.folder for trial in results.trials if trial.status != "ok" and trial.folder]
    gate = [f"parity/{name}.log.txt" for name in results.parity.left_nothing] if not results.trials else []
    return [*(f"{folder}/log.txt" for folder in reversed(failed)), "log.txt", *gate]
