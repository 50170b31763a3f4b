"""Stand-ins: a race that runs nothing, for the command line around it; children that train nothing, for the race."""

from __future__ import annotations

import copy
import functools
import json
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hydra
import hydra.core.global_hydra
import numpy as np
import pytest
from safetensors.numpy import save_file

import bench
import bench.job
import bench.plan
from bench import config, contenders, launch, request
from bench.errors import RequestError
from bench.launch import Outcome
from bench.results import store
from bench.results.schema import Results

TOO_LARGE = 5000
CHANGED = 77
"""A batch size of runs that are not what they were."""
FAILS, CRASHES, INTERRUPTED, KILLED = 1, 2, 3, 6


@dataclass
class Races:
    """What the stand-ins were asked: settings that were planned, (settings, command, folder) that were run."""

    planned: list[Any] = field(default_factory=list)
    run: list[tuple[Any, str, Path]] = field(default_factory=list)
    shown: list[Path] = field(default_factory=list)
    """Folders of runs to which nothing was to be added."""


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Races:
    """Stand-ins for `bench.plan`, `race` and `finished`, in an empty folder; ``train.seed`` says how a race ends."""
    seen = Races()

    def make(settings: Any, *, command: str) -> Any:
        seen.planned.append(settings)
        if settings.train.batch_size > TOO_LARGE:
            raise RequestError(f"train.batch_size={settings.train.batch_size}: the data has fewer samples")
        return settings, command

    def run(plan: Any, folder: Path, **_: Any) -> int:
        settings, command = plan
        seen.run.append((settings, command, folder))
        ends = {FAILS: "failed", INTERRUPTED: "interrupted", KILLED: "running"}.get(settings.train.seed, "ok")
        if settings.train.seed == CRASHES:
            raise ZeroDivisionError("a fault of our own")
        store.write(folder, Results(status=ends, command=command))
        if ends == "interrupted":
            raise KeyboardInterrupt
        return int(ends == "failed")

    def before(plan: Any, folder: Path) -> tuple[Any, Any]:
        if plan[0].train.batch_size == CHANGED:
            raise RequestError("not the same as when it was begun")
        return plan, store.read(folder) if (folder / store.NAME).exists() else None

    def is_whole(plan: Any, earlier: Any, folder: Path) -> bool:
        return bool(earlier.status == "ok")

    def show(plan: Any, folder: Path, results: Any) -> int:
        seen.shown.append(folder)
        return 0

    for name, functions in {"plan": [make], "race": [run, show], "finished": [before, is_whole]}.items():
        module = types.ModuleType(f"bench.{name}")
        for function in functions:
            setattr(module, function.__name__, function)
        monkeypatch.setitem(sys.modules, f"bench.{name}", module)
        monkeypatch.setattr(bench, name, module, raising=False)
    monkeypatch.chdir(tmp_path)
    return seen


