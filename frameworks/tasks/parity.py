"""The gate's side in a child: computes the fingerprint that the parent judges by.

First in float64 on the CPU (the judge), in the contender's own mode; then a few steps in the run's own precision
and on its device, twice, once with one weight tensor a hair off: the contender's own noise, which bounds what a
difference in that precision can mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from frameworks.contract import FINGERPRINT, Arrays, Request, Room
from frameworks.fingerprint import summarise
from frameworks.reference import OPTIMIZERS
from frameworks.spec import Network
from frameworks.spec.layers import Dropout

PERTURBATION = 1e-7
"""Relative change of the first kernel that shows a contender's own noise (about one float32 rounding)."""


def parity(request: Request, tell: Callable[..., None]) -> dict[str, Any]:
    """Leave ``fingerprint.safetensors`` in the request's folder."""
    tell("phase", name="import")
    kind = import_module(f"frameworks.{request.backend}.room").Room
    network = certain(request.network())
    weights = load_file(request.weights)
    x, y = batch(request)
    tell("phase", name="float64")
    judge: Room = kind(request, network, precision="float64", device="cpu")
    prints = _judge(request, judge, weights, x, y)
    parameters = judge.num_parameters()
    mode = judge.environment()["mode"]
    tell("phase", name=request.settings["precision"])
    own: Room = kind(request, network, precision=request.settings["precision"], device=request.settings["device"])
    kernel = next(name for name in weights if name.endswith(("/kernel", "/gamma")))
    hair = weights | {kernel: (weights[kernel] * np.float32(1 + PERTURBATION)).astype(np.float32)}
    for label, given in (("own", weights), ("perturbed", hair)):
        own.build(given, 1)
        losses, _ = _steps(request, own, x, y)
        prints[f"smoke/{label}/losses"] = losses
    info = {
        "content": request.content,
        "num_parameters": parameters,
        "mode": mode,
        "layers": [(node.name, node.layer.kind) for node in network.nodes],
        "constants": network.float32_constants(),
        "environment": own.environment(),
    }
    save_file(prints, Path(request.folder) / FINGERPRINT, metadata={"parallax": json.dumps(info)})
    return {"status": "ok", "environment": own.environment()}


def batch(request: Request) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of all the gate's steps: the first of the training split."""
    x, y = request.samples.load("train")
    count = request.parity["steps"] * request.parity["batch_size"]
    places = np.arange(count) % len(y)
    return x[places], y[places]


def certain(network: Network) -> Network:
    """Return the network with every dropout rate at 0: two frameworks' random masks never agree."""
    nodes = (
        replace(node, layer=replace(node.layer, rate=0.0)) if isinstance(node.layer, Dropout) else node
        for node in network.nodes
    )
    return replace(network, nodes=tuple(nodes))


def _judge(request: Request, room: Room, weights: Arrays, x: np.ndarray, y: np.ndarray) -> Arrays:
    """Return fingerprints of outputs, loss, gradients, and of losses and weights after each step."""
    size = request.parity["batch_size"]
    room.build({name: value.astype(np.float64) for name, value in weights.items()}, 1)
    first = room.place(x[:size], y[:size])
    before = room.snapshot()
    start = room.export()
    prints = {f"outputs/{name}": summarise(value) for name, value in room.layer_outputs(first).items()}
    room.restore(before)
    loss, gradients = room.gradients(first)
    prints |= {f"gradients/{name}": summarise(value) for name, value in gradients.items()}
    norm = np.sqrt(sum(float(np.sum(np.square(value))) for value in gradients.values()))
    prints["loss"], prints["gradient_norm"] = np.array([loss]), np.array([norm])
    room.restore(before)
    losses, states = _steps(request, room, x, y)
    prints["losses"] = losses
    idle = room.network.idle_shifts()
    prints |= _against_reference(request, {name: weights[name] for name in start}, start, gradients, states[0], idle)
    for step, state in enumerate(states, start=1):
        kept = {name: value for name, value in state.items() if name not in idle}
        prints |= {f"weights/{step}/{name}": summarise(value) for name, value in kept.items()}
    room.load(states[-1] | {name: weights[name] for name in idle})
    prints["inference"] = summarise(room.predict(first, size)())
    return prints


def _against_reference(
    request: Request, given: Arrays, start: Arrays, gradients: Arrays, after: Arrays, idle: list[str]
) -> Arrays:
    """Return how far the contender alone is from the spec: its weights as loaded, and its first update.

    The update is computed in numpy from the contender's own gradients, so it names the side whose optimizer is wrong.
    """
    hyperparameters = {key: value for key, value in request.optimizer.items() if key != "name"}
    largest = max(float(np.abs(value).max()) for value in after.values())
    loaded = max(float(np.abs(start[name] - value).max()) for name, value in given.items())
    update = 0.0
    for name, gradient in gradients.items():
        if name not in idle:
            optimizer = OPTIMIZERS[request.optimizer["name"]](**hyperparameters)
            expected = optimizer.step(given[name].astype(np.float64), gradient)
            update = max(update, float(np.abs(after[name] - expected).max()))
    return {"reference/loaded": np.array([loaded / largest]), "reference/update": np.array([update / largest])}


def _steps(request: Request, room: Room, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, list[Arrays]]:
    """Train in the contender's own way, one step an epoch; return every loss and the weights after each step."""
    size, steps = request.parity["batch_size"], request.parity["steps"]
    order = np.arange(steps * size, dtype=np.int32).reshape(steps, size)
    losses: list[float] = []
    states: list[Arrays] = []

    def note(index: int, seconds: float, trace: np.ndarray | None, loss: float, accuracy: float) -> bool:
        losses.append(loss if trace is None else float(trace[0]))
        states.append(room.export(steps=index + 1, batch_size=size))
        return True

    room.train(room.place(x, y), order, size, True, note)
    return np.array(losses, dtype=np.float64), states
