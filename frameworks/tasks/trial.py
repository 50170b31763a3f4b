"""The trial: every phase clocked apart, the compute clock first, then training as a user would run it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from frameworks import clock
from frameworks.contract import CLOCKS, Request, Room
from frameworks.order import orders, steps_per_epoch
from frameworks.reference import predictions, score
from frameworks.tasks.journal import Journal, in_units


def trial(request: Request, tell: Callable[..., None]) -> dict[str, Any]:
    """Run one trial; leave ``epochs.csv``, ``clocks.safetensors``, predictions and weights in the request's folder."""
    phases = clock.Phases(tell)
    settings, train = request.settings, request.train
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
    first = orders(train["seed"], 1, len(index["train"]))
    clocks = _compute_clock(request, room, source, first, phases, lambda: room.restore(before))
    clocks["input"] = _input_clock(request, room, source, len(index["train"]), phases)
    traced = room.traces()
    room.restore(before)

    labels = {split: y[index[split]] for split in index}
    journal = Journal(request, room, samples["val"], labels["val"], phases, tell)
    _train(request, room, source, len(index["train"]), journal, phases)
    journal.evaluate_test(samples["test"], labels["test"])
    logits, predict_seconds = _predict(room, samples["test"], train["batch_size"], phases)

    folder = Path(request.folder)
    save_file(clocks | {"losses": journal.losses()}, folder / CLOCKS)
    np.save(folder / "predictions.npy", _predictions(request, logits))
    save_file(room.export(), folder / "weights.safetensors")
    _write_epochs(folder / "epochs.csv", journal.rows)
    environment = room.environment() | {"reads": source.reads}
    if environment["device"] != settings["device"]:
        raise RuntimeError(f"asked for the {settings['device']}, and ran on the {environment['device']}")
    return {
        "status": "diverged" if journal.diverged else "ok",
        "message": journal.diverged,
        "num_parameters": room.num_parameters(),
        "phases": phases.seconds,
        "metrics": journal.metrics(),
        "test": in_units(request, score(request.loss, logits, labels["test"])),
        "epoch_seconds": [row["seconds"] for row in journal.rows],
        "predict_throughput": len(logits) / predict_seconds,
        "retraces": room.traces() - traced,
        "environment": environment,
    }


def _compute_clock(
    request: Request,
    room: Room,
    source: Any,
    order: np.ndarray,
    phases: clock.Phases,
    restore: Callable[[], None],
) -> dict[str, np.ndarray]:
    """Clock the training step on the first batch of `order`, (1, n), on the device: once, latency, throughput."""
    train, measure = request.train, request.measure
    with phases.phase("first_step"):
        step = room.step_function(source, order, train["batch_size"], train["drop_last"])
        step()
        room.synchronize()

    def fresh() -> None:
        restore()
        step()
        room.synchronize()

    with phases.phase("warmup"):
        # One at least: the clocks take their lengths from it.
        warm = clock.latency(step, room.synchronize, max(1, measure["warmup_steps"]))
    per_call = room.steps_per_call()
    steps = clock.budget(float(np.median(warm[len(warm) // 2 :])), measure)
    blocks = measure["blocks"]
    with phases.phase("latency"):
        latency = clock.in_blocks(lambda n: clock.latency(step, room.synchronize, n), steps, blocks, fresh)
    with phases.phase("throughput"):
        throughput = clock.in_blocks(lambda n: clock.throughput(step, room.synchronize, n), steps, blocks, fresh)
    return {"latency": latency / per_call, "throughput": throughput / per_call}


def _input_clock(request: Request, room: Room, source: Any, count: int, phases: clock.Phases) -> np.ndarray:
    """Clock the input pipeline alone over an epoch, or as many as the fewest batches to be clocked ask for."""
    train, measure = request.train, request.measure
    size, drop_last, least = train["batch_size"], train["drop_last"], measure["min_steps"]
    epochs = 1 + least // steps_per_epoch(count, size, drop_last)
    with phases.phase("input"):
        batches = room.batches(source, orders(train["seed"], epochs, count), size, drop_last)
        return clock.delivery(batches, room.synchronize, measure["seconds"], least)


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
    found, data = predictions(request.loss, outputs), request.samples
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