@pytest.fixture
def my_conf(tmp_path: Path) -> Path:
    """A folder of a user's own, with right and wrong files."""
    files = {
        "model/mine": "name: mine\nlayers: [flatten, {dense: outputs}]\n",
        "model/wrong": "name: wrong\nlayer: [flatten]\n",
        "model/nameless": "layers: [flatten, {dense: outputs}]\n",
        "framework/mine": "# @package frameworks.mine\nbackend: torch\ncompile: true\n",
        "framework/wrong": "# @package frameworks.wrong\nbackend: torch\ncompil: true\n",
        "framework/other": "# @package frameworks.other\nbackend: jax\n",
        "experiment/uninvited": "# @package _global_\nframeworks:\n  torch_compile: {compile: true}\n",
        "experiment/typo": "# @package _global_\ntrain: {epoch: 3}\n",
        "experiment/typo_in_data": "# @package _global_\ndataset: {rot: x}\n",
        "experiment/word": "# @package _global_\ntrain: {epochs: many}\n",
        "experiment/broken": "train: [1\n",
    }
    for name, text in files.items():
        path = tmp_path / "my_conf" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "my_conf"


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache folder, and a machine without a GPU, whatever it has."""
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bench.machine.has_gpu", lambda: False)
    contenders._versions.cache_clear()
    return tmp_path / "cache"


@functools.cache
def settled(*said: str) -> Any:
    """Compose and settle what a command line says: once in all tests, for Hydra takes its time."""
    config.register()
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config.FOLDER)):
        composed = hydra.compose(config.NAME, list(said), return_hydra_config=True)
        settings = bench.job.without_hydra(composed)
        request.settle(settings, composed.hydra, hydra.core.global_hydra.GlobalHydra.instance().config_loader())
        return settings


@pytest.fixture
def plan_of(cache: Path) -> Callable[..., Any]:
    """Plan what a command line says, without running it."""
    make = bench.plan.make
    return lambda *said: make(copy.deepcopy(settled(*said)), command="python -m bench " + " ".join(said))


LAYERS = (("flatten_1", "flatten"), ("dense_1", "dense"), ("relu_1", "relu"), ("dense_2", "dense"))


def save_fingerprint(path: Path, changes: Mapping[str, Any] | None = None, **info: Any) -> Path:
    """Write a small fingerprint; `changes` replace its arrays by name (None leaves one out), `info` its metadata."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {f"outputs/{name}": rng.normal(size=8) for name, _ in LAYERS}
    for name in ("dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias"):
        arrays[f"gradients/{name}"] = rng.normal(size=6)
        arrays |= {f"weights/{step}/{name}": rng.normal(size=6) for step in (1, 2)}
    losses = np.array([2.0, 1.5])
    arrays |= {"loss": losses[:1], "gradient_norm": np.array([10.0]), "losses": losses, "inference": rng.normal(size=9)}
    arrays |= {"smoke/own/losses": losses, "smoke/perturbed/losses": losses * (1 + 1e-9)}
    arrays |= {"reference/loaded": np.zeros(1), "reference/update": np.array([1e-16])}
    arrays["reference/loss"] = np.array([1e-16])
    arrays |= changes or {}
    about = {"content": "same", "num_parameters": 24, "mode": "by hand", "layers": LAYERS} | info
    kept = {name: np.array(value, dtype=np.float64) for name, value in arrays.items() if value is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(kept, path, metadata={"parallax": json.dumps(about)})
    return path


@pytest.fixture
def fingerprint_file() -> Callable[..., Path]:
    return save_fingerprint


@dataclass
class Children:
    """Children that compute nothing: what was asked of them, and what some of them shall do instead."""

    requests: list[Any] = field(default_factory=list)
    instead: dict[tuple[str, str, int], Callable[[Any], Outcome]] = field(default_factory=dict)
    """By (task, contender, seed)."""

    def tasks(self) -> list[tuple[str, str, int]]:
        return [(item.task, item.contender, item.train["seed"]) for item in self.requests]

    def run(self, request: Any, listen: Callable[[dict[str, Any]], None], take: Any = None, **_: Any) -> Outcome:
        self.requests.append(request)
        folder = Path(request.folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.txt").write_text("said by a child\n")
        special = self.instead.get((request.task, request.contender, request.train["seed"]))
        if special:
            return special(request)
        if request.task == "parity":
            save_fingerprint(folder / "fingerprint.safetensors", content=request.content)
            return Outcome(status="ok", message="")
        listen({"event": "phase", "name": "train"})
        listen({"event": "epoch", "done": 1, "total": 1, "loss": 0.5, "accuracy": 0.9})
        return self.trial(request)

    def trial(self, request: Any) -> Outcome:
        """Leave what a trial leaves; the torch backend takes half as long per step."""
        folder = Path(request.folder)
        step = 1e-3 if request.backend == "torch" else 2e-3
        clocks = {"latency": np.full(4, step * 1.1), "throughput": np.full(2, step), "input": np.full(1, step / 10)}
        clocks |= {"predict/latency": np.full(4, 5e-4), "predict/1": np.full(2, 4e-4), "predict/32": np.full(2, 8e-4)}
        save_file(clocks | {"losses": np.array([[2.0, 1.0], [0.5, 0.25]])}, folder / "clocks.safetensors")
        save_file({"dense_1/kernel": np.ones(2, dtype=np.float32)}, folder / "weights.safetensors")
        (folder / "epochs.csv").write_text("epoch,seconds\n1,0.5\n")
        values = {
            "num_parameters": 24,
            "phases": {"import": 1.0, "train": 0.5},
            "metrics": {"test_accuracy": 0.9, "test_loss": 0.3},
            "epoch_seconds": [0.5, 0.1, 0.2],
            "waited_seconds": 0.25,
            "input_batches": 300,
            "warmup": {"steps": 40, "seconds": 0.1, "settled": True},
            "memory": {"peak": 7 * 10**8},
            "predict_throughput": 1e4,
            "retraces": 0,
            "environment": {"threads": 2},
        }
        return Outcome(status="ok", message="", values=values, wall_seconds=2.0, cpu_seconds=1.0)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    """Let nobody start a process: stand-ins for `bench.launch.run`."""
    stand_ins = Children()
    monkeypatch.setattr(launch, "run", stand_ins.run)
    return stand_ins
