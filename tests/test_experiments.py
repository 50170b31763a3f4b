"""The pinned experiments: each composes to what its head says, and runs, small, from one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

import bench
from bench import compose
from bench.errors import RequestError
from frameworks.spec import parse
from tests.test_every_dataset import WRITERS

ROOT = Path(bench.__file__).resolve().parent.parent
NAMES = sorted(path.stem for path in (ROOT / "conf/experiment").glob("*.yaml"))
CLASSICS: dict[str, dict[str, Any]] = {
    "mnist_mlp": {
        "dataset": "mnist",
        "model": "mlp",
        "optimizer": {"name": "sgd", "learning_rate": 0.001},
        "epochs": 20,
        "batch_size": 64,
    },
    "mnist_mlp_onehot": {
        "dataset": "mnist",
        "model": "mlp",
        "optimizer": {"name": "sgd", "learning_rate": 0.001},
        "epochs": 20,
        "batch_size": 64,
    },
    "cifar10_mlp": {
        "dataset": "cifar10",
        "model": "mlp",
        "optimizer": {"name": "adam", "learning_rate": 0.001},
        "epochs": 30,
        "batch_size": 64,
    },
    "cifar10_resnet20": {
        "dataset": "cifar10",
        "model": "resnet20",
        "optimizer": {"name": "sgd", "momentum": 0.9},
        "batch_size": 128,
    },
    "housing_overfit": {
        "dataset": "california_housing",
        "model": "housing",
        "optimizer": {"name": "sgd", "learning_rate": 0.001},
        "epochs": 50,
    },
    "linear_regression": {
        "dataset": "synthetic",
        "model": "linear",
        "optimizer": {"name": "sgd", "learning_rate": 0.05},
        "epochs": 25,
        "batch_size": 640,
    },
    "pneumonia_cnn": {"dataset": "pneumonia", "model": "cnn", "optimizer": {"name": "adam"}, "batch_size": 32},
}
PARAMETERS = {
    "mnist_mlp": ((28, 28, 1), 10, 300_938),
    "mnist_mlp_onehot": ((28, 28, 1), 10, 300_938),
    "cifar10_mlp": ((32, 32, 3), 10, 886_666),
    "cifar10_resnet20": ((32, 32, 3), 10, None),
    "housing_overfit": ((8,), 1, 101),
    "linear_regression": ((1,), 1, 2),
    "pneumonia_cnn": ((64, 64, 1), 3, None),
}


def settings(*said: str) -> Any:
    return OmegaConf.to_container(compose.settled(said, None))


def test_every_experiment_is_a_classic_or_a_calibration():
    assert set(NAMES) == {*CLASSICS, "aa", "aa_tf"}
    assert PARAMETERS.keys() == CLASSICS.keys()


@pytest.mark.parametrize("name", CLASSICS)
def test_a_classic_is_what_its_head_says(name):
    found, said = settings(f"experiment={name}"), CLASSICS[name]
    assert (found["dataset"]["name"], found["model"]["name"]) == (said["dataset"], said["model"])
    assert said["optimizer"].items() <= found["optimizer"].items()
    assert {key: found["train"][key] for key in said if key in found["train"]} == {
        key: said[key] for key in said if key in ("epochs", "batch_size")
    }
    shape, outputs, parameters = PARAMETERS[name]
    task = "regression" if outputs == 1 else "classification"
    network = parse(found["model"]["layers"], input_shape=shape, outputs=outputs, task=task)
    assert parameters is None or network.num_parameters == parameters
    text = (ROOT / f"conf/experiment/{name}.yaml").read_text()
    assert f"#   python -m bench experiment={name} " in text, "the one line that runs it"
    if parameters and parameters > 100:
        assert f"{parameters:,} parameters" in text


def test_a_classic_gives_way_to_the_command_line():
    found = settings("experiment=cifar10_mlp", "train.epochs=2", "model=cnn", "optimizer.learning_rate=0.5")
    assert (found["train"]["epochs"], found["model"]["name"], found["optimizer"]["learning_rate"]) == (2, "cnn", 0.5)


def test_one_hot_labels_are_the_only_difference_to_its_twin():
    twin, found = settings("experiment=mnist_mlp"), settings("experiment=mnist_mlp_onehot")
    assert found["train"].pop("loss") == "categorical_crossentropy"
    twin["train"].pop("loss")
    assert found == twin


def test_an_experiment_that_is_none_is_refused():
    with pytest.raises(RequestError, match="experiment=cifar_mlp: there is no such experiment; did you mean"):
        settings("experiment=cifar_mlp")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiments")


def run(place: Path, name: str, *said: str) -> dict[str, Any]:
    """Run an experiment, two epochs long, on small files in the official format of its dataset."""
    data = CLASSICS[name]["dataset"]
    if data in WRITERS:
        if not (place / data).exists():
            (place / data).mkdir()
            WRITERS[data](place / data)
        said = (f"dataset.root={place / data}", *said)
    small = ("train.epochs=2", "measure=quick", "measure.repeats=1", f"hydra.run.dir={name}")
    environment = {"PYTHONPATH": str(ROOT), "PARALLAX_CACHE": str(place / "cache"), "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-m", "bench", f"experiment={name}", *small, *said]
    done = subprocess.run(command, cwd=place, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((place / name / "results.json").read_text())
    return found


@pytest.mark.slow
def test_a_regression_on_one_feature_learns_its_slope(place):
    found = run(place, "linear_regression", "train.epochs=25")
    assert (found["status"], found["parity"]["passed"], found["model"]["parameters"]) == ("ok", True, 2)
    for trial in found["trials"]:
        losses = trial["curves"]["train_loss"]
        assert len(losses) == 25, "an epoch is a step"
        assert losses == sorted(losses, reverse=True)
        assert losses[-1] < losses[0] / 2
    one, other = (trial["curves"]["val_loss"] for trial in found["trials"])
    assert one == pytest.approx(other, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CLASSICS if name != "linear_regression"])
def test_a_classic_runs_with_both_frameworks_and_is_certified(place, name):
    found = run(place, name, *(["train.batch_size=16"] if CLASSICS[name]["dataset"] != "california_housing" else []))
    assert (found["status"], found["parity"]["passed"]) == ("ok", True)
    parameters = PARAMETERS[name][2]
    for trial in found["trials"]:
        assert trial["status"] == "ok"
        assert parameters in (None, trial["num_parameters"])
        assert len(trial["curves"]["val_loss"]) == 2


@pytest.mark.slow
def test_one_hot_labels_give_the_same_curve(place):
    twin, found = (run(place, name, "train.batch_size=16") for name in ("mnist_mlp", "mnist_mlp_onehot"))
    for one, other in zip(twin["trials"], found["trials"], strict=True):
        assert one["curves"]["train_loss"] == pytest.approx(other["curves"]["train_loss"], rel=1e-4)
        assert one["curves"]["val_loss"] == pytest.approx(other["curves"]["val_loss"], rel=1e-4)
