"""Mixed precision and memory formats in both rooms: they act, they agree, and the float32 weights stay float32."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from frameworks import rooms

BACKENDS = rooms.names()
NET = [
    {"conv2d": {"filters": 4, "padding": "same", "use_bias": False}}, "batch_norm", "relu", "max_pool2d", "flatten",
    {"dense": "outputs"},
]  # fmt: skip
TRAIN = {"epochs": 4, "batch_size": 4, "drop_last": True, "seed": 5, "trace": True}
SGD = {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9, "nesterov": False}
ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11}
"""One rounding of each."""


def losses(answer):
    return np.concatenate(list(answer.under("losses/").values()))


@pytest.mark.parametrize("precision", ROUNDING)
def test_mixed_precision_rounds_as_much_as_it_should_and_both_sides_agree(side_by_side, job, precision):
    made = job(layers=NET, count=8, optimizer=SGD, train=TRAIN)
    options = {"trace": True, "clocked": False, "twin": False}
    full = side_by_side.both("train", made, precision="float32", **options)
    mixed = side_by_side.both("train", made, precision=precision, **options)
    for backend in BACKENDS:
        apart = np.abs(losses(mixed[backend]) / losses(full[backend]) - 1)
        assert 0.01 * ROUNDING[precision] < apart.max() < 20 * ROUNDING[precision]
        weights = mixed[backend].under("weights/")
        assert {value.dtype for value in weights.values()} == {np.dtype("float32")}
        assert mixed[backend].arrays["logits"].dtype == np.float32
    tf, torch = (losses(mixed[backend]) for backend in BACKENDS)
    assert tf == pytest.approx(torch, rel=20 * ROUNDING[precision])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("precision", ROUNDING)
def test_the_compute_clock_leaves_no_trace_in_mixed_precision(side_by_side, job, backend, precision):
    made = job(layers=NET, count=8, optimizer=SGD, train=TRAIN)
    one, other = (
        side_by_side.ask(backend, "train", made, precision=precision, trace=True, clocked=clocked, twin=False)
        for clocked in (False, True)
    )
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert array.tobytes() == other.arrays[name].tobytes(), name


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_whose_scaled_loss_overflows_is_left_out_and_the_scale_halved(side_by_side, job, backend):
    # The gradient times the scale of 2^15 is beyond 65,504 at first; after some halvings it is not.
    layers = ["flatten", {"dense": "outputs"}]
    train = TRAIN | {"epochs": 12, "batch_size": 4}
    made = job(layers=layers, count=4, optimizer=SGD | {"momentum": 0.0}, train=train, scale=[0.05], offset=[0.0])
    found = side_by_side.ask(backend, "train", made, precision="float16", trace=True, clocked=False, twin=False)
    kernels = [made.initial()["dense_1/kernel"]]
    kernels += [found.arrays[f"weights/{epoch}/dense_1/kernel"] for epoch in range(train["epochs"])]
    moved = [bool((after != before).any()) for before, after in itertools.pairwise(kernels)]
    assert moved == sorted(moved), "first none moves, then all do"
    assert 1 <= moved.count(False) < train["epochs"]
    assert len(losses(found)) == train["epochs"], "steps left out have their loss in the trace too"


def test_both_sides_leave_out_the_same_steps(side_by_side, job):
    made = job(
        layers=["flatten", {"dense": "outputs"}],
        count=4,
        optimizer=SGD | {"momentum": 0.0},
        train=TRAIN | {"epochs": 12},
        scale=[0.05],
        offset=[0.0],
    )
    found = side_by_side.both("train", made, precision="float16", trace=True, clocked=False, twin=False)
    start = made.initial()["dense_1/kernel"]
    still = [
        sum((answer.arrays[f"weights/{epoch}/dense_1/kernel"] == start).all() for epoch in range(12))
        for answer in found.values()
    ]
    assert still[0] == still[1]


def test_channels_last_is_the_same_function(side_by_side, job):
    made = job(layers=NET, count=8)
    last = job(layers=NET, count=8, settings={"channels_last": True})
    plain, other = (side_by_side.ask("torch", "layers", each, precision="float64") for each in (made, last))
    error, where = other.furthest(plain)
    assert error < 1e-12, where
    assert (other.values["format"], plain.values["format"]) == ("channels_last", "contiguous")


def test_what_keras_chose_by_itself_is_written_down(side_by_side, job):
    made = job(layers=["flatten", {"dense": "outputs"}], count=8, settings={"jit_compile": "auto"})
    environment = side_by_side.ask("tf", "task", made).values["environment"]
    assert environment["jit_compile"] is False, "on a CPU"
    assert environment["mode"] == "Keras fit, tf.function"
