"""The raw trials inside the page, as CSV and JSON behind ``data:`` addresses: one file for whoever reads on alone."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.results.schema import Trial
from reports.export import harmless
from reports.load import Run

MOST_BYTES = 300_000
"""Of one file in the page, before it is encoded."""

NESTED = ("phases", "step_latency_seconds", "predict_latency_seconds", "predict_rates", "memory", "usage", "metrics")
"""Tables of a trial, which the CSV spreads out: ``phases.train``."""

LEFT_OUT = ("curves", "environment", "first_losses", "warmup", "clocked")
"""Of a trial, where it is thinned; and never in the CSV."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file to take away."""

    name: str
    address: str
    """A ``data:`` address."""
    bytes: int


@dataclass(kw_only=True, slots=True)
class Downloads:
    """The files of a page, and what is not in them."""

    trials: int = 0
    files: list[File] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def view(runs: Sequence[Run]) -> Downloads:
    """Return the trials of all `runs` as files; thinned, then left out, where they are too large for a page."""
    several = len(runs) > 1
    # Not `run.trials`, which would read every trial's files again.
    trials = [(run.name, trial) for run in runs if run.results for trial in run.results.trials]
    found = Downloads(trials=len(trials))
    if not trials:
        return found
    whole = _json([_plain(run, trial, several) for run, trial in trials])
    if len(whole) > MOST_BYTES:
        whole = _json([_plain(run, trial, several, LEFT_OUT) for run, trial in trials])
        found.remarks.append(f"The JSON leaves out {', '.join(LEFT_OUT)}: they are in results.json of each run.")
    for name, content, kind in (
        ("trials.csv", _csv(trials, several), "text/csv"),
        ("trials.json", whole, "application/json"),
    ):
        if len(content) > MOST_BYTES:
            found.remarks = [item for item in found.remarks if name != "trials.json"]
            found.remarks.append(
                f"{name} would be {len(content) / 1e6:.1f} MB, too large for a page: "
                "the trials are in results.json of each run, and in trials/*/trial.json beside it."
            )
        else:
            encoded = base64.b64encode(content).decode("ascii")
            address = f"data:{kind};charset=utf-8;base64,{encoded}"
            found.files.append(File(name=name, address=address, bytes=len(content)))
    return found


def _plain(run: str, trial: Trial, several: bool, without: Sequence[str] = ()) -> dict[str, Any]:
    kept = {key: value for key, value in dataclasses.asdict(trial).items() if key not in without}
    return {"run": run} | kept if several else kept


def _json(value: Any) -> bytes:
    return json.dumps(_finite(value), allow_nan=False, ensure_ascii=True, indent=1).encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(trials: Sequence[tuple[str, Trial]], several: bool) -> bytes:
    rows = [dict(_cells(_plain(run, trial, several, LEFT_OUT))) for run, trial in trials]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")


def _cells(trial: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in trial.items():
        if key in NESTED:
            yield from ((_text(f"{key}.{name}"), _text(item)) for name, item in value.items())
        else:
            yield key, _text(value)


def _text(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value
