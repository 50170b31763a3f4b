"""Read the tables that a trial leaves behind; a damaged or missing one costs a chart, never the page."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench.results.schema import Trial

Array: TypeAlias = npt.NDArray[np.float64]

POINTS = 1000
"""Points of a drawn line at most."""

SCORES = ("loss", "accuracy", "mae", "kappa")
EPOCH_COLUMNS = ("epoch", "seconds", *(f"{split}_{name}" for split in ("train", "val") for name in SCORES))
"""Of these a task has accuracy or mae: what is missing is not a number throughout."""
STEP_COLUMNS = ["phase", "epoch", "step", "seconds", "loss"]
MAX_BYTES = 64 * 2**20
MAX_ROWS = 20_000_000
LOG_BYTES = 6_000
LOG_LINES = 20


@dataclass(kw_only=True, slots=True)
class Frames:
    """One trial and what could be read of its files."""

    trial: Trial
    epochs: dict[str, Array] = field(default_factory=dict)
    """Columns of ``epochs.csv``, one value per epoch; empty where the file could not be read."""
    steps: Array | None = None
    """Step numbers (from 1) of `losses`: the middles of equal stretches where there were more than `POINTS`."""
    losses: Array | None = None
    """Training loss per step, or its mean over each stretch."""
    latencies: Array | None = None
    """Seconds per step of the latency clock."""
    problems: dict[str, str] = field(default_factory=dict)
    """By file name: why it could not be read."""
    log_tail: str = ""
    """The last lines of the log of a trial that did not end well."""


def read(folder: Path, trial: Trial) -> Frames:
    """Return `trial` of the run in `folder` with what its files hold; reads nothing outside `folder`."""
    frames = Frames(trial=trial)
    for name, reader in (("epochs.csv", _read_epochs), ("steps.parquet", _read_steps)):
        try:
            reader(inside(folder, trial.folder, name), frames)
        except FileNotFoundError:
            frames.problems[name] = "missing"
        except Exception as error:  # a hostile or half-written file can raise anything in a parser
            frames.problems[name] = f"unreadable ({type(error).__name__})"
    if trial.status != "ok":
        frames.log_tail = _log_tail(folder, trial)
    return frames


def inside(folder: Path, relative: str, name: str) -> Path:
    """Return the file `name` in `relative` below `folder`.

    Raises `FileNotFoundError`, and `PermissionError` where a name or a link leads out of the folder.
    """
    if not relative:
        raise FileNotFoundError(name)
    path = (folder / relative / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise PermissionError(f"{relative} leads out of the run's folder")
    if not path.is_file():
        raise FileNotFoundError(name)
    return path


def _read_epochs(path: Path, frames: Frames) -> None:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("too large")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([_number(row.get(name)) for row in rows]) for name in EPOCH_COLUMNS}
    if not rows or np.isnan(columns["epoch"]).any():
        raise ValueError("no epochs")
    frames.epochs = columns


def _number(text: str | None) -> float:
    try:
        value = float(text or "nan")
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _read_steps(path: Path, frames: Frames) -> None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise ValueError("too large")
        table = file.read(columns=STEP_COLUMNS)
    phase = pc.cast(table["phase"], "string")
    train = table.filter(pc.equal(phase, "train")).sort_by([("epoch", "ascending"), ("step", "ascending")])
    latencies = _floats(table.filter(pc.equal(phase, "latency"))["seconds"])
    losses = _floats(train["loss"])
    latencies = latencies[np.isfinite(latencies) & (latencies > 0)]
    if latencies.size:
        frames.latencies = latencies
    if np.isfinite(losses).any():
        frames.steps, frames.losses = thin(losses, POINTS)


def _floats(column: Any) -> Array:
    return np.asarray(column.to_numpy(), dtype=np.float64)


def thin(values: Array, points: int) -> tuple[Array, Array]:
    """Return (positions from 1, values), averaged over equal stretches where there are more than `points`."""
    if values.size <= points:
        return np.arange(1.0, values.size + 1), np.where(np.isfinite(values), values, np.nan)
    edges = np.linspace(0, values.size, points + 1).astype(np.int64)
    good = np.isfinite(values)
    sums = np.add.reduceat(np.where(good, values, 0.0), edges[:-1])
    counts = np.add.reduceat(good.astype(np.float64), edges[:-1])
    means = np.divide(sums, counts, out=np.full(points, np.nan), where=counts > 0)
    return (edges[:-1] + edges[1:] + 1) / 2, means


def _log_tail(folder: Path, trial: Trial) -> str:
    try:
        with inside(folder, trial.folder, "log.txt").open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LOG_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LOG_LINES:])
