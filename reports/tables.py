"""Tidy tables of any results, shared by the exports and by notebooks: one row per run, trial, epoch, step, comparison.

Every table begins with the keys that join it with the others; a column's name says its unit (seconds, bytes, joules,
samples per second), a share is a share of one. Every quantity that ``comparison`` and ``agreement`` know is a column
of ``trials``. What was not measured is missing: never 0, never a made-up value.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.results.across import Across
from bench.results.folder import inside
from bench.results.format import pairs, plain
from bench.results.schema import QUALITIES, TIMES, Agreement, Check, Comparison, Results, RunWarning, Trial
from reports import frames, words
from reports.format import number
from reports.frames import EPOCH_COLUMNS, STEP_COLUMNS
from reports.load import Run, clean

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("run", "contender", "repeat", "seed")
"""What tells the rows of ``trials``, ``epochs`` and ``steps`` apart; `repeat` is counted from 0, as in results.json."""

CONDITIONS = ("device", "precision", "threads", "batch_size", "epochs")
"""Conditions with a column of their own in ``runs``; the column `conditions` has all of them in words."""

TEXTS = {"run", "contender", "baseline", "quantity", "phase", "status", "message", "verdict", "kind", "advice"}
TEXTS |= {
    "framework",
    "backend",
    "scale",
    "detail",
    "folder",
    "overrides",
    "dataset",
    "model",
    "certificate",
    "started",
}
TEXTS |= {"finished", "conditions", "cpu", "versions", "content", "data_checksum", "command", "device", "precision"}
WHOLE = {"repeat", "seed", "epoch", "step", "repeats", "family", "parameters", "threads", "batch_size", "epochs"}
WHOLE |= {"warnings", "cores", "warmup_steps"}
FLAGS = {"paired", "certified", "passed", "parity_passed", "target_reached", "warmup_settled"}
LARGEST = 2**63 - 1

PIECE = 100_000
"""Rows of ``steps`` that are a frame, and in memory as one, at a time."""


def tables(runs: Sequence[Run], across: Sequence[Across], problems: list[str]) -> dict[str, Iterable[pd.DataFrame]]:
    """Return every table by its name, each in pieces of the same columns; to go through once.

    ``epochs`` and ``steps`` are read from the trials' files piece by piece as they are gone through; what could not be
    read of the steps is then added to `problems`, a line each.
    """
    known = [(run, run.results) for run in runs if run.results]
    groups = _groups(across, {run.name for run in runs})
    compared = [(run.name, item) for run, results in known for item in results.comparison]
    compared += [(name, item) for name, group in groups for item in group.comparison]
    agreed = [(run.name, item) for run, results in known for item in results.agreement]
    agreed += [(name, item) for name, group in groups for item in group.agreement]
    checks = [(run.name, item) for run, results in known for item in results.parity.checks]
    checks += [(name, item) for name, group in groups if group.parity for item in group.parity.checks]
    warned = [(run.name, item) for run, results in known for item in results.warnings]
    warned += [(name, item) for name, group in groups for item in group.warnings]
    return {
        "runs": [_frame([_run(run) for run in runs])],
        "trials": [_frame([_trial(run, results, trial) for run, results in known for trial in results.trials], KEYS)],
        "epochs": _epochs(runs),
        "steps": _steps(runs, problems),
        "comparison": [_plain(compared, Comparison)],
        "agreement": [_plain(agreed, Agreement)],
        "checks": [_plain(checks, Check)],
        "warnings": [_plain(warned, RunWarning)],
    }


def _groups(across: Sequence[Across], taken: set[str]) -> list[tuple[str, Across]]:
    """Return each comparison over several runs with the name that stands for a run in its rows; no two are alike."""
    named: dict[str, Across] = {}
    for group in across:
        name, count = clean(group.title), 2
        while name in taken or name in named:
            name, count = f"{clean(group.title)} ({count})", count + 1
        named[name] = group
    return list(named.items())


def _run(run: Run) -> dict[str, Any]:
    results = run.results or Results(status=run.status, message=run.problem)
    data, model, conditions = results.dataset, results.model, results.conditions
    return {
        "run": run.name,
        "folder": clean(str(run.folder)),
        "overrides": " ".join(run.overrides),
        "status": results.status,
        "message": results.message,
        "dataset": data.name if data else "",
        "model": model.name if model else "",
        "parameters": model.parameters if model else None,
        "baseline": results.baseline,
        "verdict": "; ".join(words.verdict(results)),
        "parity_passed": results.parity.passed,
        "certificate": results.parity.message,
        "warnings": len(results.warnings),
        "started": results.started,
        "finished": results.finished or "",
        "wall_seconds": results.wall_seconds,
        "waited_seconds": results.waited_seconds,
        **{name: conditions.get(name) for name in CONDITIONS},
        "conditions": pairs(conditions),
        "cpu": plain(results.machine.get("cpu", "")),
        "cores": results.machine.get("cores"),
        "versions": pairs(results.versions),
        "content": results.content,
        "data_checksum": data.checksum if data else "",
        "command": results.command,
    }


def _keys(run: Run, trial: Trial) -> dict[str, Any]:
    return {"run": run.name, "contender": trial.contender, "repeat": trial.repeat, "seed": trial.seed}


def _trial(run: Run, results: Results, trial: Trial) -> dict[str, Any]:
    own = next((item for item in results.contenders if item.name == trial.contender), None)
    row = _keys(run, trial) | {
        "backend": own.backend if own else "",
        "framework": own.framework if own else "",
        "status": trial.status,
        "message": trial.message,
        "parameters": trial.num_parameters,
    }
    row |= {name: trial.quantity(name) for name in (*TIMES, *QUALITIES)}
    row |= {name: value for name, value in trial.metrics.items() if name.startswith(("train_", "val_", "test_"))}
    row |= {
        "throughput_samples_per_second": trial.throughput,
        "predict_samples_per_second": trial.predict_throughput,
        "energy_joules": trial.energy_joules,
        "matrix_product_flops_per_second": trial.matrix_product_flops,
        "target": trial.target,
        "target_reached": trial.target_reached,
        "warmup_steps": trial.warmup.get("steps"),
        "warmup_seconds": trial.warmup.get("seconds"),
        "warmup_settled": trial.warmup.get("settled"),
    }
    row |= {f"latency_{share}_seconds": value for share, value in trial.step_latency_seconds.items()}
    row |= {f"predict_latency_{share}_seconds": value for share, value in trial.predict_latency_seconds.items()}
    row |= {f"predict_batch_{size}_samples_per_second": value for size, value in trial.predict_rates.items()}
    row |= {f"memory_{name}_bytes": value for name, value in trial.memory.items()}
    row |= {f"usage_{name}": value for name, value in trial.usage.items()}
    return row | {f"phase_{name}_seconds": value for name, value in trial.phases.items()}


def _epochs(runs: Sequence[Run]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one trial's ``epochs.csv`` after the other; of the files, one run's at a time are in memory."""
    yield _frame([], (*KEYS, *EPOCH_COLUMNS))
    for run in runs:
        yield from (_typed(pd.DataFrame(_keys(run, item.trial) | item.epochs)) for item in run.trials if item.epochs)
        run.release()


