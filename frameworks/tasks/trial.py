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
from frameworks.reference import score, softmax
from frameworks.tasks.journal import Journal


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
        arrays = {split: request.samples.load(split) for split in ("train", "val", "test")}
        samples = {split: room.place(*arrays[split]) for split in arrays}
    steps = steps_per_epoch(len(arrays["train"][1]), train["batch_size"], train["drop_last"])
    with phases.phase("build"):
        room.build(load_file(request.weights), steps if train["trace"] else 0)
        room.synchronize()
    before = room.snapshot()
    clocks = _compute_clock(request, room, samples["train"], phases, lambda: room.restore(before))
    traced = room.traces()
    room.restore(before)

    journal = Journal(request, room, samples["val"], arrays["val"][1], phases, tell)
    _train(request, room, samples["train"], len(arrays["train"][1]), journal, phases)
    journal.evaluate_test(samples["test"], arrays["test"][1])
    logits, predict_seconds = _predict(room, samples["test"], train["batch_size"], phases)

    folder = Path(request.folder)
    save_file(clocks | {"losses": journal.losses()}, folder / CLOCKS)
    np.save(folder / "predictions.npy", softmax(logits.astype(np.float64)).astype(np.float32))
    save_file(room.export(), folder / "weights.safetensors")
    _write_epochs(folder / "epochs.csv", journal.rows)
    environment = room.environment()
    if environment["device"] != settings["device"]:
        raise RuntimeError(f"asked for the {settings['device']}, and ran on the {environment['device']}")
    return {
        "status": "diverged" if journal.diverged else "ok",
        "message": journal.diverged,
        "num_parameters": room.num_parameters(),
        "phases": phases.seconds,
        "metrics": journal.metrics(),
        "test": score(request.loss, logits, arrays["test"][1]),
        "epoch_seconds": [row["seconds"] for row in journal.rows],
        "predict_throughput": len(logits) / predict_seconds,
        "retraces": room.traces() - traced,
        "environment": environment,
    }


def _compute_clock(
    request: Request, room: Room, samples: Any, phases: clock.Phases, restore: Callable[[], None]
) -> dict[str, np.ndarray]:
    """Clock the training step on one batch that lies on the device: the first, then latency, then throughput."""
    train, measure = request.train, request.measure
    index = orders(train["seed"], 1, len(samples.y))[0][: train["batch_size"]].astype(np.int64)
    full = train["drop_last"] or len(samples.y) % train["batch_size"] == 0
    with phases.phase("first_step"):
        step = room.step_function(samples, index, full_batches=full)
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


def _train(request: Request, room: Room, samples: Any, count: int, journal: Journal, phases: clock.Phases) -> None:
    """Train all epochs; the phase ``train`` is the sum of the epochs, ``tail`` what comes after the last."""
    train = request.train
    order = orders(train["seed"], train["epochs"], count)
    phases.tell("phase", name="train")
    room.train(samples, order, train["batch_size"], train["drop_last"], journal.epoch)
    phases.add("tail", clock.now() - journal.last_moment)
    phases.add("train", sum(row["seconds"] for row in journal.rows))


def _predict(room: Room, samples: Any, batch_size: int, phases: clock.Phases) -> tuple[np.ndarray, float]:
    """Clock inference over the test set, compiled and warm; fetching the logits stays outside."""
    room.predict(samples, batch_size)
    with phases.phase("predict"):
        fetch = room.predict(samples, batch_size)
    return fetch(), phases.seconds["predict"]


def _write_epochs(path: Path, rows: list[dict[str, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["epoch"])
        writer.writeheader()
        writer.writerows(rows)
