"""TensorBoard's event files: losses and scores by epoch, the training loss and the clocked times by step.

One TensorBoard run per trial, in a folder named after run, contender and repeat. The protocol buffers and the record
format are TensorBoard's own; its file writer is passed by, because that imports TensorFlow where it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from reports.frames import EPOCH_COLUMNS, Frames
from reports.load import Run
from reports.tables import read_steps

if TYPE_CHECKING:
    import pandas as pd

FILE = "events.out.tfevents.0.parallax"
"""TensorBoard knows an event file by the second of these words."""

CLOCKS = {"latency": "clock/latency_seconds", "throughput": "clock/throughput_seconds"}
"""By phase of ``steps.parquet``: the tag of its seconds per step."""

LAST = 2**31
"""Epochs from here on are nobody's: a damaged file's."""

Scalar: TypeAlias = tuple[str, int, float, float]
"""Tag, step, value, and the second of training in which it came about."""


def check() -> None:
    """Raise `ImportError` where the package that knows the format is not installed."""
    import tensorboard.compat.proto.event_pb2
    import tensorboard.summary.writer.record_writer  # noqa: F401


def write(runs: Sequence[Run], folder: Path) -> None:
    """Write one event file per trial below `folder`, which is there and empty."""
    taken: set[Path] = set()
    for run in runs:
        began = _second(run.results.started if run.results else "")
        for item in run.trials:
            own = f"{safe(item.trial.contender)}-{item.trial.repeat}"
            place = folder / safe(run.name) / own if len(runs) > 1 else folder / own
            while place in taken:  # two names that differ only in what no folder's name may hold
                place = place.with_name(f"{place.name}_")
            taken.add(place)
            place.mkdir(parents=True)
            _write(place / FILE, scalars(run, item), began)
        run.release()


def safe(name: str) -> str:
    """Return `name` as a folder may be called anywhere: never a path, never hidden."""
    return re.sub(r"[^\w.+=-]|^\.", "_", name)[:100] or "_"


def scalars(run: Run, item: Frames) -> Iterator[Scalar]:
    """Yield what a trial left; what is missing or not a number is left out."""
    ends = np.cumsum(np.nan_to_num(item.epochs["seconds"])) if item.epochs else np.zeros(0)
    for name in EPOCH_COLUMNS[2:]:
        for place, value in enumerate(item.epochs.get(name, ())):
            epoch = item.epochs["epoch"][place]
            if np.isfinite(value) and 0 <= epoch < LAST:
                yield f"epoch/{name}", int(epoch), float(value), float(ends[place])
    import pandas as pd

    try:
        steps = pd.concat(read_steps(run, item.trial), ignore_index=True)
    except Exception:  # as in frames.read, which has kept why
        return
    yield from _losses(steps, ends)
    for phase, tag in CLOCKS.items():
        for place, value in enumerate(steps.loc[steps["phase"] == phase, "seconds"]):
            if np.isfinite(value):
                yield tag, place, float(value), 0.0


def _losses(steps: pd.DataFrame, ends: np.ndarray) -> Iterator[Scalar]:
    train = steps[steps["phase"] == "train"].sort_values(["epoch", "step"])
    # Steps are not stamped one by one: they are spread evenly over the seconds of their training.
    moments = np.linspace(0.0, ends[-1] if ends.size else 0.0, len(train) + 1)[1:]
    for place, (value, moment) in enumerate(zip(train["loss"], moments, strict=True), start=1):
        if np.isfinite(value):
            yield "train/loss", place, float(value), float(moment)


def _second(moment: str) -> float:
    """Return an ISO date as seconds since 1970; 0 where it is none."""
    try:
        return max(datetime.fromisoformat(moment).timestamp(), 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _write(path: Path, found: Iterator[Scalar], began: float) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    with path.open("xb") as file:
        records = RecordWriter(file)
        records.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
        for tag, step, value, moment in found:
            told = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            records.write(Event(wall_time=began + moment, step=step, summary=told).SerializeToString())
        records.flush()
