"""A whole trial in each room: phases, files, no retrace, divergence named."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from safetensors.numpy import load_file

from frameworks import rooms
from frameworks.tasks.trial import _write_epochs

BACKENDS = rooms.names()
NET = [{"conv2d": {"filters": 4, "use_bias": False}}, "batch_norm", "relu", "flatten", {"dropout": 0.3}, {"dense": 3}]
LINEAR = ["flatten", {"dense": "outputs"}]
PHASES = {
    *[
        "import",
        "load",
        "build",
        "first_step",
        "warmup",
        "between_turns",
        "between_epochs",
        "latency",
        "throughput",
        "input",
        "evaluate",
        "train",
        "tail",
        "predict",
        "predict_warmup",
        "predict_sizes",
        "matrix_product",
    ]
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("count", "drop_last"), [(20, True), (22, True), (22, False)])
def test_a_trial_leaves_what_it_owes_and_traces_once(side_by_side, job, backend, count, drop_last):
    made = job(layers=NET, count=count, train={"drop_last": drop_last})
    found = side_by_side.ask(backend, "task", made)
    values = found.values
    assert (values["status"], values["message"], values["retraces"]) == ("ok", "", 0)
    assert values["phases"].keys() == PHASES
    assert all(seconds >= 0 for seconds in values["phases"].values())
    assert values["num_parameters"] == made.network().num_parameters
    assert values["told"].count("phase") >= 8
    assert values["matrix_product_size"] == 2048
    assert values["matrix_product_flops"] >= 2 * 2048**3 / values["phases"]["matrix_product"]

    steps = count // 4 if drop_last else -(-count // 4)
    clocks = load_file(found.folder / "clocks.safetensors")
    assert clocks["losses"].shape == (2, steps)
    turns = len(clocks["throughput"])
    assert turns in (2, 3)
    assert len(clocks["latency"]) % turns == 0
    assert {len(clocks[name]) for name in ("predict/1", "predict/4")} <= {2, 3}
    assert len(clocks["predict/latency"]) >= 2
    assert (clocks["latency"] > 0).all()
    with (found.folder / "epochs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [float(row["seconds"]) for row in rows] == values["epoch_seconds"]
    assert values["phases"]["train"] == pytest.approx(sum(values["epoch_seconds"]))
    assert values["metrics"]["val_loss"] == pytest.approx(float(rows[-1]["val_loss"]))
    assert load_file(found.folder / "weights.safetensors").keys() == made.network().parameters.keys()
    predictions = np.load(found.folder / "predictions.npy")
    assert predictions.shape == (count - count // 2, 3)
    assert predictions.sum(axis=1) == pytest.approx(np.ones(len(predictions)), abs=1e-6)
    labels = made.images()[1][count + count // 2 :]
    entropy = -np.log(predictions[np.arange(len(labels)), labels]).mean()
    assert values["metrics"]["test_loss"] == pytest.approx(entropy, rel=1e-4), "what is kept is what was scored"


def test_both_rooms_train_alike_in_float32(side_by_side, job):
    tf, torch = side_by_side.both("task", job(layers=LINEAR, count=22, train={"drop_last": False})).values()
    losses = [load_file(answer.folder / "clocks.safetensors")["losses"] for answer in (tf, torch)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    predictions = [np.load(answer.folder / "predictions.npy") for answer in (tf, torch)]
    assert predictions[0] == pytest.approx(predictions[1], abs=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("trace", [True, False])
def test_divergence_is_named_and_ends_the_training(side_by_side, job, backend, trace):
    sgd = {"name": "sgd", "learning_rate": 1e20, "momentum": 0.0, "nesterov": False}
    layers = ["flatten", {"dense": 6}, "relu", {"dense": "outputs"}]
    made = job(layers=layers, count=20, optimizer=sgd, train={"epochs": 4, "trace": trace})
    values = side_by_side.ask(backend, "task", made).values
    assert values["status"] == "diverged"
    assert len(values["epoch_seconds"]) == 1
    if trace:
        assert values["message"].startswith("the loss became")
        assert int(values["message"].rsplit("step ", 1)[1]) in (2, 3)
    else:
        assert values["message"].endswith("at epoch 1")


@pytest.mark.parametrize("together", [1, 5])
def test_the_clock_counts_steps_and_not_executions(side_by_side, job, together):
    """Keras may run several steps in one call; what is clocked is one step all the same."""
    shape = (40, 40, 8)  # large enough that the step, not the call, takes the time
    layers = [{"conv2d": {"filters": 16, "kernel_size": 5}}, "global_avg_pool2d", {"dense": "outputs"}]
    made = job(layers=layers, shape=shape, count=20, settings={"steps_per_execution": together})
    found = side_by_side.ask("tf", "task", made)
    clocks = load_file(found.folder / "clocks.safetensors")
    assert found.values["status"] == "ok"
    assert all(seconds > 0 for seconds in found.values["epoch_seconds"])
    calls = found.values["phases"]["latency"]
    assert 0.35 * calls < clocks["latency"].sum() * together <= calls
    assert clocks["losses"].shape == (2, 5)


def test_an_execution_may_not_reach_into_the_next_epoch(side_by_side, job):
    made = job(layers=LINEAR, count=20, settings={"steps_per_execution": 2})
    with pytest.raises(AssertionError, match=r"steps_per_execution=2: must divide the 5 training steps of an epoch"):
        side_by_side.ask("tf", "task", made)


@pytest.mark.parametrize("backend", BACKENDS)
def test_probe(side_by_side, job, backend):
    values = side_by_side.ask(backend, "task", job(layers=LINEAR, task="probe")).values
    assert values["status"] == "ok"
    assert values["gpu"] is False


def test_an_epoch_without_a_kappa_leaves_its_place_empty(tmp_path):
    rows = [{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.4, "val_kappa": 0.3}]
    _write_epochs(tmp_path / "epochs.csv", rows)
    with (tmp_path / "epochs.csv").open() as stream:
        assert [row["val_kappa"] for row in csv.DictReader(stream)] == ["", "0.3"]
    _write_epochs(tmp_path / "epochs.csv", [])
    assert (tmp_path / "epochs.csv").read_text().split() == ["epoch"]
