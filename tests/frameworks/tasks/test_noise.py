"""A contender's own noise: what a hair is, and what is made of two trainings."""

from __future__ import annotations

import numpy as np
import pytest

from frameworks.tasks import noise

WEIGHTS = {"dense_1/kernel": np.linspace(-1, 1, 4000, dtype=np.float32).reshape(40, 100)}


@pytest.mark.parametrize("precision", noise.HAIR)
def test_a_hair_is_so_much_up_or_down_and_its_mirror_is_the_other_way(precision):
    weights = {name: value.astype(np.float64) for name, value in WEIGHTS.items()}
    (one,), (other,) = (list(each.values()) for each in noise.a_hair_off(weights, precision))
    (before,) = weights.values()
    np.testing.assert_allclose(np.abs(one / before - 1), noise.HAIR[precision], rtol=0.3)
    np.testing.assert_allclose(one + other, 2 * before, rtol=1e-15)
    assert 0.4 < np.mean(one > before) < 0.6


def test_another_seed_is_another_hair_and_the_type_stays():
    one, other = (noise.a_hair_off(WEIGHTS, "float32", seed)[0]["dense_1/kernel"] for seed in (0, 1))
    assert one.dtype == np.float32
    assert (one != WEIGHTS["dense_1/kernel"]).mean() > 0.9, "a hair is more than a rounding"
    assert (one != other).mean() > 0.3


def test_a_relu_within_a_hair_is_flipped_by_one_of_the_two():
    """Weights all longer by one factor would flip none: the noise of a network of relus would be missed."""
    rng = np.random.default_rng(3)
    x, kernel = rng.normal(size=200), rng.normal(size=(200, 300))
    kernel -= np.outer(x, x @ kernel) / (x @ x)  # all 300 outputs at 0, but for rounding
    kernel += np.outer(x, rng.normal(0, 1e-7, 300)) / (x @ x)
    outputs = [x @ noise.a_hair_off({"k": kernel}, "float32")[side]["k"] for side in (0, 1)]
    near = np.abs(outputs[0] - outputs[1]) > 2 * np.abs(x @ kernel)
    flipped = [(each > 0) != (x @ kernel > 0) for each in outputs]
    assert near.sum() > 100
    assert (flipped[0] ^ flipped[1])[near].all()
    assert ((x @ (kernel * (1 + 2**-21)) > 0) == (x @ kernel > 0)).all()
