"""What a run says of itself in words: title, ending, certificate, conditions, configuration."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.results import format as formats
from bench.results import summary
from bench.results.format import count, pairs, percent, plain
from bench.results.schema import QUALITIES, Results
from reports.format import number
from reports.summary import headline, quality

LONGEST_CONFIG = 200_000
"""Characters of a configuration that is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """The parity certificate at a glance."""

    kind: str
    """``good``, ``bad`` or ``none``: its look."""
    words: str
    message: str
    short: str
    """In a table of runs."""


ALONE = "There is nothing to compare it with."


def title(results: Results, fallback: str) -> str:
    """Return dataset and model, or `fallback` where neither is known."""
    dataset = (results.dataset.title or results.dataset.name) if results.dataset else ""
    model = results.model.name if results.model else ""
    return " × ".join(part for part in (dataset, model) if part) or fallback


def ending(results: Results) -> str:
    """Return what happened, where the run did not end well."""
    done = sum(trial.status == "ok" for trial in results.trials)
    what = {
        "failed": "This run failed",
        "interrupted": "This run was interrupted",
        "running": "This run has not come to its end (it is still running, or was killed)",
    }.get(results.status)
    if not what:
        return results.message if results.status != "ok" else ""
    rest = f": {results.message}" if results.message else ""
    return f"{what}{rest.rstrip('.')}. {count(done, 'finished trial')} shown."


def to_go_on(results: Results, folder: Path) -> str:
    """Return the command that goes on with the run in `folder`; empty where nothing is left that could be done."""
    return f"python -m bench resume={shlex.quote(str(folder))}" if summary.is_open(results) else ""


def badge(results: Results) -> Badge:
    """Return the parity certificate at a glance."""
    message = results.parity.message
    if results.parity.passed:
        return Badge(kind="good", words="Certified: the same work", message=message, short="certified")
    if results.parity.passed is False:
        return Badge(kind="bad", words="NOT certified", message=message, short="NOT certified")
    if len(summary.names(results)) < 2:
        return Badge(kind="none", words="Lone contender", message=message or ALONE, short="alone")
    return Badge(kind="bad", words="NOT certified: not checked", message=message, short="not checked")


def conditions(results: Results) -> list[tuple[str, str]]:
    """Return what every number holds under: common conditions, each contender's own settings, the clock."""
    common = [(key.replace("_", " "), plain(value)) for key, value in results.conditions.items()]
    own = [(name, pairs(settings)) for name, settings in summary.own_settings(results).items()]
    return [*common, *own, *_sittings(results), ("time per step", summary.CLOCK)]


def _sittings(results: Results) -> list[tuple[str, str]]:
    """Return when a run was begun and taken up again; nothing of one in one sitting."""
    if not results.resumed:
        return []
    begun, *again = (plain(at)[:16].replace("T", " ") for at in (results.started, *results.resumed))
    return [("sittings", f"{1 + len(again)}: begun {begun}, resumed {', '.join(again)}")]


def configuration(config: dict[str, Any]) -> str:
    """Return the resolved configuration as the YAML it came from."""
    if len(str(config)) > LONGEST_CONFIG:  # asked before, for it would be minutes until YAML has written it
        return f"… over {LONGEST_CONFIG:,} characters: see results.json"
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=100) if config else ""


def pilot(results: Results) -> str:
    """Return what a pilot settled; empty where there was none."""
    found = results.pilot
    wanted, spread, chosen = (number(found.get(key)) for key in ("wanted", "spread", "chosen"))
    if wanted is None or chosen is None:
        return ""
    begun = f"A pilot of {plain(found.get('repeats'))} repeats, which are in no ratio, was to find how many give ±"
    if spread is None:
        return f"{begun}{percent(wanted)}; too few of its trials finished."
    short = "" if found.get("suffices", True) else ", the most allowed: too few for it"
    scattered = f"a repeat's ratio scattered by {percent(spread)}"
    return f"{begun}{percent(wanted)}: {scattered}, and {chosen:.0f} were taken{short}."


def verdict(results: Results) -> list[str]:
    """Return what a run found, in sentences: per training step, then in the task's metric; each says if uncertified."""
    told = [item.verdict + ("" if item.certified else " [uncertified]") for item in headline(results)]
    if not told:
        told = [_alone(row) for row in summary.rows(results) if row.step_seconds is not None][:1]
    mark = f" ({results.dataset.mark})" if results.dataset and results.dataset.mark else ""
    return told + [item.verdict + mark for item in quality(results)]


def _alone(row: summary.Row) -> str:
    metric = f"{QUALITIES[row.metric]} {formats.quality(row.quality, row.metric)}"
    return f"{row.name} alone: {formats.seconds(row.step_seconds)} per training step, {metric}"
