"""A child's main: training steps with what Parallax made of an optimizer against those with the framework's own.

``python optimizers.py BACKEND TURNS`` prints JSON: seconds per step of each of TURNS interleaved turns, by case,
``ours`` and ``stock``. Both are whole training steps in the harness, of a network whose step is short.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from frameworks.contract import Request
from frameworks.order import orders
from frameworks.reference import rates
from frameworks.spec import parse
from tests.benchmarks import bare

STEPS, WARM_UP = 40, 10
BETAS = {"beta_1": 0.875, "beta_2": 0.9990234375, "epsilon": 1e-8}
RATE = {"learning_rate": 0.0009765625}
SGD = {"name": "sgd", **RATE, "momentum": 0.875}
COSINE = {"name": "cosine", "min_rate": 0.0, "warmup_steps": 0, "steps": 1000, "steps_per_epoch": 100}
TF: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "adam": ({"name": "adam", **RATE, **BETAS}, {}, "Adam"),
    "adamw": ({"name": "adamw", **RATE, **BETAS}, {}, "AdamW"),
    "nadam": ({"name": "nadam", **RATE, **BETAS}, {}, "Nadam"),
    "adamax": ({"name": "adamax", **RATE, **BETAS}, {}, "Adamax"),
    "rmsprop": ({"name": "rmsprop", **RATE, "rho": 0.875, "epsilon": 1e-8}, {}, "RMSprop"),
    "sgd with momentum, cosine": (SGD, COSINE, ""),
}
"""By case: the optimizer, its schedule, and the name of Keras's own class, where the plant does not take it."""
TORCH = {
    "clip_global_norm": (SGD | {"clip_global_norm": 0.5}, {}),
    "clip_norm": (SGD | {"clip_norm": 0.5}, {}),
    "cosine": (SGD, COSINE),
}
"""By case: the optimizer and its schedule; PyTorch's own functions are the plants' and ``LambdaLR``."""


def step_of(request: Request) -> tuple[Any, Callable[[], object]]:
    """Return a room and its training step on one batch of random pixels."""
    if request.backend == "tf":
        from frameworks.tf.room import Room
    else:
        from frameworks.torch.room import Room  # type: ignore[assignment]
    network = parse(bare.LAYERS, input_shape=bare.SHAPE, outputs=10)
    room: Any = Room(request, network, precision="float32", device="cpu")
    room.build(network.initial_weights(0), 1)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (bare.BATCH, *bare.SHAPE), dtype=np.uint8)
    samples = room.place(x, rng.integers(0, 10, bare.BATCH))
    step = room.step_function(room.source(samples, "train"), orders(0, 1, bare.BATCH), bare.BATCH, True)
    step()
    return room, step


def of_tf(case: str, stock: bool) -> Callable[[], object]:
    """Return the step of a case in TensorFlow."""
    import keras

    from frameworks.tf import optimizers

    optimizer, schedule, own = TF[case]
    request = replace(bare.request("tf"), optimizer=optimizer, schedule=schedule)
    kinds: AbstractContextManager[object] = nullcontext()
    if stock and own:
        kinds = patch.dict(optimizers.KINDS, {optimizer["name"]: getattr(keras.optimizers, own)})
    with kinds:
        return step_of(replace(request, plants=["rate_in_velocity"] if stock else []))[1]


def of_torch(case: str, stock: bool) -> Callable[[], object]:
    """Return the step of a case in PyTorch."""
    from torch.optim.lr_scheduler import LambdaLR

    optimizer, schedule = TORCH[case]
    request = replace(bare.request("torch"), optimizer=optimizer, plants=["clip_epsilon"] if stock else [])
    if not stock or not schedule:
        return step_of(replace(request, schedule=schedule))[1]
    room, step = step_of(request)
    table = rates(schedule, 1.0)
    assert table is not None
    scheduler = LambdaLR(room.built.optimizer, lambda index: table[min(index, len(table) - 1)])

    def both() -> None:
        step()
        scheduler.step()

    return both


def main(backend: str, turns: int) -> dict[str, dict[str, list[float]]]:
    """Return seconds per step, by case and by whose; those of a case take turns, in a random order."""
    rng = np.random.default_rng()
    make, cases = (of_tf, TF) if backend == "tf" else (of_torch, TORCH)
    found: dict[str, dict[str, list[float]]] = {}
    for case in cases:
        steps = {"ours": make(case, False), "stock": make(case, True)}
        found[case] = {name: [] for name in steps}
        for turn in range(turns + WARM_UP):
            for name in rng.permutation(list(steps)):
                step = steps[name]
                begin = time.perf_counter()
                for _ in range(STEPS):
                    step()
                if turn >= WARM_UP:
                    found[case][name].append((time.perf_counter() - begin) / STEPS)
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
