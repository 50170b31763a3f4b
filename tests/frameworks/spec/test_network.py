from __future__ import annotations

import pytest

from frameworks.spec import parse

BARE = {"conv2d": {"filters": 3, "use_bias": False}}


def network(*spec, shape=(8, 8, 2), outputs=10):
    return parse(list(spec), input_shape=shape, outputs=outputs)


@pytest.mark.parametrize(
    ("spec", "idle"),
    [
        ([{"conv2d": 3}, "batch_norm"], ["conv2d_1/bias"]),
        ([BARE, "batch_norm"], []),
        ([{"conv2d": 3}, "relu", "batch_norm"], []),
        ([{"conv2d": 3}, {"max_pool2d": {"padding": "same"}}, {"dropout": 0.1}, "batch_norm"], ["conv2d_1/bias"]),
        ([{"conv2d": 3}, "batch_norm", "batch_norm"], ["conv2d_1/bias", "batch_norm_1/beta"]),
        ([{"conv2d": 3}, BARE, "batch_norm"], ["conv2d_1/bias"]),  # nothing is padded, so the shift goes through
        ([{"conv2d": 3}, {"conv2d": {"filters": 3, "padding": 1}}, "batch_norm"], ["conv2d_2/bias"]),
        ([{"conv2d": 3}, "global_avg_pool2d", {"dense": 4}, "batch_norm"], ["conv2d_1/bias", "dense_1/bias"]),
    ],
)
def test_idle_shifts(spec, idle):
    end = [] if "global_avg_pool2d" in spec else ["flatten"]
    assert network(*spec, *end, {"dense": 10}).idle_shifts() == idle


def test_uneven_same():
    def strided(shape, **given):
        conv = {"conv2d": {"filters": 2, "strides": 2, "padding": "same", **given}}
        return network(conv, "flatten", {"dense": 10}, shape=shape).uneven_same()

    assert strided((8, 8, 2)) == ["conv2d_1"]
    assert strided((7, 8, 2)) == ["conv2d_1"]
    assert strided((7, 7, 2)) == []
    assert strided((8, 8, 2), padding=1) == []
    assert strided((8, 8, 2), strides=1, kernel_size=2) == []  # PyTorch's own padding="same" costs nothing


def test_random_layers():
    found = network({"dropout": 0.5}, {"dropout": 0}, "gelu", "flatten", {"dense": 10})
    assert found.random_layers() == ["dropout_1"]


def test_flattened_follows_a_vector_that_still_lists_an_image():
    found = network(BARE, "flatten", "relu", "batch_norm", {"dropout": 0.1}, "flatten", {"dense": 5}, {"dense": 10})
    assert [node.flattened for node in found.nodes] == [(), (), *[((6, 6, 3),)] * 5, ()]
    assert network("global_avg_pool2d", {"dense": 10}).nodes[1].flattened == ()
    assert network("flatten", {"dense": 10}, shape=(12,)).nodes[1].flattened == ()
    square = network("flatten", {"dense": 128}, {"dense": 10})  # as many units as inputs
    assert square.nodes[2].flattened == ()


def test_initial_weights_are_the_spec_s():
    weights = network(BARE, "batch_norm", "flatten", {"dense": 10}).initial_weights(0)
    assert {name: (value.shape, str(value.dtype)) for name, value in weights.items()} == {
        "conv2d_1/kernel": ((3, 3, 2, 3), "float32"),
        "batch_norm_1/gamma": ((3,), "float32"),
        "batch_norm_1/beta": ((3,), "float32"),
        "batch_norm_1/moving_mean": ((3,), "float32"),
        "batch_norm_1/moving_variance": ((3,), "float32"),
        "dense_1/kernel": ((108, 10), "float32"),
        "dense_1/bias": ((10,), "float32"),
    }
    assert (weights["batch_norm_1/gamma"] == 1).all()
    assert not weights["batch_norm_1/beta"].any()


def test_a_layer_s_weights_do_not_depend_on_its_neighbours():
    short = network(BARE, "flatten", {"dense": 10}).initial_weights(1)
    long = network(BARE, {"conv2d": {"filters": 3, "padding": 1}}, "flatten", {"dense": 10}).initial_weights(1)
    for name, value in short.items():
        assert (value == long[name]).all()


def test_step_flops_by_hand():
    """Forward and backward to the weights; backward to the input behind the first layer that learns."""
    found = network("relu", {"conv2d": 3}, "max_pool2d", "flatten", {"dense": 10}, shape=(8, 8, 2))
    conv, dense = 9 * 2 * 6 * 6 * 3, 27 * 10
    assert {name: count for name, count in found.layer_step_flops.items() if count} == {
        "conv2d_1": 2 * 2 * conv,
        "dense_1": 3 * 2 * dense,
    }
    assert found.step_flops == 4 * conv + 6 * dense
    learns = network("batch_norm", {"conv2d": 3}, "flatten", {"dense": 10}, shape=(8, 8, 2))
    assert learns.layer_step_flops["conv2d_1"] == 3 * 2 * conv
    assert learns.layer_step_flops["batch_norm_1"] == 0, "no product"
