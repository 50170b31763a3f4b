"""Shifts and the backward pass on their way through joins."""

from __future__ import annotations

import pytest

from frameworks.spec import parse

BARE = {"conv2d": {"filters": 2, "padding": 1, "use_bias": False}}
CONV = {"conv2d": {"filters": 2, "padding": 1}}
NORM = "batch_norm"
FROZEN = {"batch_norm": {"trainable": False}}
END = ["relu", "global_avg_pool2d", {"dense": "outputs"}]


def network(*spec):
    return parse(list(spec), input_shape=(8, 8, 2), outputs=3)


@pytest.mark.parametrize(
    ("spec", "idle"),
    [
        # Undone in every branch, or passed by each and undone behind.
        ([CONV, {"add": [[NORM], [NORM]]}], ["conv2d_1/bias"]),
        ([CONV, {"add": [[NORM], []]}], []),
        ([CONV, {"add": [[], []]}, NORM], ["conv2d_1/bias"]),
        ([CONV, {"add": [["relu"], []]}, NORM], []),
        ([CONV, {"add": [["avg_pool2d"], ["max_pool2d"]]}, NORM], ["conv2d_1/bias"]),
        ([CONV, {"add": [["max_pool2d", NORM, "relu"], ["max_pool2d"]]}, NORM], ["conv2d_1/bias"]),
        # Made in a branch.
        ([{"add": [[], [CONV]]}, NORM], ["conv2d_1/bias"]),
        ([{"add": [[], [CONV, NORM]]}], ["conv2d_1/bias"]),
        ([{"add": [[], [CONV, NORM]]}, "relu", NORM], ["conv2d_1/bias"]),
        ([{"add": [[], [CONV, "relu"]]}, NORM], []),
        ([{"concat": [[CONV], [CONV, "relu"]]}, NORM], ["conv2d_1/bias"]),
        # A product makes another thing of a shift.
        ([{"multiply": [[], [CONV]]}, NORM], []),
        ([CONV, {"multiply": [[], ["sigmoid"]]}, NORM], []),
        ([{"multiply": [[], [CONV, NORM]]}], ["conv2d_1/bias"]),
        # A frozen batch norm subtracts what it always does, and passes the rest; nothing frozen has a gradient.
        ([CONV, FROZEN], []),
        ([CONV, FROZEN, NORM], ["conv2d_1/bias"]),
        ([{"conv2d": {"filters": 2, "trainable": False}}, NORM], []),
        ([CONV, "layer_norm"], []),
        ([CONV, {"zero_pad2d": 1}, NORM], []),
        ([CONV, {"resize": 5}, {"rescale": 2.0}, NORM], ["conv2d_1/bias"]),
        ([CONV, {"reshape": [4, 16, 2]}, NORM], []),
        ([CONV, {"depthwise_conv2d": {"use_bias": False}}, NORM], ["conv2d_1/bias"]),
        ([CONV, {"depthwise_conv2d": {"use_bias": False, "padding": 1}}, NORM], []),
    ],
)  # fmt: skip
def test_idle_shifts(spec, idle):
    assert network(*spec, *END).idle_shifts() == idle


def test_the_order_is_that_of_computation():
    found = network({"add": [[CONV, NORM], [CONV, NORM]]}, "relu", CONV, NORM, *END)
    assert found.idle_shifts() == ["conv2d_1/bias", "conv2d_2/bias", "conv2d_3/bias"]


def products(*spec):
    found = network(*spec)
    one = {node.name: 2 * node.layer.products(node.input_shape) for node in found.nodes}
    return {name: count / one[name] for name, count in found.layer_step_flops.items() if one[name]}


def test_the_input_s_gradient_is_asked_for_where_something_learns_before():
    assert products({"add": [[BARE], [BARE, BARE]]}, *END) == {
        "conv2d_1": 2, "conv2d_2": 2, "conv2d_3": 3, "dense_1": 3,
    }  # fmt: skip
    assert products(NORM, {"concat": [[BARE], []]}, *END) == {"conv2d_1": 3, "dense_1": 3}


def test_what_is_frozen_asks_for_nothing_itself():
    frozen = {"conv2d": {"filters": 2, "padding": 1, "trainable": False}}
    assert products(frozen, frozen, *END) == {"conv2d_1": 1, "conv2d_2": 1, "dense_1": 2}
    assert products(BARE, frozen, *END) == {"conv2d_1": 2, "conv2d_2": 2, "dense_1": 3}
    assert products({"add": [[frozen], [BARE]]}, frozen, *END) == {
        "conv2d_1": 1, "conv2d_2": 2, "conv2d_3": 2, "dense_1": 3,
    }  # fmt: skip


def test_flops_of_joins_are_their_own():
    alone = network(*END).flops
    assert network({"add": [[], [], []]}, *END).flops - alone == 2 * 128
    assert network({"multiply": [[], ["global_avg_pool2d"]]}, *END).flops - alone == 128 + 128
    assert network({"concat": [[], []]}, {"conv2d": {"filters": 2, "kernel_size": 1}}, *END).flops - alone == 128 * 9
