"""The instrument from outside, with true frameworks: what it finds, what it does not, and the same bits each time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

import bench

ROOT = Path(bench.__file__).resolve().parent.parent
SHORT = ("measure=quick", "train.epochs=1", "report=false")
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    cache = tmp_path_factory.mktemp("cache")
    return {**os.environ, "PYTHONPATH": str(ROOT), "PARALLAX_CACHE": str(cache), "CUDA_VISIBLE_DEVICES": "-1"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a command; return its results and what it said."""

    def start(*said: str, name: str = "run") -> dict[str, Any]:
        command = [sys.executable, "-m", "bench", *SHORT, *said, f"hydra.run.dir={name}"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads((tmp_path / name / "results.json").read_text())
        return found | {"said": done.stdout}

    return start


def step(results: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in results["comparison"] if item["quantity"] == "step_seconds")
    return found


def losses(folder: Path) -> list[float]:
    steps = pd.read_parquet(folder / "steps.parquet")
    found: list[float] = steps[steps["phase"] == "train"]["loss"].tolist()
    return found


@pytest.mark.slow
def test_a_contender_against_itself_tells_the_noise_floor_and_a_planted_slow_down_is_found(run: Run) -> None:
    again = run("experiment=aa", "measure.repeats=2")
    assert "this machine's noise floor at 2 repeats" in again["said"]
    # How surely 10 % are found is a matter for tests/benchmarks; half as much again must be, in any noise.
    slowed = run("experiment=aa", "measure.repeats=3", "frameworks.torch_again.handicap=0.5", name="slowed")
    assert "noise floor" not in slowed["said"], "these are no longer the same"
    assert "torch_again slowed by 50 %" in slowed["said"]
    assert step(slowed)["low"] > 1
    assert "torch_again is" in slowed["said"]


@pytest.mark.slow
def test_every_clock_of_a_trial_has_read_something(run: Run) -> None:
    found = run("framework=[tf,torch]", "measure.repeats=1", "runtime.precision=bfloat16")
    assert found["config"]["measure"]["interleave"] == "turns"
    assert any("bfloat16" in note for note in found["parity"]["uncertified"])
    for trial in found["trials"]:
        assert trial["clocked"]["throughput"] >= 5
        assert trial["clocked"]["latency"] >= 5
        assert trial["predict_latency_seconds"].keys() == {"p50", "p95", "p99"}
        assert trial["predict_rates"].keys() == {"1", "32", "256"}
        assert trial["predict_rates"]["256"] > trial["predict_rates"]["1"] > 0
        assert 2**27 < trial["memory"]["peak"] < 2**34
        assert trial["memory"]["start"] < trial["memory"]["peak"]
        assert trial["warmup"]["steps"] >= 5
        assert trial["matrix_product_flops"] > 1e8
        assert trial["usage"]["cpu_seconds"] > 0
        assert trial["energy_joules"] is None, "absent, and not zero"


@pytest.mark.slow
@pytest.mark.parametrize("deterministic", ["true", "false"])
def test_the_same_command_gives_the_same_bits(run: Run, tmp_path: Path, deterministic: str) -> None:
    said = ("framework=[tf,torch]", "model=cnn", "measure.repeats=1", f"runtime.deterministic={deterministic}")
    found = [run(*said, name=name) for name in ("one", "two")]
    for name in ("tf-0", "torch-0"):
        one, other = (losses(tmp_path / run / "trials" / name) for run in ("one", "two"))
        assert one
        assert one == other
    switched = {trial["environment"]["deterministic"] for results in found for trial in results["trials"]}
    assert switched == {deterministic == "true"}


@pytest.mark.slow
def test_a_child_that_is_killed_fails_alone_and_leaves_the_others(environment: dict[str, str], tmp_path: Path) -> None:
    said = [*SHORT, "framework=[torch]", "+framework@frameworks.other=torch", "measure.repeats=2", "measure.turns=400"]
    said += ["measure.seconds=5", "hydra.run.dir=run"]
    running = subprocess.Popen(
        [sys.executable, "-m", "bench", *said],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    trial = tmp_path / "run/trials/other-0/request.json"
    until = time.monotonic() + 120
    while not trial.exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(4)  # both take turns by now, or begin to
    for child in psutil.Process(running.pid).children(recursive=True):
        if any("other-0" in word for word in child.cmdline()):
            child.send_signal(signal.SIGKILL)
    out, _ = running.communicate(timeout=240)
    assert running.returncode == 1, out
    found = json.loads((tmp_path / "run/results.json").read_text())
    ended = {(item["contender"], item["repeat"]): item["status"] for item in found["trials"]}
    assert ended == {("torch", 0): "ok", ("other", 0): "failed", ("torch", 1): "ok", ("other", 1): "ok"}
    assert "SIGKILL" in found["message"]
