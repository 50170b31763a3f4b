"""Rooms for tests: one child process per backend, started once, asked for one job after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from frameworks import rooms
from frameworks.contract import Data, Request
from frameworks.order import steps_per_epoch
from frameworks.reference import LOSSES, OPTIONS, TASKS, float32
from frameworks.spec import parse

BACKENDS = rooms.names()
SCALE, OFFSET = 1 / 255, -0.5
MEASURE = {
    "warmup_steps": 3,
    "warmup_seconds": 0.05,
    "turns": 3,
    "min_turns": 2,
    "turn_seconds": 0.001,
    "seconds": 0.01,
    "min_batches": 2,
    "predict_sizes": [4],
    "predict_seconds": 0.01,
}
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
ADAM = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}


def rounded(optimizer: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters as a run hands them over: rounded to float32."""
    return {key: float32(value) if isinstance(value, float) else value for key, value in optimizer.items()}


@dataclass(kw_only=True)
class Job:
    """A piece of work on small random images, or a table where `shape` is (F,), the same for every backend."""

    layers: list[Any]
    shape: tuple[int, ...] = (6, 7, 2)
    outputs: int = 3
    count: int = 8
    """Samples in training; half as many for validation and for test."""
    optimizer: dict[str, Any] = field(default_factory=lambda: dict(SGD))
    schedule: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    pipeline: dict[str, Any] = field(default_factory=dict)
    shuffled: bool = False
    """Whether the splits take their samples from everywhere, as real ones do."""
    plants: list[str] = field(default_factory=list)
    task: str = "trial"
    learns: str = "classification"
    """The dataset's task."""
    loss: str = ""
    """Empty: the usual one of the task."""
    loss_options: dict[str, Any] = field(default_factory=dict)
    """What is not at its default."""
    class_weights: list[float] = field(default_factory=list)
    sample_weights: np.ndarray | None = None
    """One for each sample of `images`, (2 count,)."""
    scale: list[float] = field(default_factory=lambda: [SCALE])
    offset: list[float] = field(default_factory=lambda: [OFFSET])
    y_scale: float = 1.0
    y_offset: float = 0.0
    seed: int = 3
    random_weights: bool = False
    """Whether every tensor is random, biases and moving statistics too."""
    weights: dict[str, np.ndarray] | None = None
    ids: bool = False
    """Whether labels and pixels say which sample it is."""

    def network(self) -> Any:
        return parse(self.layers, input_shape=self.shape, outputs=self.outputs, task=self.learns)

    def initial(self) -> dict[str, np.ndarray]:
        if self.weights is not None:
            return self.weights
        weights = self.network().initial_weights(self.seed)
        if self.random_weights:
            rng = np.random.default_rng(self.seed)
            weights = {k: rng.uniform(0.5, 1.5, v.shape).astype(np.float32) for k, v in weights.items()}
        return weights

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all samples: uint8 (2 count, H, W, C) or float32 (2 count, F), and labels or targets."""
        rng = np.random.default_rng(self.seed + 1)
        total = 2 * self.count
        x = rng.integers(0, 256, (total, *self.shape), dtype=np.uint8)
        if len(self.shape) == 1:
            x = rng.normal(100.0, 60.0, (total, *self.shape)).astype(np.float32)
        if self.learns == "regression":
            return x, rng.normal(20.0, 5.0, total).astype(np.float32)
        y = rng.integers(0, 2 if self.learns == "binary" else self.outputs, total)
        if self.ids:
            y = np.arange(total)
            x[:] = y.reshape(-1, 1, 1, 1)
        return x, y

    def _scheduled(self, train: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schedule as a run hands it over."""
        if not self.schedule:
            return {}
        steps = steps_per_epoch(self.count, train["batch_size"], train["drop_last"])
        length = {"steps": train["epochs"] * steps, "steps_per_epoch": steps}
        return {"warmup_steps": 0} | rounded(self.schedule) | length

    def loss_name(self) -> str:
        return self.loss or TASKS[self.learns]

    def options(self) -> dict[str, Any]:
        return {key: OPTIONS[key] for key in LOSSES[self.loss_name()].options} | self.loss_options

    def request(self, backend: str, folder: Path) -> Request:
        """Write what a child reads into `folder`, and return the request."""
        folder.mkdir(parents=True, exist_ok=True)
        x, y = self.images()
        half = self.count + self.count // 2
        everywhere = np.arange(2 * self.count)
        if self.shuffled:
            everywhere = np.random.default_rng(self.seed).permutation(everywhere)
        splits = {"train": (0, self.count), "val": (self.count, half), "test": (half, 2 * self.count)}
        for name, (begin, end) in splits.items():
            np.save(folder / f"{name}.npy", everywhere[begin:end])
        first = rooms.channels_first(backend) and len(self.shape) == 3 and self.shape[-1] > 1
        np.save(folder / f"x-{backend}.npy", np.ascontiguousarray(np.moveaxis(x, -1, 1)) if first else x)
        np.save(folder / "y.npy", y)
        if self.sample_weights is not None:
            np.save(folder / "sample_weights.npy", self.sample_weights.astype(np.float32))
        save_file(self.initial(), folder / "weights.safetensors")
        own = {"device": "cpu", "precision": "float32", "tf32": False, "deterministic": False, "threads": 2}
        train = {"epochs": 2, "batch_size": 4, "drop_last": True, "seed": 5, "trace": True}
        return Request(
            task=self.task,
            contender=backend,
            backend=backend,
            settings=asdict(rooms.settings(backend)()) | own | self.settings,
            folder=str(folder / backend),
            model="small",
            layers=self.layers,
            data=Data(
                x=str(folder / f"x-{backend}.npy"),
                y=str(folder / "y.npy"),
                splits={name: str(folder / f"{name}.npy") for name in splits},
                input_shape=list(self.shape),
                outputs=self.outputs,
                channels_first=first,
                scale=self.scale,
                offset=self.offset,
                task=self.learns,
                y_scale=self.y_scale,
                y_offset=self.y_offset,
                weights="" if self.sample_weights is None else str(folder / "sample_weights.npy"),
            ),
            weights=str(folder / "weights.safetensors"),
            optimizer=rounded(self.optimizer),
            schedule=self._scheduled(train | self.train),
            loss=self.loss_name(),
            loss_options=self.options(),
            class_weights=self.class_weights,
            train=train | self.train,
            measure=MEASURE,
            parity={"steps": 5, "batch_size": 6},
            pipeline=self.pipeline,
            content="the same",
            plants=self.plants,
        )


