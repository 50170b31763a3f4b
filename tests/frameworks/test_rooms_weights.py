"""Weights cross over: what one room trained and exported, the other loads and predicts alike."""

from __future__ import annotations

import numpy as np
import pytest

from frameworks import rooms

BACKENDS = rooms.names()
SIZES = [256, 256, 128, "outputs"]
MLP = ["flatten", *(item for size in SIZES for item in ({"dense": size}, "relu"))][:-1]
BLOCK = [{"conv2d": {"filters": 32, "padding": "same", "use_bias": False}}, "batch_norm", "relu", "max_pool2d"]
CNN = [*BLOCK, *BLOCK, "flatten", {"dropout": 0.25}, {"dense": "outputs"}]
MIXED = [
    {"conv2d": {"filters": 4, "kernel_size": [3, 2]}}, "batch_norm", "relu", "flatten", "batch_norm", {"dense": 6},
    "tanh", {"dense": "outputs"},
]  # fmt: skip


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("layers", "count"), [(MLP, 300_938), (CNN, 288 + 2 * 64 + 9216 + 15_690)])
def test_parameters_and_identity(side_by_side, job, layers, count, precision):
    made = job(layers=layers, shape=(28, 28, 1), outputs=10, count=4, random_weights=True)
    assert made.network().num_parameters == count
    for answer in side_by_side.both("layers", made, precision=precision).values():
        assert answer.values["num_parameters"] == count
        assert answer.values["identical"].keys() == made.network().parameters.keys()
        assert all(answer.values["identical"].values())


@pytest.mark.parametrize("trainer", BACKENDS)
def test_trained_weights_cross_over(side_by_side, job, trainer):
    made = job(layers=MIXED, count=16, train={"epochs": 3})
    options = {"precision": "float64", "trace": True, "clocked": False, "twin": False}
    trained = side_by_side.ask(trainer, "train", made, **options)
    weights = trained.under("weights/2/")
    assert weights.keys() == made.network().parameters.keys()
    for answer in side_by_side.both(
        "predict", job(layers=MIXED, count=16, weights=weights), precision="float64"
    ).values():
        assert abs(answer.arrays["logits"] - trained.arrays["logits"]).max() <= 1e-10
        for name, value in weights.items():
            assert answer.arrays[name].tobytes() == value.tobytes(), name
    assert np.ptp(trained.arrays["logits"]) > 0.1
