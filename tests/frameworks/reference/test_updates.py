from __future__ import annotations

import numpy as np
import pytest

from frameworks.reference import Update, kind
from frameworks.reference.updates import clipped, meaning

WEIGHTS = {"a/kernel": np.array([[1.0, -2.0]]), "a/bias": np.array([4.0]), "b/gamma": np.array([2.0])}
GRADIENTS = {"a/kernel": np.array([[3.0, 0.0]]), "a/bias": np.array([-4.0]), "b/gamma": np.array([12.0])}
SGD = {"name": "sgd", "learning_rate": 0.5}


def moved(rate=None, **given):
    """Return by how much one step moves each weight."""
    after = Update(SGD | given, WEIGHTS)(WEIGHTS, GRADIENTS, rate)
    assert after.keys() == WEIGHTS.keys()
    return {kind(name): (WEIGHTS[name] - value).ravel().tolist() for name, value in after.items()}


def test_the_kind_of_a_tensor():
    assert [kind(name) for name in WEIGHTS] == ["kernel", "bias", "gamma"]
    assert kind("block/1/dense_1/kernel") == "kernel"


def test_a_step_of_all_tensors_keeps_their_states_apart():
    assert moved() == {"kernel": [1.5, 0.0], "bias": [-2.0], "gamma": [6.0]}
    update = Update(SGD | {"momentum": 0.5}, WEIGHTS)
    first = update(WEIGHTS, GRADIENTS)
    second = update(first, dict.fromkeys(GRADIENTS, np.zeros(1)) | {"a/kernel": np.zeros((1, 2))})
    assert (first["b/gamma"] - second["b/gamma"]).tolist() == [3.0]
    assert (first["a/bias"] - second["a/bias"]).tolist() == [-1.0]


def test_decoupled_decay_is_scaled_by_the_rate_of_the_step():
    assert moved(weight_decay=0.5) == {"kernel": [1.5 + 0.25, -0.5], "bias": [-2.0 + 1], "gamma": [6.5]}
    assert moved(rate=0.25, weight_decay=0.5)["bias"] == [-1.0 + 0.5]


def test_l2_is_added_to_the_gradient():
    assert moved(l2=0.5) == {"kernel": [1.75, -0.5], "bias": [-1.0], "gamma": [6.5]}
    adam = {"name": "adam", "beta_1": 0.5, "beta_2": 0.5, "epsilon": 0.0}
    assert moved(**adam)["bias"] == pytest.approx([-0.5])
    assert moved(**adam, l2=0.75)["bias"] == pytest.approx([-0.5]), "Adam takes a longer gradient as it comes"
    assert moved(**adam, l2=2.0)["bias"] == pytest.approx([0.5])
    assert moved(**adam, weight_decay=0.75)["bias"] == pytest.approx([-0.5 + 0.5 * 0.75 * 4])


def test_what_is_left_out_neither_decays_nor_has_l2():
    plain = moved()
    for given in ({"weight_decay": 0.5}, {"l2": 0.5}):
        found = moved(**given, exclude=["bias", "gamma"])
        assert (found["bias"], found["gamma"]) == (plain["bias"], plain["gamma"])
        assert found["kernel"] != plain["kernel"]


def test_l2_sees_the_weights_that_have_decayed():
    assert moved(weight_decay=0.5, l2=0.5)["bias"] == [1.0 + 0.5 * (-4 + 0.5 * 3)]


def clip(**given):
    found = clipped(meaning(SGD | given), GRADIENTS)
    return {kind(name): value.ravel().tolist() for name, value in found.items()}


def test_clipping_by_value():
    assert clip(clip_value=3.5) == {"kernel": [3.0, 0.0], "bias": [-3.5], "gamma": [3.5]}


def test_clipping_each_norm():
    assert clip(clip_norm=3.5) == {"kernel": [3.0, 0.0], "bias": [-3.5], "gamma": [3.5]}
    assert clip(clip_norm=2.0)["kernel"] == [2.0, 0.0]


def test_clipping_the_norm_of_all():
    assert clip(clip_global_norm=6.5) == {"kernel": [1.5, 0.0], "bias": [-2.0], "gamma": [6.0]}  # of 13
    assert clip(clip_global_norm=14.0) == {"kernel": [3.0, 0.0], "bias": [-4.0], "gamma": [12.0]}


@pytest.mark.parametrize("key", ["clip_norm", "clip_global_norm"])
def test_nothing_is_added_to_a_norm(key):
    tiny = {"a/kernel": np.array([3e-7, 4e-7])}
    found = clipped(meaning(SGD | {key: 1e-7}), tiny)["a/kernel"]
    assert found == pytest.approx([6e-8, 8e-8], rel=1e-12)
    still = clipped(meaning(SGD | {key: 1e-7}), {"a/kernel": np.zeros(2)})["a/kernel"]
    assert still.tolist() == [0.0, 0.0]


def test_clipping_comes_before_l2():
    assert moved(clip_value=1.0, l2=0.5)["bias"] == [0.5 * (-1 + 2)]
