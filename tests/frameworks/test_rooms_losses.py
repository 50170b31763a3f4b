"""Every loss in both rooms: value, gradients and training against its meaning in numpy, each side alone."""

from __future__ import annotations

import numpy as np
import pytest

from frameworks import rooms
from frameworks.order import orders
from frameworks.reference import LOSSES, METRICS, batch_loss, combined_weights, score

BACKENDS = rooms.names()
STILL = {"name": "sgd", "learning_rate": 0.0, "momentum": 0.0, "nesterov": False}
TABLE = {
    "shape": (4,), "outputs": 1, "scale": [1 / 60, 1 / 50, 1 / 70, 0.03], "offset": [-1.6, -2.0, -1.4, -2.9],
}  # fmt: skip
TASK = {
    "classification": TABLE | {"outputs": 3},
    "binary": TABLE | {"learns": "binary"},
    "regression": TABLE | {"learns": "regression", "y_scale": 0.2, "y_offset": -4.0},
}
OPTIONS = {"precision": "float64", "trace": True, "clocked": False, "twin": False}
CASES = [
    ("classification", "sparse_categorical_crossentropy", {}),
    ("classification", "sparse_categorical_crossentropy", {"label_smoothing": 0.1}),
    ("classification", "categorical_crossentropy", {}),
    ("classification", "categorical_crossentropy", {"label_smoothing": 0.3}),
    ("classification", "focal", {}),
    ("classification", "focal", {"focal_gamma": 0.5, "focal_alpha": 0.25}),
    ("binary", "binary_crossentropy", {}),
    ("binary", "binary_crossentropy", {"label_smoothing": 0.1}),
    ("binary", "focal", {"focal_gamma": 0.0}),
    ("binary", "focal", {"focal_gamma": 1.7, "focal_alpha": 0.25}),
    ("regression", "mean_squared_error", {}),
    ("regression", "mean_absolute_error", {}),
    ("regression", "huber", {}),
    ("regression", "huber", {"huber_delta": 0.7}),
]
NAMES = [f"{loss} {task} {options or ''}" for task, loss, options in CASES]
STEP = 5e-4
"""Of a five-point difference in 80-bit numbers: its errors are of the order of 1e-14."""


def given(job, task, loss, options, classes, samples, **more):
    """Return a job with weights for classes and samples where there are any; one class counts nothing."""
    weights = {"classification": [2.5, 0.0, 0.4], "binary": [0.3, 5.0], "regression": []}[task] if classes else []
    own = np.random.default_rng(7).uniform(0, 3, 16).astype(np.float32) if samples else None
    count = more.get("count", 8)
    if own is not None:
        own = np.resize(own, 2 * count)
        own[1] = 0
    return job(
        layers=[{"dense": "outputs"}], loss=loss, loss_options=options, class_weights=weights, sample_weights=own,
        **TASK[task] | more,
    )  # fmt: skip


def labels_of(made):
    """Return what a room is to learn, and how much each sample of training counts."""
    y = made.images()[1][: made.count]
    if made.learns == "regression":
        y = (y * np.float32(made.y_scale) + np.float32(made.y_offset)).astype(np.float32)
    own = None if made.sample_weights is None else made.sample_weights[: made.count]
    return y, combined_weights(y, made.class_weights, own)


def derivative(name, outputs, labels, options, weights):
    """Return the derivative of a batch's loss by every output, (n, outputs), by differences of its numpy meaning."""
    exact = outputs.astype(np.longdouble)
    found = np.zeros(outputs.shape, np.longdouble)
    ones = np.ones(len(labels)) if weights is None else weights
    for place in range(outputs.shape[1]):
        for times, factor in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            moved = exact.copy()
            moved[:, place] += times * np.longdouble(STEP)
            found[:, place] += factor * LOSSES[name].each(moved, labels, **options)
    return (found * ones[:, np.newaxis] / (12 * np.longdouble(STEP) * len(labels))).astype(np.float64)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 2e-19, reason="the differences need 80-bit numbers")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("task", "loss", "options"), CASES, ids=NAMES)
def test_a_loss_and_its_gradients_are_the_reference(side_by_side, job, backend, task, loss, options):
    """With and without weights; the linear network's gradient is that of the outputs times the input."""
    for classes, samples in ((False, False), (True, False), (False, True), (True, True)):
        if classes and task == "regression":
            continue
        made = given(job, task, loss, options, classes, samples)
        found = side_by_side.ask(backend, "layers", made, precision="float64")
        labels, weights = labels_of(made)
        assert (weights is None) == (not classes and not samples)
        x = made.images()[0][: made.count].astype(np.float64) * np.array(made.scale) + np.array(made.offset)
        outputs = found.arrays["logits"]
        expected = batch_loss(loss, outputs, labels, made.options(), weights)
        assert found.values["loss"] == pytest.approx(expected, rel=1e-12)
        wrong = derivative(loss, outputs, labels, made.options(), weights)
        for name, gradient in (("kernel", x.T @ wrong), ("bias", wrong.sum(0))):
            seen = found.arrays[f"gradients/dense_1/{name}"]
            assert abs(seen - gradient).max() <= 1e-12 * abs(gradient).max()
            assert abs(gradient).max() > 1e-3, "something moves"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("task", "loss", "options"), CASES[1::2], ids=NAMES[1::2])
