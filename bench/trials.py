"""One trial: run in a child, its files put in order, its numbers read."""

from __future__ import annotations

import csv
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from bench import launch, noise
from bench.counters import counters
from bench.launch import Listener, Outcome
from bench.results import reach, store
from bench.results.schema import Contender, RunWarning, Trial
from bench.work import Work
from frameworks.contract import CLOCKS, OUTCOME, REQUEST, Request
from frameworks.reference import METRICS

SCRATCH = (REQUEST, OUTCOME, CLOCKS)
"""What a child and its parent tell each other; a trial does not keep it."""


def run(
    work: Work, contender: Contender, repeat: int, folder: Path, listen: Listener
) -> tuple[Trial, list[RunWarning]]:
    """Run one trial; return it and what happened on the machine meanwhile. Its files lie below `folder`."""
    name = f"trials/{contender.name}-{repeat}"
    place = folder / name
    request = work.request("trial", contender, repeat, place)
    # In a folder that was used before, an earlier trial's files would pass for this one's.
    shutil.rmtree(place, ignore_errors=True)
    before = counters()
    found = launch.run(request, listen)
    warnings = noise.between(before, counters(), found.cpu_seconds, found.wall_seconds, contender.name, repeat)
    trial = _read(
        found,
        Trial(
            contender=contender.name,
            repeat=repeat,
            seed=request.train["seed"],
            status=found.status,
            message=found.message,
            folder=name,
        ),
        place,
        request.train["batch_size"],
    )
    _reach(trial, request, place / "epochs.csv")
    store.write_json(place / "trial.json", asdict(trial))
    if repeat > 0:
        (place / "weights.safetensors").unlink(missing_ok=True)
    for leftover in SCRATCH:
        (place / leftover).unlink(missing_ok=True)
    return trial, warnings


def _read(found: Outcome, trial: Trial, place: Path, batch_size: int) -> Trial:
    """Fill in what the child measured."""
    values = found.values
    trial.phases = dict(values.get("phases", {}))
    # What the phases do not account for: starting Python, writing files, ending.
    trial.phases["process"] = max(0.0, found.wall_seconds - sum(trial.phases.values()))
    trial.metrics = dict(values.get("metrics", {}))
    trial.environment = dict(values.get("environment", {})) | {"retraces": values.get("retraces")}
    trial.num_parameters = values.get("num_parameters")
    trial.predict_throughput = values.get("predict_throughput")
    if values.get("epoch_seconds"):
        trial.epoch_seconds = float(np.median(values["epoch_seconds"]))
    if (place / CLOCKS).exists():
        clocks = load_file(place / CLOCKS)
        p50, p95, p99 = np.percentile(clocks["latency"], [50, 95, 99])
        trial.step_latency_seconds = {"p50": float(p50), "p95": float(p95), "p99": float(p99)}
        trial.step_seconds = float(np.median(clocks["throughput"]))
        trial.throughput = batch_size / trial.step_seconds
        if len(clocks["input"]):
            trial.input_seconds = float(np.median(clocks["input"]))
        first = clocks["losses"].ravel()[:2]
        trial.first_losses = [float(value) for value in first] if np.isfinite(first).all() else []
        _write_steps(place / "steps.parquet", clocks)
    return trial


def _reach(trial: Trial, request: Request, epochs: Path) -> None:
    """Note when the validation came up to the target, where there is one."""
    trial.target = request.train.get("target")
    if trial.target is None or not epochs.exists():
        return
    with epochs.open(newline="", encoding="utf-8") as stream:
        rows = [{key: float(value or "nan") for key, value in row.items()} for row in csv.DictReader(stream)]
    found = reach.moment(rows, trial.target, METRICS[request.loss])
    if found is not None:
        trial.target_seconds, trial.target_reached = found


def _write_steps(path: Path, clocks: dict[str, np.ndarray]) -> None:
    """Write one row per clocked step or block, and one per training step with its loss."""
    import pyarrow as pa
    from pyarrow import parquet

    losses = clocks["losses"]
    epochs, steps = losses.shape
    parts: list[dict[str, Any]] = [
        _rows(phase, np.zeros(len(clocks[phase])), np.arange(len(clocks[phase])), clocks[phase], None)
        for phase in ("latency", "throughput", "input")
    ]
    epoch, step = np.repeat(np.arange(1, epochs + 1), steps), np.tile(np.arange(steps), epochs)
    parts.append(_rows("train", epoch, step, None, losses.ravel()))
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    parquet.write_table(pa.table(columns), path)


def _rows(
    phase: str, epoch: np.ndarray, step: np.ndarray, seconds: np.ndarray | None, loss: np.ndarray | None
) -> dict[str, np.ndarray]:
    missing = np.full(len(step), np.nan)
    return {
        "phase": np.full(len(step), phase, dtype=object),
        "epoch": epoch.astype(np.int32),
        "step": step.astype(np.int32),
        "seconds": missing if seconds is None else seconds.astype(np.float64),
        "loss": missing if loss is None else loss.astype(np.float64),
    }
