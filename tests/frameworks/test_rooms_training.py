"""Training in both rooms: optimizers, order of batches, traces, the compute clock that leaves no trace behind."""

from __future__ import annotations

import numpy as np
import pytest

from frameworks import rooms
from frameworks.order import epoch_order

BACKENDS = rooms.names()
ADAM = {"name": "adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
FIVE = {"epochs": 5, "batch_size": 4, "drop_last": True, "seed": 5, "trace": True}
SMALL = [
    {"conv2d": {"filters": 4, "padding": "same", "use_bias": False}}, "batch_norm", "relu", "max_pool2d", "flatten",
    {"dropout": 0.3}, {"dense": "outputs"},
]  # fmt: skip

NETS = {
    "strided cnn": [
        {"conv2d": {"filters": 4, "strides": 2, "padding": "same"}}, "batch_norm", "relu",
        {"avg_pool2d": {"pool_size": 3, "strides": 1, "padding": "same"}}, "flatten", "batch_norm", {"dense": 5},
        "elu", {"dense": "outputs"},
    ],
    "linear shifts": [
        {"conv2d": 3}, {"conv2d": {"filters": 4, "use_bias": False}}, "batch_norm", "silu", "flatten",
        {"dense": "outputs"},
    ],
    "ends in flatten": [{"conv2d": {"filters": 4}}, "tanh", {"conv2d": {"filters": 2, "kernel_size": 2}}, "flatten"],
    "gelu and leaky relu": ["flatten", {"dense": 8}, "gelu", {"dense": 8}, "leaky_relu", {"dense": "outputs"}],
}  # fmt: skip


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("net", NETS)
def test_weights_after_each_of_five_steps_agree(side_by_side, job, net, optimizer):
    shape, outputs = ((5, 6, 2), 12) if net == "ends in flatten" else ((6, 7, 2), 3)
    made = job(layers=NETS[net], shape=shape, outputs=outputs, optimizer=optimizer, count=4, train=FIVE)
    options = {"precision": "float64", "trace": True, "clocked": False, "twin": True}
    tf, torch = side_by_side.both("train", made, **options).values()
    network = made.network()
    idle = network.idle_shifts()
    if idle:  # their noise must not come out again: batch norm undoes it in training, its moving mean follows it
        for answer in (tf, torch):
            for name in list(answer.arrays):
                if name == "logits" or name.endswith("/moving_mean"):
                    del answer.arrays[name]
    error, where = torch.furthest(tf, idle)
    assert error <= 1e-9, where
    for name, value in made.initial().items():
        assert not name.endswith("/kernel") or (tf.arrays[f"weights/4/{name}"] != value).any()
    assert len(tf.under("losses/")) == 5


FLIP = {"flip": "both", "crop": 0, "rotation": 0.0, "zoom": 0.0, "brightness": 0.0, "contrast": 0.0}
PIPELINES = {
    "memory": {"name": "memory"},
    "memory, two workers": {"name": "memory", "workers": 2},
    "memory, flips": {"name": "memory", "augment": FLIP},
    "device": {"name": "device"},
    "device, flips": {"name": "device", "augment": FLIP},
}
"""Flips change no picture here: all pixels of one are alike."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [20, 21])
@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_batches_come_in_the_order_of_the_seed(side_by_side, job, backend, count, drop_last, pipeline):
    train = {"drop_last": drop_last}
    layers = ["flatten", {"dense": 99}]
    made = job(layers=layers, outputs=99, count=count, ids=True, train=train, pipeline=PIPELINES[pipeline])
    found = side_by_side.ask(backend, "batches", made)
    expected = []
    for epoch in range(2):
        order = epoch_order(5, epoch, count)
        expected += [order[i : i + 4] for i in range(0, count, 4) if len(order[i : i + 4]) == 4 or not drop_last]
    assert found.values["batches"] == len(expected)
    for step, ids in enumerate(expected):
        assert found.arrays[f"labels/{step}"].tolist() == ids.tolist()
        assert (found.arrays[f"pixels/{step}"] == ids[:, None, None, None]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("clocked", [True, False])
def test_samples_picked_on_the_device_train_to_the_same_bits(side_by_side, job, backend, drop_last, clocked):
    """Of splits whose samples lie everywhere in the arrays."""
    memory, device = (
        job(
            layers=SMALL,
            count=22,
            optimizer=ADAM,
            shuffled=True,
            train={"drop_last": drop_last},
            pipeline={"name": name},
        )
        for name in ("memory", "device")
    )
    asked = OPTIONS | {"clocked": clocked}
    first, second = (side_by_side.ask(backend, "train", made, **asked) for made in (memory, device))
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        assert array.tobytes() == second.arrays[name].tobytes(), name


OPTIONS = {"precision": "float32", "trace": True, "clocked": False, "twin": False}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("drop_last", [True, False])
def test_a_seed_repeats_itself_and_the_compute_clock_leaves_nothing_behind(side_by_side, job, backend, drop_last):
    made = job(layers=SMALL, count=22, optimizer=ADAM, train={"drop_last": drop_last})
    first, again, clocked = (
        side_by_side.ask(backend, "train", made, **OPTIONS | {"clocked": clocked}) for clocked in (False, False, True)
    )
    assert first.arrays["losses/0"].shape == (5 if drop_last else 6,)
    assert first.arrays.keys() == again.arrays.keys() == clocked.arrays.keys()
    for name, array in first.arrays.items():
        assert array.tobytes() == again.arrays[name].tobytes(), name
        assert array.tobytes() == clocked.arrays[name].tobytes(), name
    other = side_by_side.ask(backend, "train", job(layers=SMALL, count=22, train={"seed": 6}), **OPTIONS)
    assert (other.arrays["losses/0"][:5] != first.arrays["losses/0"][:5]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_trace_nothing_else_changes(side_by_side, job, backend):
    made = job(layers=SMALL, count=22, train={"drop_last": False})
    with_trace, without = (side_by_side.ask(backend, "train", made, **OPTIONS | {"trace": t}) for t in (True, False))
    assert not without.under("losses/")
    assert with_trace.under("losses/")
    for name, array in without.arrays.items():
        assert array.tobytes() == with_trace.arrays[name].tobytes(), name
    for a, b in zip(without.values["epochs"], with_trace.values["epochs"], strict=True):
        assert a[1:] == pytest.approx(b[1:], rel=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_loss_of_an_epoch_is_weighted_by_samples(side_by_side, job, backend):
    made = job(layers=["flatten", {"dense": "outputs"}], count=21, train={"drop_last": False})
    found = side_by_side.ask(backend, "train", made, **OPTIONS | {"precision": "float64"})
    sizes = np.array([4, 4, 4, 4, 4, 1])
    for epoch, (seconds, loss, accuracy) in enumerate(found.values["epochs"]):
        losses = found.arrays[f"losses/{epoch}"]
        assert loss == pytest.approx(float(losses @ sizes) / 21, rel=1e-6)
        assert loss != pytest.approx(losses.mean(), rel=1e-3)
        assert accuracy * 21 == pytest.approx(round(accuracy * 21), abs=1e-4)
        assert 0 < seconds < 60


def test_accuracies_and_losses_of_epochs_agree(side_by_side, job):
    made = job(layers=["flatten", {"dense": "outputs"}], count=21, train={"drop_last": False})
    tf, torch = side_by_side.both("train", made, **OPTIONS | {"precision": "float64"}).values()
    for a, b in zip(tf.values["epochs"], torch.values["epochs"], strict=True):
        assert a[1:] == pytest.approx(b[1:], rel=1e-6)