def _steps(runs: Sequence[Run], problems: list[str]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one trial's ``steps.parquet`` after the other's: what every clock read, and every loss."""
    yield _frame([], (*KEYS, *STEP_COLUMNS))
    for run in runs:
        for trial in run.results.trials if run.results else []:
            try:
                yield from read_steps(run, trial)
            except FileNotFoundError:
                if trial.status == "ok":
                    problems.append(
                        f"run {run.name}, {trial.contender}, repeat {trial.repeat}: steps.parquet is missing"
                    )
            except Exception as error:  # a hostile or half-written file can raise anything in a parser
                why = f"steps.parquet is unreadable ({type(error).__name__})"
                problems.append(f"run {run.name}, {trial.contender}, repeat {trial.repeat}: {why}")


def read_steps(run: Run, trial: Trial) -> Iterator[pd.DataFrame]:
    """Yield the rows of a trial's ``steps.parquet`` behind its keys; raises whatever a damaged file comes to."""
    table = frames.read_steps(inside(run.folder, trial.folder, "steps.parquet"))
    yield from (_step_rows(run, trial, table.slice(first, PIECE)) for first in range(0, table.num_rows, PIECE))


def _step_rows(run: Run, trial: Trial, table: pa.Table) -> pd.DataFrame:
    found = table.to_pandas()
    phases = found["phase"].astype(object).fillna("")
    found["phase"] = phases.map({word: clean(str(word)) for word in phases.unique()})
    for place, (key, value) in enumerate(_keys(run, trial).items()):
        found.insert(place, key, value)
    types = {name: "int64" if name in WHOLE else "float64" for name in found if name not in TEXTS}
    return found.astype(types).replace([math.inf, -math.inf], math.nan)


def _plain(found: Sequence[tuple[str, Any]], kind: type) -> pd.DataFrame:
    """Return one row per (name of the run, dataclass of `kind`), with a column for each of its fields."""
    columns = ("run", *(item.name for item in dataclasses.fields(kind)))
    return _frame([{"run": name} | dataclasses.asdict(item) for name, item in found], columns)


def _frame(rows: Sequence[dict[str, Any]], columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return `rows` as a frame: `columns` first, whether or not there are rows, then the others as they appear."""
    names = dict.fromkeys([*columns, *(name for row in rows for name in row)])
    return _typed(pd.DataFrame({name: [row.get(name) for row in rows] for name in names}, dtype=object))


def _typed(found: pd.DataFrame) -> pd.DataFrame:
    """Give every column the type that its name stands for, however odd the values of a file are."""
    return pd.DataFrame({name: _column(str(name), values) for name, values in found.items()})


def _column(name: str, values: pd.Series[Any]) -> pd.Series[Any]:
    if name in TEXTS:
        return values.map(lambda value: "" if value is None else str(value)).astype(str)
    if name in FLAGS:
        kept = values.map(lambda value: value if isinstance(value, bool) else None).astype("boolean")
        return kept if kept.isna().any() else kept.astype(bool)
    if name in WHOLE or name.endswith("_bytes"):
        kept = values.map(_whole).astype("Int64")
        return kept if kept.isna().any() else kept.astype("int64")
    return values.map(number).astype("float64")


def _whole(value: Any) -> int | None:
    found = number(value)
    return int(value) if found is not None and found == int(found) and abs(found) <= LARGEST else None
