"""Read the tables that a trial leaves behind; a damaged or missing one costs a chart, never the page."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench.results.folder import inside
from bench.results.schema import Trial

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = npt.NDArray[np.float64]

POINTS = 1000
"""Points of a drawn line at most."""

SCORES = ("loss", "accuracy", "mae", "kappa")
EPOCH_COLUMNS = ("epoch", "seconds", *(f"{split}_{name}" for split in ("train", "val") for name in SCORES))
"""Of these a task has accuracy or mae: what is missing is not a number throughout."""
STEP_COLUMNS = ["phase", "epoch", "step", "seconds", "loss"]
MAX_BYTES = 64 * 2**20
MAX_ROWS = 5_000_000
MAX_EPOCHS = 100_000
MOST_PHASES, LONGEST_PHASE = 100, 40
"""And characters of each: an export writes the phase of every row out."""


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
    return frames


def _read_epochs(path: Path, frames: Frames) -> None:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("too large")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(itertools.islice(csv.DictReader(file), MAX_EPOCHS + 1))
    if len(rows) > MAX_EPOCHS:
        raise ValueError("too many rows")
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
    table = read_steps(path)
    train = table.filter(_which(table["phase"], "train")).sort_by([("epoch", "ascending"), ("step", "ascending")])
    latencies = _floats(table.filter(_which(table["phase"], "latency"))["seconds"])
    losses = _floats(train["loss"])
    latencies = latencies[np.isfinite(latencies) & (latencies > 0)]
    if latencies.size:
        frames.latencies = latencies
    if np.isfinite(losses).any():
        frames.steps, frames.losses = thin(losses, POINTS)


def read_steps(path: Path) -> pa.Table:
    """Return `STEP_COLUMNS` of a ``steps.parquet``, whose phases are dictionaries.

    Raises `ValueError` where it is no table of steps or too large, and whatever a damaged file comes to.
    """
    from pyarrow import parquet

    if path.stat().st_size > MAX_BYTES:
        raise ValueError("too large")
    # Few bytes can stand for many: what a file promises is counted before, and each phase is read once.
    with parquet.ParquetFile(path, read_dictionary=["phase"]) as file:
        _bounded(file)
        table = file.read(columns=STEP_COLUMNS)
    for words in (chunk.dictionary.to_pylist() for chunk in table["phase"].chunks):
        if len(words) > MOST_PHASES or any(len(str(word)) > LONGEST_PHASE for word in words):
            raise ValueError("no phases")
    return table


def _which(phases: Any, name: str) -> npt.NDArray[np.bool_]:
    """Return where a column of dictionaries says `name`, without ever writing its words out."""
    found = [np.zeros(0, dtype=np.bool_)]
    for chunk in phases.chunks:
        words = chunk.dictionary.to_pylist()
        indices = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        found.append(np.isin(indices, [place for place, word in enumerate(words) if word == name]))
    return np.concatenate(found)


def _bounded(file: Any) -> None:
    """Raise `ValueError` where a parquet file is no table of steps, or would fill the memory, by its own account."""
    import pyarrow.types as kinds

    size = sum(file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups))
    if file.metadata.num_rows > MAX_ROWS or size > 4 * MAX_BYTES:
        raise ValueError("too large")
    numbers = [file.schema_arrow.field(name).type for name in STEP_COLUMNS if name != "phase"]
    if not all(kinds.is_integer(kind) or kinds.is_floating(kind) for kind in numbers):
        raise ValueError("no numbers")


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