@pytest.mark.parametrize("pipeline", ["memory", "device"])
def test_training_reports_weighted_losses_and_a_metric_without_weights(
    side_by_side, job, backend, task, loss, options, pipeline
):
    """At a rate of 0 nothing moves: every step's loss is what numpy finds in the outputs of its batch."""
    made = given(
        job, task, loss, options, True, True, count=10, optimizer=STILL, train={"drop_last": False},
        pipeline={"name": pipeline},
    )  # fmt: skip
    found = side_by_side.ask(backend, "train", made, **OPTIONS)
    (labels, weights), outputs = labels_of(made), found.arrays["logits"]
    for epoch, order in enumerate(orders(5, 2, 10)):
        parts = [order[:4], order[4:8], order[8:]]
        steps = [batch_loss(loss, outputs[p], labels[p], made.options(), weights[p]) for p in parts]
        assert found.arrays[f"losses/{epoch}"] == pytest.approx(steps, rel=1e-12)
        _, mean, metric = found.values["epochs"][epoch]
        assert mean == pytest.approx(batch_loss(loss, outputs, labels, made.options(), weights), rel=1e-6)
        plain = score(task, loss, outputs, labels, made.options())
        assert metric == pytest.approx(plain[METRICS[task]], rel=1e-6)
        assert mean != pytest.approx(plain["loss"], rel=1e-3)


@pytest.mark.parametrize(("task", "loss", "options"), CASES[1::2], ids=NAMES[1::2])
def test_trainings_agree(side_by_side, job, task, loss, options):
    adam = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    made = given(job, task, loss, options, True, True, optimizer=adam, train={"epochs": 5})
    tf, torch = side_by_side.both("train", made, **OPTIONS).values()
    error, where = torch.furthest(tf)
    assert error <= 1e-9, where
    assert (tf.arrays["weights/4/dense_1/kernel"] != made.initial()["dense_1/kernel"]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_batch_may_lack_classes_and_weights(side_by_side, job, backend):
    """One class alone, of which no sample counts: the loss is 0, and so is what moves."""
    own = np.zeros(16, np.float32)
    made = job(layers=["flatten", {"dense": "outputs"}], class_weights=[1.0, 2.0, 3.0], sample_weights=own)
    found = side_by_side.ask(backend, "train", made, **OPTIONS)
    assert (found.arrays["losses/0"] == 0).all()
    for name, value in made.initial().items():
        assert (found.arrays[f"weights/1/{name}"] == value).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_of_one_change_no_bit_and_one_hot_labels_change_no_curve(side_by_side, job, backend):
    layers, asked = ["flatten", {"dense": 5}, "relu", {"dense": "outputs"}], OPTIONS | {"precision": "float32"}
    plain, ones, one_hot = (
        side_by_side.ask(backend, "train", job(layers=layers, count=20, **more), **asked)
        for more in (
            {},
            {"class_weights": [1.0] * 3, "sample_weights": np.ones(40)},
            {"loss": "categorical_crossentropy"},
        )
    )
    for name, array in plain.arrays.items():
        assert ones.arrays[name] == pytest.approx(array, rel=1e-5, abs=1e-6)
        assert one_hot.arrays[name] == pytest.approx(array, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize(("task", "loss", "options"), CASES[1::2], ids=NAMES[1::2])
def test_losses_are_taken_in_full_precision(side_by_side, job, backend, precision, task, loss, options):
    """Of outputs that are 0 in any precision: targets and weights are not rounded to the outputs' type."""
    made = given(job, task, loss, options, True, True, optimizer=STILL)
    made.weights = {name: np.zeros_like(value) for name, value in made.initial().items()}
    found = side_by_side.ask(backend, "train", made, **OPTIONS | {"precision": precision})
    labels, weights = labels_of(made)
    order = next(iter(orders(5, 1, 8)))
    outputs = np.zeros((8, made.outputs))
    for step, part in enumerate((order[:4], order[4:])):
        expected = batch_loss(loss, outputs[part], labels[part], made.options(), weights[part])
        assert found.arrays["losses/0"][step] == pytest.approx(expected, rel=1e-6)
