"""A race that runs nothing: the command line around it is what these tests look at."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.errors import RequestError
from bench.results import store
from bench.results.schema import Results

TOO_LARGE = 5000
FAILS, CRASHES, INTERRUPTED = 1, 2, 3


@dataclass
class Races:
    """What the stand-ins were asked: settings that were planned, (settings, command, folder) that were run."""

    planned: list[Any] = field(default_factory=list)
    run: list[tuple[Any, str, Path]] = field(default_factory=list)


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Races:
    """Stand-ins for `bench.plan` and `bench.race`, in an empty folder; ``train.seed`` says how a race ends."""
    seen = Races()

    def make(settings: Any, *, command: str) -> Any:
        seen.planned.append(settings)
        if settings.train.batch_size > TOO_LARGE:
            raise RequestError(f"train.batch_size={settings.train.batch_size}: the data has fewer samples")
        return settings, command

    def run(plan: Any, folder: Path) -> int:
        settings, command = plan
        seen.run.append((settings, command, folder))
        ends = {FAILS: "failed", INTERRUPTED: "interrupted"}.get(settings.train.seed, "ok")
        if settings.train.seed == CRASHES:
            raise ZeroDivisionError("a fault of our own")
        store.write(folder, Results(status=ends, command=command))
        if ends == "interrupted":
            raise KeyboardInterrupt
        return int(ends == "failed")

    for name, function in {"plan": make, "race": run}.items():
        module = types.ModuleType(f"bench.{name}")
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
