"""The gate's side in a child: computes the fingerprint that the parent judges by.

First in float64 on the CPU (the judge), in the contender's own mode; then a few steps in the run's own precision
and on its device, twice, once with one weight tensor a hair off: the contender's own noise, which bounds what a
difference in that precision can mean.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from frameworks.contract import FINGERPRINT, REQUEST, Arrays, Request, Room, outcome
from frameworks.fingerprint import summarise
from frameworks.line import Line
from frameworks.order import orders
from frameworks.reference import Update, batch_loss, changes, combined_weights, plateau, rates, sampled
from frameworks.reference.mistakes import named
from frameworks.spec import Network
from frameworks.spec.layers import Dropout
from frameworks.tasks import noise

PERTURBATION = {"float32": 1e-7, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""By precision: the relative change of the first kernel that shows a contender's own noise, about one rounding."""

OWN = 1e-6
"""The least loss, relative to the largest output, whose error float64 can still tell to 1e-9."""

PICTURES, SIDE = 16, 64
"""How many decoded images go into a fingerprint, and how many rows and columns of each, at most."""


def parity(request: Request, line: Line) -> dict[str, Any]:
    """Leave ``fingerprint.safetensors`` in the request's folder."""
    line.tell("phase", name="float64")
    prints, info = judge(request) if request.settings["device"] == "cpu" else _judge_apart(request)
    line.tell("phase", name=request.settings["precision"])
    room: Room = _room(request, precision=request.settings["precision"], device=request.settings["device"])
    weights = load_file(request.weights)
    x, y = batch(request)
    kernel = next(name for name in weights if name.endswith(("/kernel", "/gamma")))
    by = np.float32(1 + PERTURBATION[request.settings["precision"]])
    hair = weights | {kernel: (weights[kernel] * by).astype(np.float32)}
    for label, given in (("own", weights), ("perturbed", hair)):
        room.build(given, 1)
        prints[f"smoke/{label}/losses"] = _steps(request, room, x, y)[0]
    prints |= _rates(request, room) | pixels(request)
    info |= {"environment": room.environment()}
    save_file(prints, Path(request.folder) / FINGERPRINT, metadata={"parallax": json.dumps(info)})
    return {"status": "ok", "environment": room.environment()}


