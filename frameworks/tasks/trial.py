"""The trial: every phase clocked apart, the compute clock first, then training as a user would run it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from frameworks import clock, footprint
from frameworks.contract import CLOCKS, Request, Room
from frameworks.line import Line
from frameworks.order import orders, steps_per_epoch
from frameworks.reference import predictions
from frameworks.tasks import attainable, clocks
from frameworks.tasks.journal import Journal


def trial(request: Request, line: Line) -> dict[str, Any]:
    """Run one trial; leave ``epochs.csv``, ``clocks.safetensors``, predictions and weights in the request's folder."""
    phases = clock.Phases(line.tell)
    settings, train = request.settings, request.train
    start = footprint.resident()
    with phases.phase("import"):
        kind = import_module(f"frameworks.{request.backend}.room").Room
    network = request.network()
    with phases.phase("build"):
        room: Room = kind(request, network, precision=settings["precision"], device=settings["device"])
    with phases.phase("load"):
        (x, y), data = request.samples.arrays(), request.samples
        index = {split: data.index(split) for split in ("train", "val", "test")}
        samples = {split: room.place(x, y, index[split]) for split in index}
        source = room.source(samples["train"], "train")
    steps = steps_per_epoch(len(index["train"]), train["batch_size"], train["drop_last"])
    with phases.phase("build"):
        room.build(load_file(request.weights), steps if train["trace"] else 0)
        room.synchronize()
    before = room.snapshot()
    step = _first_step(request, room, source, len(index["train"]), phases)
    readings, warmup = clocks.compute(request, room, step, phases, line, lambda: room.restore(before))
    readings["input"], batches = clocks.input_alone(request, room, source, len(index["train"]), phases)
    traced = room.traces()
    room.restore(before)

    labels = {split: data.labels_of(y[index[split]])[0] for split in index}
    journal = Journal(request, room, samples["val"], labels["val"], phases, line)
    _train(request, room, source, len(index["train"]), journal, phases)
    memory = ({"start": start} if start else {}) | footprint.footprint() | room.memory()
    spent, retraces = footprint.cpu_seconds_of_workers(), room.traces() - traced
    journal.evaluate_test(samples["test"], labels["test"])
    logits, predict_seconds = _predict(room, samples["test"], train["batch_size"], phases)
    readings |= clocks.predict(request, room, samples["test"], phases, line)

    folder = Path(request.folder)
    save_file(readings | {"losses": journal.losses()}, folder / CLOCKS)
    np.save(folder / "predictions.npy", _predictions(request, logits))
    save_file(room.export(), folder / "weights.safetensors")
    _write_epochs(folder / "epochs.csv", journal.rows)
    environment = room.environment() | {"reads": source.reads}
    if environment["device"] != settings["device"]:
        raise RuntimeError(f"asked for the {settings['device']}, and ran on the {environment['device']}")
    product = attainable.matrix_product(room, settings["device"], request.measure["seconds"], phases)
    return product | {
        "status": "diverged" if journal.diverged else "ok",
        "message": journal.diverged,
        "num_parameters": room.num_parameters(),
        "phases": phases.seconds,
        "waited_seconds": line.waited,
        "input_batches": batches,
        "workers_cpu_seconds": spent,
        "warmup": {"steps": warmup.steps, "seconds": warmup.seconds, "settled": warmup.settled},
        "memory": memory,
        "metrics": journal.metrics(),
        "epoch_seconds": [row["seconds"] for row in journal.rows],
        "predict_throughput": len(logits) / predict_seconds,
        "retraces": retraces,
        "environment": environment,
    }


def _first_step(request: Request, room: Room, source: Any, count: int, phases: clock.Phases) -> Callable[[], object]:
    """Clock the first step on the first batch, tracing and compiling included; return the step."""
    train, settings = request.train, request.settings
    first = orders(train["seed"], 1, count)
    with phases.phase("first_step"):
        step = room.step_function(source, first, train["batch_size"], train["drop_last"])
        step()
        room.synchronize()
    return clock.handicapped(step, room.synchronize, settings.get("handicap", 0.0))


def _train(request: Request, room: Room, source: Any, count: int, journal: Journal, phases: clock.Phases) -> None:
    """Train all epochs; the phase ``train`` is the sum of the epochs, ``tail`` what comes after the last."""
    train = request.train
    order = orders(train["seed"], train["epochs"], count)
    phases.tell("phase", name="train")
    room.train(source, order, train["batch_size"], train["drop_last"], journal.epoch)
    phases.add("tail", clock.now() - journal.last_moment)
    phases.add("train", sum(row["seconds"] for row in journal.rows))


def _predict(room: Room, samples: Any, batch_size: int, phases: clock.Phases) -> tuple[np.ndarray, float]:
    """Clock inference over the test set, compiled and warm; fetching the logits stays outside."""
    room.predict(samples, batch_size)
    with phases.phase("predict"):
        fetch = room.predict(samples, batch_size)
    return fetch(), phases.seconds["predict"]


def _predictions(request: Request, outputs: np.ndarray) -> np.ndarray:
    """Return what `outputs` predict, float32 (n, outputs): probabilities, or values in the target's own units."""
    data = request.samples
    found = predictions(data.task, outputs)
    if data.task == "regression":
        found = (found - data.y_offset) / data.y_scale
    return found.astype(np.float32)


def _write_epochs(path: Path, rows: list[dict[str, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        # Not every row has every column: kappa has no value where one class is all there is.
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(stream, fieldnames=names or ["epoch"])
        writer.writeheader()
        writer.writerows(rows)
