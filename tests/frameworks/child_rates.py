"""The rates that were in force while a room trained, read where each framework's optimizer takes them from."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from frameworks.contract import Request, Room
from frameworks.order import orders
from frameworks.reference import plateau
from tests.frameworks.child_sources import loaded

Answer = tuple[Any, dict[str, np.ndarray]]


def _built(request: Request, precision: str) -> Room:
    kind = import_module(f"frameworks.{request.backend}.room").Room
    room: Room = kind(request, request.network(), precision=precision, device="cpu")
    dtype = "float64" if precision == "float64" else "float32"
    room.build({name: value.astype(dtype) for name, value in load_file(request.weights).items()}, 0)
    return room


def rates(request: Request, precision: str, steps: int, losses: list[float] | None = None) -> Answer:
    """Train twice, the second time from the state of before; `losses` are fed to a plateau behind each epoch."""
    room = _built(request, precision)
    seen = {"tf": _seen_by_keras, "torch": _seen_by_torch}[request.backend](room)
    told, before = room.rates(steps), room.snapshot()
    x, y = loaded(request.samples, "train")
    order = orders(request.train["seed"], request.train["epochs"], len(y))
    state = plateau(request.schedule, request.optimizer["learning_rate"])

    def hook(epoch: int, *rest: Any) -> bool:
        if state and losses:
            room.set_rate(state.after(losses[epoch]))
        return True

    def run() -> np.ndarray:
        seen.clear()
        room.train(room.source(room.place(x, y), "train"), order, request.train["batch_size"], True, hook)
        return np.array(seen, np.float32)

    first = run()
    room.restore(before)
    return {}, {"told": told, "in_force": first, "again": run()}


def _seen_by_keras(room: Any) -> list[float]:
    """Note down the rate that every update of the first variable is given."""
    import tensorflow as tf

    seen: list[float] = []
    optimizer, update = room.built.optimizer, room.built.optimizer.update_step
    first = room.built.model.trainable_variables[0].value

    def noting(gradient: Any, variable: Any, rate: Any) -> None:
        if variable is first:
            tf.py_function(lambda value: seen.append(float(value)), [rate], [])
        update(gradient, variable, rate)

    optimizer.update_step = noting
    return seen


def _seen_by_torch(room: Any) -> list[float]:
    """Note down the rate behind every step, which is still the step's own."""
    seen: list[float] = []
    optimizer = room.built.optimizer
    optimizer.register_step_post_hook(lambda *_: seen.append(optimizer.param_groups[0]["lr"]))
    return seen


def stock_plateau(request: Request, losses: list[float]) -> Answer:
    """Feed losses to what the framework itself calls reduce-on-plateau."""
    given, rate = request.schedule, request.optimizer["learning_rate"]
    room: Any = _built(request, "float32")
    optimizer = room.built.optimizer
    found = []
    if request.backend == "tf":
        import keras

        stock = keras.callbacks.ReduceLROnPlateau(
            monitor="loss", factor=given["factor"], patience=given["patience"], min_delta=given["min_delta"],
            cooldown=given["cooldown"] + 1, min_lr=0.0,
        )  # fmt: skip
        stock.set_model(room.built.model)
        stock.on_train_begin()
        for epoch, loss in enumerate(losses):
            stock.on_epoch_end(epoch, {"loss": loss})
            found.append(float(optimizer.learning_rate))
    else:
        from torch.optim.lr_scheduler import ReduceLROnPlateau

        scheduler = ReduceLROnPlateau(
            optimizer, factor=given["factor"], patience=given["patience"] - 1, threshold=given["min_delta"],
            threshold_mode="abs", cooldown=given["cooldown"], eps=0.0,
        )  # fmt: skip
        for loss in losses:
            scheduler.step(loss)
            found.append(optimizer.param_groups[0]["lr"])
    return {"rate": rate}, {"rates": np.array(found)}


def made_of(request: Request) -> Answer:
    """Whose class the optimizer is of, and what is done beside its step."""
    optimizer: Any = _built(request, "float32").built.optimizer
    found = {"module": type(optimizer).__module__, "name": type(optimizer).__name__}
    if request.backend == "torch":
        hooks = len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)
        found |= {"hooks": hooks, "groups": len(optimizer.param_groups)}
    return found, {}


JOBS = {"rates": rates, "stock_plateau": stock_plateau, "made_of": made_of}