def pixels(request: Request) -> Arrays:
    """Return some training images, as files give them here and as they were prepared, where training reads files.

    Both uint8 (k, h, w, C), at most `PICTURES` of them, of which rows and columns are left out beyond `SIDE`.
    """
    if request.pipeline.get("name") != "files":
        return {}
    data, shape, settings = request.samples, tuple(request.samples.input_shape), request.settings
    kind, index, (x, y) = _kind(request), data.index("train"), data.arrays()
    room: Room = kind(request, request.network(), precision=settings["precision"], device=settings["device"])
    places = np.linspace(0, len(index) - 1, min(PICTURES, len(index))).astype(np.int64)
    decoded, prepared = room.source(room.place(x, y, index), "train").pixels(places), x[index[places]]
    if data.channels_first:
        prepared = prepared.transpose(0, 2, 3, 1)
    step = -(-max(shape[:2]) // SIDE)
    found = {"input/pixels": decoded, "input/prepared": prepared.reshape(-1, *shape)}
    return {name: np.ascontiguousarray(images[:, ::step, ::step]) for name, images in found.items()}


def judge(request: Request) -> tuple[Arrays, dict[str, Any]]:
    """Return what float64 on the CPU computes, and what it was computed for."""
    request = replace(request, schedule=sampled(request.schedule, request.parity["steps"]))
    room = _room(request, precision="float64", device="cpu")
    prints, mistake = _judge(request, room, load_file(request.weights), *batch(request))
    return prints, {
        "content": request.content,
        "update": _update(request),
        "num_parameters": room.num_parameters(),
        "mode": room.environment()["mode"],
        "layers": [(node.name, node.layer.kind) for node in room.network.nodes],
        "mistake": mistake,
    }


def leave_judgement(request: Request, line: Line) -> dict[str, Any]:
    """Leave the judge's part alone, for a parent that has its own device in hand: see `_judge_apart`."""
    prints, info = judge(request)
    save_file(prints, Path(request.folder) / FINGERPRINT)
    return {"status": "ok", "info": info}


def _judge_apart(request: Request) -> tuple[Arrays, dict[str, Any]]:
    """Have the judge computed by a process that sees no GPU: in this one, float64 might end up there."""
    folder = Path(request.folder) / "judge"
    folder.mkdir(exist_ok=True)
    settings = request.settings | {"device": "cpu"}
    given = folder / REQUEST
    given.write_text(json.dumps(replace(request, task="judge", settings=settings, folder=str(folder)).to_json()))
    worker = Path(__file__).parents[1] / "worker.py"
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-P", str(worker), str(given)], env=environment, stdout=2, check=True)
    return load_file(folder / FINGERPRINT), json.loads(outcome(folder).read_text())["info"]


def _kind(request: Request) -> Any:
    return import_module(f"frameworks.{request.backend}.room").Room


def _room(request: Request, *, precision: str, device: str) -> Room:
    """Return a room without dropout and augmentation, which picks its samples on the device where training does.

    What comes from files or records comes from memory here, as it was prepared: `pixels` and the check of the records
    say whether those are the same.
    """
    pipeline = {"name": request.pipeline["name"]} if request.pipeline.get("name") == "device" else {}
    plain = replace(request, pipeline=pipeline)
    room: Room = _kind(request)(plain, certain(request.network()), precision=precision, device=device)
    return room


def batch(request: Request) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of all the gate's steps: the first of the training's first epoch.

    Not the first of the split: image files lie class by class.
    """
    index, (x, y) = request.samples.index("train"), request.samples.arrays()
    count = request.parity["steps"] * request.parity["batch_size"]
    places = index[np.resize(orders(request.train["seed"], 1, len(index))[0], count)]
    return np.ascontiguousarray(x[places]), y[places]


def certain(network: Network) -> Network:
    """Return the network with every dropout rate at 0: two frameworks' random masks never agree."""
    return network.changed(
        lambda node: replace(node, layer=replace(node.layer, rate=0.0)) if isinstance(node.layer, Dropout) else node
    )


def _judge(request: Request, room: Room, weights: Arrays, x: np.ndarray, y: np.ndarray) -> tuple[Arrays, str]:
    """Return fingerprints of outputs, loss, gradients, and of losses and weights after each step.

    And the mistake, in words, that a wrong loss shows.
    """
    size = request.parity["batch_size"]
    room.build({name: value.astype(np.float64) for name, value in weights.items()}, 1)
    first = room.place(x[:size], y[:size])
    before = room.snapshot()
    start = room.export()
    outputs = room.layer_outputs(first)
    prints = {f"outputs/{name}": summarise(value) for name, value in outputs.items()}
    room.restore(before)
    loss, gradients = room.gradients(first)
    prints |= {f"gradients/{name}": summarise(value) for name, value in gradients.items()}
    norm = np.sqrt(sum(float(np.sum(np.square(value))) for value in gradients.values()))
    last = outputs[room.network.nodes[-1].name]
    prints["reference/loss"], mistake = _own_loss(request, loss, last, y[:size])
    prints["loss"], prints["gradient_norm"] = np.array([loss]), np.array([norm])
    room.restore(before)
    idle = room.network.idle_shifts()
    put_back = {name: weights[name] for name in idle}
    losses, states = _steps(request, room, x, y, put_back)
    prints["losses"] = losses
    room.restore(before)
    hair = noise.a_hair_off(start)
    room.load(hair)
    prints |= noise.of((start, losses, states), (hair, *_steps(request, room, x, y, put_back)), list(gradients), idle)
    prints |= _against_reference(request, {name: weights[name] for name in start}, start, gradients, states[0], idle)
    for step, state in enumerate(states, start=1):
        kept = {name: value for name, value in state.items() if name not in idle}
        prints |= {f"weights/{step}/{name}": summarise(value) for name, value in kept.items()}
    room.load(states[-1] | {name: weights[name] for name in idle})
    prints["inference"] = summarise(room.predict(first, size)())
    return prints, mistake


def _own_loss(request: Request, loss: float, outputs: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, str]:
    """Return how far a contender's loss is from what the spec means by it, for the contender's own outputs.

    It names the side whose loss is wrong, and the second result the mistake, where it is a known one. Relative to the
    loss, but not below what float64 can tell of such outputs.
    """
    labels, own = request.samples.labels_of(y)
    given = request.loss, outputs.astype(np.float64), labels, request.loss_options
    weights = combined_weights(labels, request.class_weights, own)
    meant = batch_loss(*given, weights)
    if not np.isfinite(meant) and np.array_equal(meant, loss, equal_nan=True):
        return np.zeros(1), ""
    scale = max(abs(meant), OWN * float(np.abs(outputs).max()))
    return np.array([abs(loss - meant) / (scale or 1.0)]), named(loss, *given, weights)


def _against_reference(
    request: Request, given: Arrays, start: Arrays, gradients: Arrays, after: Arrays, idle: list[str]
) -> Arrays:
    """Return how far the contender alone is from the spec: its weights as loaded, and its first update.

    The update is computed in numpy from the contender's own gradients, so it names the side whose optimizer is wrong.
    """
    update = Update(request.optimizer, [name for name in gradients if name not in idle])
    at = rates(request.schedule, request.optimizer["learning_rate"])
    largest = np.max([np.abs(value).max() for value in given.values()])
    loaded = np.max([np.abs(start[name] - value).max() for name, value in given.items()])
    before = {name: given[name].astype(np.float64) for name in update.each}
    expected = update(before, {name: gradients[name] for name in before}, None if at is None else float(at[0]))
    errors = [0.0, *(np.abs(after[name] - value).max() for name, value in expected.items())]
    updates = [0.0, *(np.abs(value - before[name]).max() for name, value in expected.items())]
    # Relative to the update, which may be tiny beside the weights, but not below what float64 can tell of them.
    furthest = np.max(errors) / (max(np.max(updates), noise.FINEST * largest) or 1.0)
    return {"reference/loaded": np.array([loaded / (largest or 1.0)]), "reference/update": np.array([furthest])}


def _steps(
    request: Request, room: Room, x: np.ndarray, y: np.ndarray, idle: Arrays | None = None
) -> tuple[np.ndarray, list[Arrays]]:
    """Train in the contender's own way, one step an epoch; return every loss and the weights after each step.

    The `idle` shifts are put back after each: batch norm undoes them, but its moving mean would follow their noise.
    """
    size, steps = request.parity["batch_size"], request.parity["steps"]
    order = np.arange(steps * size, dtype=np.int32).reshape(steps, size)
    losses: list[float] = []
    states: list[Arrays] = []

    falling = plateau(request.schedule, request.optimizer["learning_rate"])

    def note(index: int, seconds: float, trace: np.ndarray | None, loss: float, accuracy: float) -> bool:
        losses.append(loss if trace is None else float(trace[0]))
        states.append(room.export(steps=index + 1, batch_size=size))
        if idle:
            room.load(room.export() | idle)
        if falling:  # each step is an epoch here, and behind each the validation loss stands still for long enough
            room.set_rate([falling.after(1.0) for _ in _stalled(request)][-1])
        return True

    room.train(room.source(room.place(x, y), "train"), order, size, True, note)
    return np.array(losses, dtype=np.float64), states


def _rates(request: Request, room: Room) -> Arrays:
    """Return the rate of every step of the training, and how far it is from the spec; nothing where it stays.

    On a plateau: those of the warm-up, and behind each epoch of a sequence of validation losses that is made up.
    """
    rate = request.optimizer["learning_rate"]
    if not changes(request.schedule):
        return {}
    meant = rates(request.schedule, rate)
    if meant is None:
        meant = np.full(1, rate, np.float32)
    length, falling = len(meant), plateau(request.schedule, rate)
    after: list[float] = []
    if falling:
        room.set_rate(rate)
        after = [falling.after(loss) for loss in (2.0, *_stalled(request), 0.5, 0.75, 0.25, *_stalled(request))]
    found = [room.rates(length)]
    for each in after:
        room.set_rate(each)
        found.append(room.rates(length)[-1:])
    meant = np.append(meant, np.array(after, np.float32))
    told = np.concatenate(found).astype(np.float64)
    error = np.abs(told - meant).max() / (np.abs(meant).max() or 1.0)
    return {"rates": summarise(told), "reference/rates": np.array([error], np.float64)}


def _stalled(request: Request) -> list[float]:
    """Return as many equal validation losses as it takes for the rate to fall, its cooldown included."""
    return [1.0] * (request.schedule["patience"] + request.schedule["cooldown"] + 1)


def _update(request: Request) -> list[str]:
    """Return what an update is made of, for whoever words what may be wrong with one: the optimizer, what is set."""
    found = [str(key) for key, value in request.optimizer.items() if key != "name" and value and value is not None]
    return [request.optimizer["name"], *found, *(["schedule"] if changes(request.schedule) else [])]
