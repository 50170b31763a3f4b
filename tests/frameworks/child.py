"""The process in which one backend's room is tested: reads jobs as lines of JSON, answers each with one line.

A test process may import neither framework, let alone both; this one imports exactly one. Arrays go back as
``.npz`` in the folder of the job's request.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from bench.relay import more
from frameworks import clock
from frameworks.contract import Arrays, Request, Room
from frameworks.line import Line
from frameworks.order import orders, steps_per_epoch
from frameworks.tasks import TASKS, clocks
from frameworks.tasks.trial import _first_step
from tests.frameworks import child_models, child_rates, child_sources, child_specs, child_work
from tests.frameworks.child_sources import loaded

Answer = tuple[Any, Arrays]


class Alone(Line):
    """A line to nobody: every turn comes at once, for as long as the clocks are to run."""

    def __init__(self, request: Request) -> None:
        super().__init__(sys.stdout, sys.stdin)
        self.measure, self.told, self.rounds = request.measure, [], Counter[str]()

    def tell(self, event: str, **values: Any) -> None:
        """Keep what is told."""
        self.told.append(event)

    def turn(self, of: str, spent: float = 0.0) -> bool:
        """Go on."""
        self.rounds[of] += 1
        return more(self.rounds[of] - 1, spent, self.measure["seconds"], self.measure)


def _room(request: Request, precision: str, *, trace: bool = True) -> tuple[Room, Arrays]:
    room: Room = import_module(f"frameworks.{request.backend}.room").Room(
        request, request.network(), precision=precision, device="cpu"
    )
    dtype = "float64" if precision == "float64" else "float32"  # mixed precision keeps its weights in float32
    weights = {name: value.astype(dtype) for name, value in load_file(request.weights).items()}
    count = len(loaded(request.samples, "train")[1])
    steps = steps_per_epoch(count, request.train["batch_size"], request.train["drop_last"])
    room.build(weights, steps if trace else 0)
    return room, weights


def layers(request: Request, precision: str) -> Answer:
    """Every layer's output in training mode, loss, gradients, logits; what `load` put in comes out by `export`."""
    room, weights = _room(request, precision)
    exported = room.export()
    samples = room.place(*loaded(request.samples, "train"))
    before = room.snapshot()
    arrays = {f"outputs/{name}": value for name, value in room.layer_outputs(samples).items()}
    room.restore(before)
    loss, gradients = room.gradients(samples)
    arrays |= {f"gradients/{name}": value for name, value in gradients.items()}
    room.restore(before)
    arrays["logits"] = room.predict(samples, 4)()
    identical = {name: _same_bits(exported[name], weights[name]) for name in weights}
    values = {"loss": loss, "num_parameters": room.num_parameters(), "identical": identical}
    return values | {"format": _format(room)}, arrays


def train(request: Request, precision: str, trace: bool, clocked: bool, twin: bool) -> Answer:
    """Train, after the compute clock where `clocked`; `twin` exports what a room with biased variances would hold."""
    room, _ = _room(request, precision, trace=trace)
    samples, count = _placed(request, room, "train")
    source = room.source(samples, "train")
    size = request.train["batch_size"]
    if clocked:
        before = room.snapshot()
        alone = Alone(request)
        phases = clock.Phases(alone.tell)
        step = _first_step(request, room, source, count, phases)
        clocks.compute(request, room, step, phases, alone, lambda: room.restore(before))
        clocks.input_alone(request, room, source, count, phases)
        room.restore(before)
    arrays: Arrays = {}
    epochs: list[tuple[float, float, float]] = []
    steps = steps_per_epoch(count, size, request.train["drop_last"])

    def hook(epoch: int, seconds: float, losses: np.ndarray | None, loss: float, accuracy: float) -> bool:
        epochs.append((seconds, loss, accuracy))
        if losses is not None:
            arrays[f"losses/{epoch}"] = losses
        given = {"steps": (epoch + 1) * steps, "batch_size": size} if twin else {}
        arrays.update({f"weights/{epoch}/{name}": value for name, value in room.export(**given).items()})
        return True

    order = orders(request.train["seed"], request.train["epochs"], count)
    room.train(source, order, size, request.train["drop_last"], hook)
    if twin:
        last = request.train["epochs"] - 1
        room.load({name: arrays[f"weights/{last}/{name}"] for name in room.export()})
    arrays["logits"] = room.predict(samples, size)()
    return {"epochs": epochs}, arrays


def predict(request: Request, precision: str) -> Answer:
    """Logits and the exported weights, for the weights of the request."""
    room, _ = _room(request, precision)
    samples = room.place(*loaded(request.samples, "train"))
    return {}, {"logits": room.predict(samples, 4)()} | room.export()


def task(request: Request) -> Answer:
    """Do the request's own task; its files lie in the request's folder."""
    alone = Alone(request)
    result = TASKS[request.task](request, alone)
    return result | {"told": alone.told}, {}


def batches(request: Request) -> Answer:
    """Labels and all pixels, channels last, of every batch that the training's input pipeline delivers."""
    room, _ = _room(request, "float32")
    samples, count = _placed(request, room, "train")
    settings = request.train
    order = orders(settings["seed"], settings["epochs"], count)
    source = room.source(samples, "train")
    found = [
        (np.array(x), np.array(y))
        for x, y in room.batches(source, order, settings["batch_size"], settings["drop_last"])
    ]
    first = request.backend == "torch"
    arrays = {f"pixels/{step}": np.moveaxis(x, 1, -1) if first else x for step, (x, _) in enumerate(found)}
    return {"batches": len(found)}, arrays | {f"labels/{step}": y for step, (_, y) in enumerate(found)}


def _placed(request: Request, room: Room, split: str) -> tuple[Any, int]:
    """Return the samples of a split as a trial has them, and how many they are."""
    x, y = request.samples.arrays()
    index = request.samples.index(split)
    return room.place(x, y, index), len(index)


def _format(room: Any) -> str:
    """Return how torch has the kernels of convolutions in memory."""
    if room.request.backend != "torch":
        return ""
    import torch

    kernels = [each for each in room.built.network.parameters() if each.ndim == 4]
    last = bool(kernels) and all(each.is_contiguous(memory_format=torch.channels_last) for each in kernels)
    return "channels_last" if last else "contiguous"


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


JOBS: dict[str, Callable[..., Answer]] = {
    "layers": layers,
    "train": train,
    "predict": predict,
    "task": task,
    "batches": batches,
    **child_sources.JOBS,
    **child_work.JOBS,
    **child_rates.JOBS,
    **child_specs.JOBS,
    **child_models.JOBS,
}


def _answer(line: str) -> dict[str, Any]:
    job = json.loads(line)
    request = Request.from_json(job["request"])
    Path(request.folder).mkdir(parents=True, exist_ok=True)
    try:
        # A job may begin without a room, and TensorFlow takes its threads only before anything else.
        import_module(f"frameworks.{request.backend}.device").configure(request.settings, "float32", "cpu")
        values, arrays = JOBS[job["do"]](request, **job["given"])
        np.savez(Path(request.folder) / "arrays.npz", **arrays)
        return {"values": values}
    except Exception:
        return {"error": traceback.format_exc()}


def main() -> None:
    """Answer until there are no more jobs; what frameworks print goes to the log."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        stream.write(json.dumps(_answer(line)) + "\n")
        stream.flush()


if __name__ == "__main__":
    main()
