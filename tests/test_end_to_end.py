"""The command line with true frameworks, seen from outside: what it says, what it leaves, how it ends."""

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

import numpy as np
import pandas as pd
import psutil
import pytest
from safetensors.numpy import load_file

import bench

ROOT = Path(bench.__file__).resolve().parent.parent
SMALL = ("train.epochs=2", "measure=quick", "measure.repeats=1")
TORCH = (*SMALL, "framework=torch", "model=linear")
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder and one cache for all of this file."""
    return tmp_path_factory.mktemp("end_to_end")


@pytest.fixture(scope="module")
def environment(place: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PARALLAX_CACHE": str(place / "cache"), "CUDA_VISIBLE_DEVICES": "-1"}


@pytest.fixture(scope="module")
def parallax(place: Path, environment: dict[str, str]) -> Callable[..., Done]:
    def run(*arguments: str) -> Done:
        command = [sys.executable, "-m", "bench", *arguments]
        return subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    return run


def read(folder: Path) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    found: dict[str, Any] = json.loads((folder / "results.json").read_text(), parse_constant=refuse)
    return found


@pytest.fixture(scope="module")
def race(parallax: Callable[..., Done], place: Path) -> tuple[Done, Path]:
    """The default race, with two repeats and short."""
    return parallax(*SMALL, "measure.repeats=2", "hydra.run.dir=race"), place / "race"


def test_the_default_race_ends_well_and_says_its_verdict(race: tuple[Done, Path]) -> None:
    done, folder = race
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for words in ("tf against torch, 2 repeats each", "Parity gate: certified in float64", "per training step", "95 %"):
        assert words in done.stdout
    # Not "TensorFlow 2.": beside the interval of two repeats, which may be of any width, the version has its own line.
    for condition in ("device cpu", "batch size 64", "precision float32", "TensorFlow", "tensorflow 2.", "torch 2."):
        assert condition in done.stdout
    assert str(folder / "report.html") in done.stdout or "race/report.html" in done.stdout


def test_results_have_the_names_that_readers_rely_on(race: tuple[Done, Path]) -> None:
    found = read(race[1])
    assert (found["schema_version"], found["status"], found["baseline"]) == (1, "ok", "tf")
    assert found["command"].startswith("python -m bench train.epochs=2")
    assert found["config"]["train"]["epochs"] == 2
    assert found["machine"]["cores"] >= 1
    assert {"tensorflow", "keras", "torch", "numpy"} <= set(found["versions"])
    assert found["parity"]["passed"] is True
    for check in found["parity"]["checks"]:
        assert check["passed"]
        assert check["error"] <= check["tolerance"]
        assert {"contender", "quantity", "precision"} <= set(check)
    assert [(item["contender"], item["repeat"], item["seed"]) for item in found["trials"]] == [
        ("tf", 0, 0),
        ("torch", 0, 0),
        ("tf", 1, 1),
        ("torch", 1, 1),
    ]
    for trial in found["trials"]:
        assert trial["status"] == "ok"
        assert trial["num_parameters"] == 116_618
        phases = {"import", "build", "first_step", "latency", "throughput", "train", "tail", "evaluate", "predict"}
        assert phases <= set(trial["phases"])
        assert trial["matrix_product_flops"] > 0
        assert trial["step_latency_seconds"].keys() == {"p50", "p95", "p99"}
        assert trial["throughput"] == pytest.approx(64 / trial["step_seconds"])
        assert trial["metrics"]["test_accuracy"] > 0.8
        assert trial["environment"]["retraces"] == 0
    step = next(item for item in found["comparison"] if item["quantity"] == "step_seconds")
    assert step["low"] < step["ratio"] < step["high"]
    assert (step["contender"], step["repeats"], step["paired"], step["certified"]) == ("torch", 2, True, True)


def test_both_sides_learn_the_same(race: tuple[Done, Path]) -> None:
    folder = race[1] / "trials"
    tf, torch = (np.load(folder / name / "predictions.npy", allow_pickle=False) for name in ("tf-0", "torch-0"))
    assert tf.shape == torch.shape == (359, 10)
    assert tf.sum(axis=1) == pytest.approx(np.ones(359), abs=1e-5)
    assert np.abs(tf - torch).max() < 1e-3
    one, other = (load_file(folder / name / "weights.safetensors") for name in ("tf-0", "torch-0"))
    assert {key: value.shape for key, value in one.items()} == {key: value.shape for key, value in other.items()}


def test_the_files_that_a_run_promises(race: tuple[Done, Path]) -> None:
    folder = race[1]
    files = {"trial.json", "steps.parquet", "epochs.csv", "predictions.npy", "log.txt"}
    for name, more in (("tf-0", {"weights.safetensors"}), ("torch-1", set())):
        assert {path.name for path in (folder / "trials" / name).iterdir()} == files | more
    assert {path.name for path in (folder / "parity").glob("*.safetensors")} == {"tf.safetensors", "torch.safetensors"}
    epochs = pd.read_csv(folder / "trials/torch-0/epochs.csv")
    assert epochs["epoch"].tolist() == [1, 2]
    assert {"seconds", "train_loss", "train_accuracy", "val_loss", "val_accuracy"} <= set(epochs)
    steps = pd.read_parquet(folder / "trials/tf-0/steps.parquet")
    losses = steps[steps["phase"] == "train"].groupby("epoch")["loss"]
    assert losses.count().to_dict() == {1: 1150 // 64, 2: 1150 // 64}
    assert "<html" in (folder / "report.html").read_text()
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".svg", ".png"}


@pytest.mark.slow
def test_the_same_command_learns_the_same_to_the_bit(
    race: tuple[Done, Path], parallax: Callable[..., Done], place: Path
) -> None:
    assert parallax(*SMALL, "measure.repeats=1", "report=false", "hydra.run.dir=again").returncode == 0
    assert not (place / "again/report.html").exists()
    assert read(place / "again")["content"] == read(race[1])["content"]
    for name in ("tf-0", "torch-0"):
        one, other = (pd.read_parquet(place / run / "trials" / name / "steps.parquet") for run in ("race", "again"))
        one, other = (table[table["phase"] == "train"]["loss"] for table in (one, other))
        assert one.tolist() == other.tolist()


def test_a_lone_contender_in_another_interpreter(parallax: Callable[..., Done], place: Path) -> None:
    python = place / "my python"
    python.write_text(f'#!/bin/sh\nunset PARALLAX_CACHE\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    done = parallax(*TORCH, f"frameworks.torch.python='{python}'", "hydra.run.dir=alone")
    assert done.returncode == 0, done.stdout + done.stderr
    found = read(place / "alone")
    assert found["parity"]["passed"] is None
    assert (found["comparison"], found["agreement"]) == ([], [])
    assert found["contenders"][0]["python"] == str(python)
    assert "faster" not in done.stdout
    assert (place / "alone/report.html").exists()


@pytest.mark.parametrize(
    ("plant", "words"),
    [("adam_epsilon", "optimizer formula"), pytest.param("kernel_order", "dense_1", marks=pytest.mark.slow)],
)
def test_a_planted_mistake_is_named_and_nobody_is_raced(
    parallax: Callable[..., Done], place: Path, plant: str, words: str
) -> None:
    done = parallax(*SMALL, f"plant={plant}", f"hydra.run.dir={plant}")
    assert done.returncode == 1
    assert words in done.stdout
    assert "faster" not in done.stdout
    found = read(place / plant)
    assert (found["status"], found["parity"]["passed"], found["trials"]) == ("failed", False, [])
    assert found["comparison"] == []
    assert words in found["parity"]["message"]
    assert (place / plant / "report.html").exists()


@pytest.mark.slow
def test_raced_all_the_same_it_is_marked_everywhere(parallax: Callable[..., Done], place: Path) -> None:
    done = parallax(*SMALL, "plant=kernel_order", "parity.on_fail=warn", "hydra.run.dir=warned")
    assert done.returncode == 1
    found = read(place / "warned")
    assert len(found["trials"]) == 2
    assert found["comparison"]
    for item in found["comparison"]:
        assert not item["certified"]
        assert "uncertified" in item["verdict"]
    assert "uncertified" in done.stdout
    assert "uncertified" in (place / "warned/report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "loss", "metric", "shown"),
    [
        ("breast_cancer", "binary_crossentropy", "accuracy", "test accuracy 9"),
        ("diabetes", "mean_squared_error", "mae", "test MAE "),
    ],
)
def test_a_table_is_raced_by_its_own_task(
    parallax: Callable[..., Done], place: Path, dataset: str, loss: str, metric: str, shown: str
) -> None:
    done = parallax(*SMALL, f"dataset={dataset}", "train.batch_size=32", f"hydra.run.dir={dataset}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert shown in done.stdout
    found = read(place / dataset)
    assert (found["config"]["train"]["loss"], found["parity"]["passed"]) == (loss, True)
    for trial in found["trials"]:
        names = {f"{split}_{name}" for split in ("train", "val", "test") for name in ("loss", metric)}
        names |= {"val_kappa", "test_kappa"} if metric == "accuracy" else set()
        assert trial["metrics"].keys() == names
    tf, torch = (trial["metrics"] for trial in found["trials"])
    assert tf == pytest.approx(torch, rel=1e-3)
    predicted = np.load(place / dataset / "trials/tf-0/predictions.npy", allow_pickle=False)
    assert predicted.shape[1:] == (1,)
    if dataset == "breast_cancer":
        assert tf["test_accuracy"] > 0.85
        assert ((predicted > 0) & (predicted < 1)).all()
    else:  # in the target's own units, 25 to 346, of which the mean is 152
        assert 30 < tf["test_mae"] < 120
        assert 100 < predicted.mean() < 200
        assert "accurac" not in done.stdout
        assert "accurac" not in (place / dataset / "report.html").read_text().lower()


def test_a_synthetic_stand_in_is_called_so(parallax: Callable[..., Done], place: Path) -> None:
    done = parallax(*TORCH, "train.epochs=1", "dataset=mnist", "dataset.source=synthetic", "hydra.run.dir=synthetic")
    assert done.returncode == 0, done.stdout + done.stderr
    found = read(place / "synthetic")
    assert found["dataset"]["synthetic"] is True
    assert found["trials"][0]["num_parameters"] == 7_850
    assert all("synthetic" in line for line in done.stdout.splitlines() if "test accuracy" in line and "done" in line)
    assert "synthetic" in (place / "synthetic/report.html").read_text()


@pytest.mark.slow
def test_a_sweep_is_reported_on_although_a_run_in_it_diverged(parallax: Callable[..., Done], place: Path) -> None:
    done = parallax("-m", *TORCH, "model=mlp", "optimizer.learning_rate=0.01,1e30", "hydra.sweep.dir=sweep")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    good, bad = read(place / "sweep/0"), read(place / "sweep/1")
    assert (good["status"], bad["status"]) == ("ok", "failed")
    (trial,) = bad["trials"]
    assert trial["status"] == "diverged"
    assert "at step" in trial["message"]
    assert trial["metrics"]["train_loss"] is None, "not a number is null"
    assert "diverged" in {warning["kind"] for warning in bad["warnings"]}
    assert (place / "sweep/report.html").exists()
    assert (place / "sweep/1/report.html").exists()


def test_an_interrupt_keeps_the_finished_trials_and_leaves_no_process(place: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "bench", *TORCH, "measure.repeats=3", "hydra.run.dir=interrupted"]
    running = subprocess.Popen(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        second = place / "interrupted/trials/torch-1/request.json"
        end = time.monotonic() + 120
        while not second.exists() and running.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.5)
        children = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, out + err
    assert "Traceback" not in err
    assert "Interrupted." in err
    assert children
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    found = read(place / "interrupted")
    assert found["status"] == "interrupted"
    assert [trial["status"] for trial in found["trials"]] == ["ok"]
    assert (place / "interrupted/report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train.batch_size=5000", "train.batch_size=5000: the training split has 1,150 samples"),
        ("model.layers=[flatten,{dense:7}]", "model.layers[1].dense"),
        ("dataset=mnist dataset.root=nowhere", "nowhere"),
        ("optimizer.name=sgd", "optimizer.beta_1: sgd has no such hyperparameter"),
        ("frameworks.torch.python=nowhere/python", "there is no such file"),
        ("runtime.device=gpu", "this machine has no GPU"),
        ("plant=kernel_ordr", "did you mean 'kernel_order'?"),
        ("-m model=mlp,cnn train.batch_size=64,5000", "run 1 of the sweep"),
    ],
)
def test_a_wrong_request_is_one_message_and_leaves_nothing(
    parallax: Callable[..., Done], place: Path, arguments: str, message: str
) -> None:
    done = parallax(*arguments.split())
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
    assert not (place / "outputs").exists()
    assert not (place / "multirun").exists()
