from __future__ import annotations

import pytest

from bench.results.causes import cause

LAYERS = [("stem", "conv2d"), ("norm", "batch_norm"), ("head", "dense"), ("odd", "rescale")]


@pytest.mark.parametrize(
    ("quantity", "tensor", "place", "why"),
    [
        ("layer outputs", "outputs/stem", "layer stem", "padding"),
        ("layer outputs", "outputs/norm", "layer norm", "epsilon"),
        ("layer outputs", "outputs/head", "layer head", "kernel in another order"),
        ("layer outputs", "outputs/odd", "layer odd", "what rescale means"),
        ("gradients", "gradients/head/kernel", "head/kernel", "derivative"),
        ("weights after each step", "weights/3/head/bias", "step 3, head/bias", "optimizer formula"),
        ("weights after each step", "weights/1/norm/moving_mean", "step 1, norm/moving_mean", "moving statistics"),
    ],
)
def test_the_place_and_the_likely_cause(quantity, tensor, place, why):
    found = cause(quantity, tensor, LAYERS)
    assert found.startswith(f"departs first at {place}; likely cause: ")
    assert why in found


def test_a_quantity_without_a_place_has_a_cause_alone():
    assert cause("loss", "loss", LAYERS).startswith("likely cause: another reduction")
    assert cause("something new", "x", LAYERS) == "likely cause: unknown"
