"""Sweeps with a true framework that are killed, hang or run side by side: what they leave, and how they go on."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import bench

ROOT = Path(bench.__file__).resolve().parent.parent
TORCH = ("train.epochs=1", "measure=quick", "framework=torch", "model=linear")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder and one cache for all of this file."""
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="module")
def start(place: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a command line; what it says goes to a file, as children of a killed one would keep a pipe open."""

    def popen(*arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PARALLAX_CACHE": str(place / "cache")}
        with (place / "said.txt").open("w") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "bench", *arguments],
                cwd=place,
                env=environment | {"CUDA_VISIBLE_DEVICES": "-1"},
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            )

    return popen


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [item for item in processes if item.is_running() and item.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_killed_sweep_leaves_nobody_and_goes_on_where_it_was(
    launcher: str, start: Callable[..., subprocess.Popen[str]], place: Path
) -> None:
    if launcher == "joblib" and not importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher"):
        pytest.skip("hydra-joblib-launcher is not installed")
    folder = place / launcher
    more = () if launcher == "basic" else ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    running = start("-m", *TORCH, "measure.repeats=1", "train.seed=0,1", f"hydra.sweep.dir={launcher}", *more)

    def one_is_done_and_the_other_at_work() -> bool:
        done = [path.parents[2].name for path in folder.glob("*/trials/*/trial.json")]
        asked = [path.parents[2].name for path in folder.glob("*/trials/*/request.json")]
        return len(done) == 1 and bool(set(asked) - set(done)) and read(folder / done[0])["status"] == "ok"

    assert wait_for(one_is_done_and_the_other_at_work), (place / "said.txt").read_text()
    # A request is written a moment before the process that answers it is there.
    family = wait_for(lambda: psutil.Process(running.pid).children(recursive=True), 10)
    assert family
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert wait_for(lambda: not living(family), 10), living(family)
    status = {name: read(folder / name)["status"] for name in "01"}
    assert sorted(status.values()) == ["ok", "running"]
    (done,) = (name for name in "01" if status[name] == "ok")
    before = read(folder / done)

    assert start(f"resume={launcher}").wait(timeout=120) == 0, (place / "said.txt").read_text()
    assert [read(folder / name)["status"] for name in "01"] == ["ok", "ok"]
    assert read(folder / done) == before, "it was left as it was"
    assert (folder / "report.html").exists()
    said = (place / "said.txt").read_text()
    assert "Nothing to do: it is ok" in said
    assert "The sweep: 2 runs (2 ok)" in said


def test_runs_side_by_side_are_clocked_one_at_a_time(start: Callable[..., subprocess.Popen[str]], place: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    words = (*TORCH, "measure.repeats=1", "report=false", "hydra/launcher=joblib", "hydra.launcher.n_jobs=3")
    running = start("-m", *words, "train.seed=0,1,2", "hydra.sweep.dir=side")
    most = 0
    while running.poll() is None:
        workers = [item for item in psutil.Process(running.pid).children(recursive=True) if _clocks(item)]
        most = max(most, len(workers))
        time.sleep(0.02)
    assert running.returncode == 0, (place / "said.txt").read_text()
    assert most == 1
    results = [read(place / "side" / name) for name in "012"]
    # The first to clock may have waited too, for the gates of the others.
    assert sum(item["waited_seconds"] > 1 for item in results) >= 2
    assert "OMP_NUM_THREADS" not in results[0]["machine"].get("environment", {}) or "OMP_NUM_THREADS" in os.environ


def _clocks(process: psutil.Process) -> bool:
    try:
        line = process.cmdline()
        return bool(line) and "/trials/" in line[-1] and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_a_trial_that_hangs_is_ended_and_can_be_tried_again(
    start: Callable[..., subprocess.Popen[str]], place: Path
) -> None:
    python = place / "python"
    hang = 'case "$*" in *trials/torch-0*) test -e well || exec sleep 600;; esac'
    python.write_text(f'#!/bin/sh\n{hang}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    words = (*TORCH, "measure.repeats=2", "report=false", f"frameworks.torch.python={python}")
    assert start(*words, "measure.timeout=20", "hydra.run.dir=hung").wait(timeout=200) == 1
    found = read(place / "hung")
    assert [trial["status"] for trial in found["trials"]] == ["failed", "ok"]
    assert found["message"].endswith("ended as hung (measure.timeout allows more, in seconds)")
    (place / "well").touch()
    assert start("resume=hung").wait(timeout=120) == 0, (place / "said.txt").read_text()
    assert [trial["status"] for trial in read(place / "hung")["trials"]] == ["ok", "ok"]
