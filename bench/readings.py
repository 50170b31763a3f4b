"""What a trial's child left behind: read into the trial, and its clocks written down as a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from bench.launch import Outcome
from bench.results import reach
from bench.results.schema import Trial
from frameworks.contract import CLOCKS, Request
from frameworks.reference import METRICS

CURVES = ("train_loss", "val_loss")
"""Columns of ``epochs.csv`` that a trial keeps."""


def read(found: Outcome, trial: Trial, request: Request) -> Trial:
    """Fill in what the child that was asked for `request` measured."""
    values, place = found.values, Path(request.folder)
    trial.usage = dict(found.usage)
    trial.phases = dict(values.get("phases", {}))
    # What the phases do not account for: starting Python, writing files, ending.
    asleep = values.get("waited_seconds", 0.0)
    trial.phases["process"] = max(0.0, found.wall_seconds - asleep - sum(trial.phases.values()))
    trial.metrics = dict(values.get("metrics", {}))
    trial.environment = dict(values.get("environment", {})) | {"retraces": values.get("retraces")}
    trial.num_parameters = values.get("num_parameters")
    trial.predict_throughput = values.get("predict_throughput")
    trial.warmup, trial.memory = dict(values.get("warmup", {})), dict(values.get("memory", {}))
    trial.matrix_product_flops = values.get("matrix_product_flops")
    trial.matrix_product_size = values.get("matrix_product_size")
    if values.get("epoch_seconds"):
        trial.epoch_seconds = float(np.median(values["epoch_seconds"]))
    if (place / CLOCKS).exists():
        clocks = load_file(place / CLOCKS)
        trial.clocked = {name: len(clocks[name]) for name in clocks if name != "losses"}
        trial.clocked |= {"epoch": len(values.get("epoch_seconds", [])), "first_step": 1}
        trial.clocked["input"] = values.get("input_batches", trial.clocked["input"])
        trial.step_latency_seconds = _percentiles(clocks["latency"])
        if "predict/latency" in clocks:
            trial.predict_latency_seconds = _percentiles(clocks["predict/latency"])
        trial.predict_rates = {
            name.removeprefix("predict/"): int(name.removeprefix("predict/")) / float(np.median(seconds))
            for name, seconds in clocks.items()
            if name.removeprefix("predict/").isdigit()
        }
        trial.step_seconds = float(np.median(clocks["throughput"]))
        trial.throughput = request.train["batch_size"] / trial.step_seconds
        if len(clocks["input"]):
            trial.input_seconds = float(np.median(clocks["input"]))
        first = clocks["losses"].ravel()[:2]
        trial.first_losses = [float(value) for value in first] if np.isfinite(first).all() else []
        _write_steps(place / "steps.parquet", clocks)
    rows = _epochs(place / "epochs.csv")
    trial.curves = {name: [row[name] for row in rows] for name in CURVES if rows and name in rows[0]}
    _reach(trial, request, rows)
    return trial


def _epochs(path: Path) -> list[dict[str, float]]:
    """Return the rows of ``epochs.csv``, none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [{key: float(value or "nan") for key, value in row.items()} for row in csv.DictReader(stream)]


def _reach(trial: Trial, request: Request, rows: list[dict[str, float]]) -> None:
    """Note when the validation came up to the target, where there is one."""
    trial.target = request.train.get("target")
    if trial.target is None:
        return
    found = reach.moment(rows, trial.target, METRICS[request.samples.task])
    if found is not None:
        trial.target_seconds, trial.target_reached = found


def _percentiles(seconds: np.ndarray) -> dict[str, float]:
    return {f"p{share}": float(np.percentile(seconds, share)) for share in (50, 95, 99)}


def _write_steps(path: Path, clocks: dict[str, np.ndarray]) -> None:
    """Write one row per clocked step or block, and one per training step with its loss."""
    import pyarrow as pa
    from pyarrow import parquet

    losses = clocks["losses"]
    epochs, steps = losses.shape
    parts: list[dict[str, Any]] = [
        _rows(phase, np.zeros(len(clocks[phase])), np.arange(len(clocks[phase])), clocks[phase], None)
        for phase in clocks
        if phase != "losses"
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
