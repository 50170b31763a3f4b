"""Binary and regression in both rooms: each loss and metric against its meaning in numpy, and against each other."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from frameworks import rooms
from frameworks.reference import METRICS, TASKS, score, sigmoid

BACKENDS = rooms.names()
STILL = {"name": "sgd", "learning_rate": 0.0, "momentum": 0.0, "nesterov": False}
ADAM = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
NET = [{"dense": 5}, "tanh", {"dense": "outputs"}]
TABLE = {
    "shape": (4,), "outputs": 1, "scale": [1 / 60, 1 / 50, 1 / 70, 0.03], "offset": [-1.6, -2.0, -1.4, -2.9],
}  # fmt: skip
TASK = {
    "binary": TABLE | {"learns": "binary"},
    "regression": TABLE | {"learns": "regression", "y_scale": 0.2, "y_offset": -4.0},
}
OPTIONS = {"precision": "float64", "trace": True, "clocked": False, "twin": False}


def targets(made, y):
    """Return what a room is to learn for the labels `y` of a job."""
    return (y * np.float32(made.y_scale) + np.float32(made.y_offset)).astype(np.float32)


def scaled(made, x):
    return x.astype(np.float64) * np.array(made.scale) + np.array(made.offset)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("task", TASK)
def test_a_loss_and_its_gradients_are_the_reference(side_by_side, job, backend, task):
    """A linear network, whose gradient is known in closed form; each side alone against numpy."""
    made = job(layers=[{"dense": "outputs"}], **TASK[task])
    found = side_by_side.ask(backend, "layers", made, precision="float64")
    x, y = (part[: made.count] for part in made.images())
    weights = {name: value.astype(np.float64) for name, value in made.initial().items()}
    values, labels = scaled(made, x), targets(made, y) if task == "regression" else y
    outputs = values @ weights["dense_1/kernel"] + weights["dense_1/bias"]
    assert abs(found.arrays["logits"] - outputs).max() <= 1e-12 * abs(outputs).max()
    assert found.values["loss"] == pytest.approx(score(task, TASKS[task], outputs, labels)["loss"], rel=1e-12)
    wrong = sigmoid(outputs[:, 0]) - labels if task == "binary" else 2 * (outputs[:, 0] - labels)
    gradient = values.T @ wrong[:, None] / made.count
    assert abs(found.arrays["gradients/dense_1/kernel"] - gradient).max() <= 1e-12 * abs(gradient).max()
    assert found.arrays["gradients/dense_1/bias"] == pytest.approx(wrong.mean(), rel=1e-12)
    # (n, 1) against (n,) would be an (n, n): here its mean is another number
    assert found.values["loss"] != pytest.approx(np.square(outputs - labels).mean(), rel=1e-3)


@pytest.mark.parametrize("optimizer", [ADAM, STILL | {"learning_rate": 0.01, "momentum": 0.9}], ids=["adam", "sgd"])
@pytest.mark.parametrize("task", TASK)
def test_weights_after_each_step_agree(side_by_side, job, task, optimizer):
    train = {"epochs": 5, "batch_size": 4, "drop_last": True, "seed": 5, "trace": True}
    made = job(layers=NET, optimizer=optimizer, count=4, train=train, **TASK[task])
    tf, torch = side_by_side.both("train", made, **OPTIONS).values()
    error, where = torch.furthest(tf)
    assert error <= 1e-9, where
    assert (tf.arrays["weights/4/dense_1/kernel"] != made.initial()["dense_1/kernel"]).any()
    assert len(tf.under("losses/")) == 5


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [20, 21])
@pytest.mark.parametrize("task", ["classification", *TASK])
def test_the_metric_of_training_is_the_reference(side_by_side, job, backend, task, count):
    """At a rate of 0 nothing moves: what an epoch reports is what numpy finds in the outputs."""
    given = TASK.get(task, {"shape": (2, 3, 1)})
    made = job(
        layers=["flatten", {"dense": "outputs"}], count=count, optimizer=STILL, train={"drop_last": False}, **given
    )
    found = side_by_side.ask(backend, "train", made, **OPTIONS)
    y = made.images()[1][:count]
    expected = score(task, TASKS[task], found.arrays["logits"], targets(made, y) if task == "regression" else y)
    for _, loss, metric in found.values["epochs"]:
        assert loss == pytest.approx(expected["loss"], rel=1e-6)
        assert metric == pytest.approx(expected[METRICS[task]], rel=1e-6)
    if task == "binary":  # both sides of the cut at 0 occur, and some logits lie between it and 0.5
        logits = found.arrays["logits"]
        assert ((logits > 0) != (logits > 0.5)).any()
        assert 0 < expected["accuracy"] < 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "scale", "offset"),
    [
        ((3, 2, 3), [1 / 3, 0.7, 1 / 255], [-0.1, 0.3, 1e-3]),
        ((3, 2, 3), [1 / 3, 0.7, 1 / 255], [0.0]),
        ((3, 2, 3), [1 / 3], [0.1, 0.2, 0.7]),
        ((3, 2, 1), [1 / 3], [-0.1]),
        ((3,), [1 / 3, 0.7, 1 / 255], [-0.1, 0.3, 1e-3]),
        ((3,), [1.0], [0.0]),
    ],
)
def test_the_input_is_scaled_to_the_last_bit_but_one(side_by_side, job, backend, precision, shape, scale, offset):
    made = job(layers=["tanh", "flatten", {"dense": 3}], shape=shape, scale=scale, offset=offset)
    found = side_by_side.ask(backend, "layers", made, precision=precision)
    x = made.images()[0][: made.count]
    expected = np.tanh(x.astype(np.float64) * np.array(scale) + np.array(offset))
    seen = found.arrays["outputs/tanh_1"]
    assert seen.dtype == precision
    assert seen.shape == x.shape
    # a float32 constant in float64 would show as 1e-8; float32 itself rounds x * scale, up to 255 * 0.7, to 1e-5
    assert abs(seen - expected).max() <= (1e-15 if precision == "float64" else 2e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("task", TASK)
def test_a_trial_reports_the_task_s_metric(side_by_side, job, backend, task):
    made = job(layers=NET, count=24, optimizer=ADAM, train={"epochs": 3}, **TASK[task])
    found = side_by_side.ask(backend, "task", made)
    metric = METRICS[task]
    names = {f"{split}_{name}" for split in ("train", "val", "test") for name in ("loss", metric)}
    names |= {"val_kappa", "test_kappa"} if metric == "accuracy" else set()
    assert found.values["metrics"].keys() == names
    with (found.folder / "epochs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0].keys() == {"epoch", "seconds"} | {name for name in names if not name.startswith("test_")}
    predicted = np.load(found.folder / "predictions.npy")
    y = made.images()[1][36:]
    assert predicted.shape == (12, 1)
    if task == "binary":
        assert ((predicted > 0) & (predicted < 1)).all()
        assert found.values["metrics"]["test_accuracy"] == ((predicted[:, 0] > 0.5) == y).mean()
    else:  # in the target's own units, though training has them scaled
        assert found.values["metrics"]["test_mae"] == pytest.approx(abs(predicted[:, 0] - y).mean(), rel=1e-4)
        assert 5 < predicted.mean() < 40
        last = rows[-1]
        assert float(last["val_mae"]) > 1
        assert 0.2 * float(last["train_mae"]) < 2
        assert found.values["metrics"]["test_loss"] == pytest.approx(
            np.square((predicted[:, 0] - y) * made.y_scale).mean(), rel=1e-4
        )
