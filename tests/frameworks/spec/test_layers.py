from __future__ import annotations

import pytest

from frameworks.spec import parse


def network(*spec, shape=(28, 28, 1), outputs=10):
    return parse(list(spec), input_shape=shape, outputs=outputs)


END = ["flatten", {"dense": "outputs"}]


@pytest.mark.parametrize(
    ("layer", "shape", "output"),
    [
        ({"conv2d": {"filters": 4, "kernel_size": 3}}, (8, 9, 2), (6, 7, 4)),
        ({"conv2d": {"filters": 4, "kernel_size": [1, 5], "strides": [2, 1]}}, (8, 9, 2), (4, 5, 4)),
        ({"conv2d": {"filters": 4, "strides": 2, "padding": "same"}}, (7, 8, 2), (4, 4, 4)),
        ({"conv2d": {"filters": 4, "strides": 2, "padding": 1}}, (7, 8, 2), (4, 4, 4)),
        ("max_pool2d", (7, 8, 2), (3, 4, 2)),
        ({"max_pool2d": {"padding": "same"}}, (7, 8, 2), (4, 4, 2)),
        ({"avg_pool2d": {"pool_size": 3, "strides": 1}}, (7, 8, 2), (5, 6, 2)),
        ({"avg_pool2d": [2, 3]}, (7, 9, 2), (3, 3, 2)),
        ("batch_norm", (7, 8, 2), (7, 8, 2)),
        ("gelu", (7, 8, 2), (7, 8, 2)),
    ],
)
def test_output_shapes(layer, shape, output):
    assert network(layer, *END, shape=shape).nodes[0].output_shape == output


def test_pooling_over_all_and_flatten():
    assert network("global_avg_pool2d", {"dense": 10}, shape=(5, 6, 3)).nodes[0].output_shape == (3,)
    assert network(*END, shape=(5, 6, 3)).nodes[0].output_shape == (90,)


def test_parameters_by_hand():
    sizes = [256, 256, 128, "outputs"]
    assert network("flatten", *({"dense": size} for size in sizes)).num_parameters == 300_938
    conv = network({"conv2d": {"filters": 4, "kernel_size": [3, 5]}}, *END, shape=(8, 8, 2))
    assert conv.parameters["conv2d_1/kernel"].shape == (3, 5, 2, 4)
    assert conv.num_parameters == 3 * 5 * 2 * 4 + 4 + 6 * 4 * 4 * 10 + 10
    bare = network("flatten", {"dense": {"units": 10, "use_bias": False}})
    assert list(bare.parameters) == ["dense_1/kernel"]


def test_moving_statistics_are_no_parameters():
    found = network(
        {"conv2d": {"filters": 4, "use_bias": False}}, "batch_norm", "flatten", {"dense": 10}, shape=(3, 3, 1)
    )
    norm = {name: value for name, value in found.parameters.items() if name.startswith("batch_norm_1/")}
    assert {name.split("/")[1]: value.trainable for name, value in norm.items()} == {
        "gamma": True,
        "beta": True,
        "moving_mean": False,
        "moving_variance": False,
    }
    assert found.num_parameters == 9 * 4 + 2 * 4 + 4 * 10 + 10


@pytest.mark.parametrize(
    ("layer", "flops"),
    [
        ({"conv2d": {"filters": 5, "use_bias": False}}, 2 * 9 * 2 * 5 * 4 * 4),
        ({"conv2d": {"filters": 5}}, (2 * 9 * 2 + 1) * 5 * 4 * 4),
        ("max_pool2d", 4 * 3 * 3 * 2),
        ("relu", 72),
        ("batch_norm", 144),
        ({"dropout": 0.5}, 0),
    ],
)
def test_flops_by_hand(layer, flops):
    alone = network(*END, shape=(6, 6, 2)).flops
    assert alone == (2 * 72 + 1) * 10
    found = network(layer, *END, shape=(6, 6, 2))
    assert found.flops - found.nodes[-1].layer.flops(found.nodes[-1].input_shape) == flops
    assert network("global_avg_pool2d", {"dense": 10}, shape=(6, 6, 2)).flops == 72 + 5 * 10
