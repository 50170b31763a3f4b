"""The layers that one framework or both have not as the spec means them, in float64: the rooms agree."""

from __future__ import annotations

import numpy as np
import pytest

JUDGE = 1e-12
END = ["flatten", {"dense": "outputs"}]
CONV = {"conv2d": {"filters": 3, "kernel_size": 1}}


def agree(side_by_side, made):
    """Return what Keras computes, where PyTorch computes the same."""
    tf, torch = side_by_side.both("layers", made, precision="float64").values()
    network = made.network()
    error, where = torch.furthest(tf, network.idle_shifts())
    assert error <= JUDGE, where
    assert torch.values["loss"] == pytest.approx(tf.values["loss"], rel=JUDGE)
    for answer in (tf, torch):
        assert answer.values["num_parameters"] == network.num_parameters
        assert all(answer.values["identical"].values())
        for node in network.nodes:
            assert answer.arrays[f"outputs/{node.name}"].shape[1:] == node.output_shape
    return tf


def depthwise(**given):
    return [CONV, {"depthwise_conv2d": given}, *END]


CHAINS = {
    "depthwise": depthwise(),
    "depthwise with a multiplier": depthwise(depth_multiplier=3),
    "depthwise, strided same": depthwise(kernel_size=3, strides=2, padding="same", depth_multiplier=2),
    "depthwise, padded": depthwise(kernel_size=[3, 2], strides=2, padding=[[1, 1], [0, 1]], use_bias=False),
    "depthwise, even": depthwise(kernel_size=4, padding="same"),
    "max pool, padded": [CONV, {"max_pool2d": {"pool_size": 3, "strides": 2, "padding": 1}}, *END],
    "max pool, padded unevenly": [CONV, {"max_pool2d": {"pool_size": 3, "padding": [[0, 2], [2, 1]]}}, *END],
    "max pool, padded at the end": [CONV, {"max_pool2d": {"pool_size": 2, "padding": [[0, 1], [0, 1]]}}, *END],
    "avg pool, padded": [CONV, {"avg_pool2d": {"pool_size": 3, "strides": 2, "padding": 1}}, *END],
    "avg pool, padded unevenly": [CONV, {"avg_pool2d": {"pool_size": [3, 4], "padding": [[0, 2], [3, 1]]}}, *END],
    "avg pool, padded at the end": [CONV, {"avg_pool2d": {"pool_size": 2, "padding": [[0, 1], [0, 1]]}}, *END],
    "layer norm of an image": [CONV, "layer_norm", "relu", *END],
    "layer norm of a vector": ["flatten", {"dense": 5}, {"layer_norm": {"epsilon": 1e-5}}, {"dense": "outputs"}],
    "layer norm behind flatten": [{"conv2d": 3}, "flatten", "layer_norm", {"dense": "outputs"}],
    "zeros around": [CONV, {"zero_pad2d": 2}, {"zero_pad2d": [[0, 1], [2, 0]]}, "max_pool2d", *END],
    "rescale": [{"rescale": 2.5}, CONV, {"rescale": {"scale": [1.0, -2.0, 0.3], "offset": 0.1}}, *END],
    "normalize": [{"normalize": {"mean": [0.1, -0.2], "variance": [0.5, 0.1]}}, CONV, *END],
    "normalize a vector": [
        {"conv2d": {"filters": 2, "kernel_size": [6, 5]}}, "flatten",
        {"normalize": {"mean": [0.1, -0.2, 0.3, 0.4, 0.5, 0.6], "variance": 0.1}}, {"dense": "outputs"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_layers(side_by_side, job, name):
    agree(side_by_side, job(layers=CHAINS[name], random_weights=True))


SIZES = [[6, 7], [12, 14], [9, 5], [3, 3], [1, 1], [7, 20], [13, 11], [5, 6], [2, 17], [30, 29]]


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_resize_to_many_sizes(side_by_side, job, interpolation):
    branches = [[{"resize": {"size": size, "interpolation": interpolation}}, "flatten"] for size in SIZES]
    agree(side_by_side, job(layers=[CONV, {"concat": branches}, {"dense": "outputs"}]))


def test_resize_in_float32_is_what_the_gate_judges(side_by_side, job):
    """There Keras takes TensorFlow's own kernel, and in float64 the same written out."""
    branches = [[{"resize": size}, "flatten"] for size in SIZES]
    made = job(layers=[CONV, {"concat": branches}, {"dense": "outputs"}])
    exact = side_by_side.ask("tf", "layers", made, precision="float64")
    for answer in side_by_side.both("layers", made, precision="float32").values():
        assert 1e-12 < answer.furthest(exact)[0] <= 2e-6


def test_resize_by_hand(side_by_side, job):
    """A row of three pixels in six: a pixel's centre counts, and the outermost are as they are."""
    layers = [{"resize": [1, 6]}, {"resize": {"size": [1, 3], "interpolation": "nearest"}}, *END]
    tf = agree(side_by_side, job(layers=layers, shape=(1, 3, 1), scale=[1.0], offset=[0.0]))
    pixels = job(layers=layers, shape=(1, 3, 1)).images()[0][:8, 0, :, 0].astype(float)
    a, b, c = pixels.T
    wide = np.stack([a, 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b, 0.75 * b + 0.25 * c, 0.25 * b + 0.75 * c, c], axis=1)
    np.testing.assert_allclose(tf.arrays["outputs/resize_1"][:, 0, :, 0], wide, rtol=1e-12)
    np.testing.assert_allclose(tf.arrays["outputs/resize_2"][:, 0, :, 0], wide[:, 1::2], rtol=1e-12)


def test_a_depthwise_kernel_by_hand(side_by_side, job):
    """Output channel c * multiplier + j is channel c under kernel [:, :, c, j]."""
    made = job(layers=[{"depthwise_conv2d": {"kernel_size": 1, "depth_multiplier": 3}}, *END], shape=(2, 2, 2))
    made.weights = made.initial() | {
        "depthwise_conv2d_1/kernel": np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3),
        "depthwise_conv2d_1/bias": np.zeros(6, np.float32),
    }
    outputs = agree(side_by_side, made).arrays["outputs/depthwise_conv2d_1"]
    x = made.images()[0][:8] / 255 - 0.5
    np.testing.assert_allclose(outputs, np.repeat(x, 3, axis=-1) * np.arange(6.0), rtol=1e-12)


FROZEN = [
    CONV, {"batch_norm": {"trainable": False}}, "relu", {"conv2d": {"filters": 2, "trainable": False}}, "flatten",
    {"batch_norm": {"trainable": False, "name": "still"}}, {"dense": "outputs"},
]  # fmt: skip


@pytest.mark.parametrize("api", ["auto", "subclass"])
def test_frozen_layers_stay_and_frozen_statistics_are_used(side_by_side, job, api):
    made = job(layers=FROZEN, count=16, random_weights=True, settings={"api": api})
    agree(side_by_side, made)
    options = {"precision": "float64", "trace": True, "clocked": True, "twin": True}
    tf, torch = side_by_side.both("train", made, **options).values()
    assert torch.furthest(tf)[0] <= 1e-9
    for name, value in made.initial().items():
        moved = not np.array_equal(tf.arrays[f"weights/1/{name}"], value)
        assert moved == name.startswith(("conv2d_1/", "dense_1/")), name


def test_moving_statistics_follow_from_what_was_given(side_by_side, job):
    """The twin of a room with unbiased variances begins where the weights begin, not at 1."""
    made = job(layers=[CONV, "batch_norm", "relu", *END], count=16, random_weights=True)
    options = {"precision": "float64", "trace": True, "clocked": False, "twin": True}
    tf, torch = side_by_side.both("train", made, **options).values()
    name = "weights/1/batch_norm_1/moving_variance"
    np.testing.assert_allclose(torch.arrays[name], tf.arrays[name], rtol=1e-9)


TREE = [
    {"conv2d": {"filters": 4, "padding": 1}}, {"add": [[], ["batch_norm", "relu", {"dropout": 0.5}]]}, "flatten",
    {"dense": 6}, "batch_norm", {"dense": "outputs"},
]  # fmt: skip
CHAIN = [{"conv2d": {"filters": 4, "padding": 1}}, "batch_norm", "relu", {"dropout": 0.5}, *END]


@pytest.mark.parametrize("pipeline", ["memory", "device"])
@pytest.mark.parametrize(("layers", "apis"), [(CHAIN, ["functional", "subclass"]), (TREE, ["subclass"])])
def test_keras_s_ways_to_write_a_model_are_one_model(side_by_side, job, layers, apis, pipeline):
    """Trained with dropout and batch norm, after the compute clock: the same weights and logits, to the bit."""
    options = {"precision": "float32", "trace": True, "clocked": True, "twin": False}

    def trained(api):
        made = job(layers=layers, count=16, pipeline={"name": pipeline, "workers": None}, settings={"api": api})
        return side_by_side.ask("tf", "train", made, **options)

    auto = trained("auto")
    for api in apis:
        other = trained(api)
        assert other.arrays.keys() == auto.arrays.keys()
        for name, value in auto.arrays.items():
            np.testing.assert_array_equal(other.arrays[name], value, err_msg=f"{api} {name}")