@dataclass
class Answer:
    """What a child says: plain values, and arrays by name."""

    values: dict[str, Any]
    arrays: dict[str, np.ndarray]
    folder: Path

    def under(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays below `prefix`, by the rest of their names."""
        return {name.removeprefix(prefix): a for name, a in self.arrays.items() if name.startswith(prefix)}

    def furthest(self, other: Answer, idle: Collection[str] = ()) -> tuple[float, str]:
        """Return the largest error against `other`, and where; `idle` names biases whose gradient is noise.

        Gradients count relative to the norm of all, weights to the largest of all, the rest to its own largest value.
        """
        assert self.arrays.keys() == other.arrays.keys()
        scales = {
            "gradients": np.sqrt(sum(float(np.sum(a**2)) for a in other.under("gradients/").values())),
            "weights": max((float(np.abs(a).max()) for a in other.under("weights/").values()), default=0.0),
        }
        errors = [(0.0, "")]
        for name, array in self.arrays.items():
            twin = other.arrays[name]
            assert array.shape == twin.shape, name
            if not any(name.endswith(shift) for shift in idle):
                scale = scales.get(name.split("/")[0]) or float(np.abs(twin).max())
                errors.append((float(np.abs(array - twin).max()) / max(scale, 1e-300), name))
        return max(errors)


class Rooms:
    """One child per backend."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.children: dict[str, subprocess.Popen[str]] = {}

    def ask(self, backend: str, do: str, job: Job, **given: Any) -> Answer:
        """Have one backend do a job."""
        return self.both(do, job, only=(backend,), **given)[backend]

    def both(self, do: str, job: Job, *, only: tuple[str, ...] = BACKENDS, **given: Any) -> dict[str, Answer]:
        """Have every backend do a job, at the same time."""
        self.count += 1
        folder = self.folder / str(self.count)
        requests = {backend: job.request(backend, folder) for backend in only}
        for backend, request in requests.items():
            stdin = self._child(backend).stdin
            assert stdin is not None
            stdin.write(json.dumps({"do": do, "request": request.to_json(), "given": given}) + "\n")
            stdin.flush()
        lines = {backend: self._child(backend).stdout.readline() for backend in only}  # type: ignore[union-attr]
        return {backend: self._read(backend, line, Path(requests[backend].folder)) for backend, line in lines.items()}

    def _child(self, backend: str) -> subprocess.Popen[str]:
        if backend not in self.children:
            script = Path(__file__).with_name("child.py")
            root = script.parents[2]
            environment = dict(os.environ) | {"PYTHONPATH": str(root), "CUDA_VISIBLE_DEVICES": "-1"}
            environment |= {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "PYTHONHASHSEED": "0"}
            environment |= rooms.environment(backend, {}, str(self.folder / "cache"))
            self.children[backend] = subprocess.Popen(
                [sys.executable, "-P", str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=(self.folder / f"{backend}.log").open("w"),
                text=True,
                env=environment,
            )
        return self.children[backend]

    def _read(self, backend: str, line: str, folder: Path) -> Answer:
        if not line:
            raise AssertionError(f"the child of {backend} ended:\n{(self.folder / f'{backend}.log').read_text()}")
        answer = json.loads(line)
        assert "error" not in answer, f"{backend}:\n{answer['error']}"
        with np.load(folder / "arrays.npz") as arrays:
            return Answer(answer["values"], dict(arrays), folder)

    def close(self) -> None:
        """End the children."""
        for child in self.children.values():
            assert child.stdin is not None
            child.stdin.close()
            child.terminate()
            child.wait()


@pytest.fixture(scope="session")
def job() -> type[Job]:
    """The class of jobs: a test says what is special about its own."""
    return Job


@pytest.fixture(scope="session")
def side_by_side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms]:
    """The rooms, ready to be asked."""
    asked = Rooms(tmp_path_factory.mktemp("rooms"))
    yield asked
    asked.close()
