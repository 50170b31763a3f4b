"""Every layer of the vocabulary, in float64: outputs, loss, gradients and logits of the rooms agree."""

from __future__ import annotations

import itertools

import pytest

JUDGE = 1e-12
"""Three orders below what the gate allows: correct pairs are that near."""
BEFORE = [{"conv2d": {"filters": 3, "kernel_size": 1}}]
AFTER = ["flatten", {"dense": "outputs"}]
SIZES = {"even": (6, 8), "odd": (7, 5), "mixed": (6, 7)}


def conv(size, **given):
    return pytest.param({"conv2d": {"filters": 3, **given}}, size, id=f"conv2d-{size}-{words(given)}")


def pool(kind, size, **given):
    return pytest.param({kind: given}, size, id=f"{kind}-{size}-{words(given)}")


def words(given):
    return "-".join(str(value).replace(" ", "") for value in given.values())


CONVOLUTIONS = [
    *(
        conv(size, kernel_size=kernel, strides=strides, padding="same")
        for kernel, strides, size in itertools.product((1, 2, 3, 4, 5), (1, 2), ("even", "odd"))
    ),
    *(
        conv("mixed", kernel_size=kernel, strides=strides)
        for kernel, strides in [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1)]
    ),
    conv("mixed", kernel_size=3, strides=2, padding=1),
    conv("mixed", kernel_size=3, strides=1, padding=0),
    conv("even", kernel_size=3, strides=2, padding=[[0, 1], [0, 1]]),
    conv("odd", kernel_size=2, strides=1, padding=[[0, 2], [3, 1]]),
    conv("mixed", kernel_size=[3, 2], strides=[1, 2], padding="same"),
    conv("mixed", kernel_size=[1, 4], strides=[2, 1], padding="same"),
    conv("mixed", kernel_size=3, use_bias=False),
]
POOLS = (
    [
        pool(kind, size, pool_size=window, strides=strides, padding=padding)
        for kind, window, strides, padding, size in itertools.product(
            ("max_pool2d", "avg_pool2d"), (2, 3), (None, 1, 2), ("same", "valid"), ("even", "odd")
        )
        if not (padding == "valid" and size == "even" and strides == 1)
    ]
    + [pool(kind, "mixed", pool_size=[2, 3], strides=[1, 2], padding="same") for kind in ("max_pool2d", "avg_pool2d")]
    + [pool(kind, "mixed", pool_size=4, strides=3, padding="same") for kind in ("max_pool2d", "avg_pool2d")]
)
ACTIVATIONS = [
    "relu", "relu6", "gelu", {"gelu": True}, "silu", "sigmoid", "tanh", "softmax", "elu", {"elu": 0.7},
    "leaky_relu", {"leaky_relu": 0.3}, "softplus",
]  # fmt: skip


def certify(side_by_side, made):
    tf, torch = side_by_side.both("layers", made, precision="float64").values()
    error, where = torch.furthest(tf, made.network().idle_shifts())
    assert error <= JUDGE, where
    assert torch.values["loss"] == pytest.approx(tf.values["loss"], rel=JUDGE)
    assert set(tf.under("outputs/")) == {node.name for node in made.network().nodes}
    assert len(tf.under("gradients/")) == sum(value.trainable for value in made.network().parameters.values())
    for answer in (tf, torch):
        assert answer.values["num_parameters"] == made.network().num_parameters
        assert all(answer.values["identical"].values())
    return tf


@pytest.mark.parametrize(("layer", "size"), CONVOLUTIONS + POOLS)
def test_windows(side_by_side, job, layer, size):
    made = job(layers=[*BEFORE, layer, *AFTER], shape=(*SIZES[size], 2), random_weights=True)
    outputs = certify(side_by_side, made).under("outputs/")
    for node in made.network().nodes:
        assert outputs[node.name].shape[1:] == node.output_shape


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=str)
def test_activations_on_images_and_vectors(side_by_side, job, layer):
    layers = [{"conv2d": {"filters": 3}}, layer, "flatten", {"dense": 5}, layer, {"dense": "outputs"}]
    certify(side_by_side, job(layers=layers))


@pytest.mark.parametrize("layer", ["softplus", "silu", "sigmoid", "tanh", "elu", "gelu"])
def test_activations_far_from_zero(side_by_side, job, layer):
    """Where implementations switch to an approximation: softplus of PyTorch is x above its threshold."""
    made = job(layers=["flatten", {"dense": 12}, layer, {"dense": "outputs"}])
    weights = made.initial()
    made.weights = weights | {"dense_1/kernel": weights["dense_1/kernel"] * 30}
    outputs = certify(side_by_side, made).under("outputs/")
    assert ((outputs["dense_1"] > 15) & (outputs["dense_1"] < 36)).any()


CHAINS = {
    "batch norm on an image": [*BEFORE, "batch_norm", "relu", *AFTER],
    "batch norm told its numbers": [*BEFORE, {"batch_norm": {"momentum": 0.8, "epsilon": 1e-5}}, *AFTER],
    "batch norm behind flatten": [{"conv2d": {"filters": 3}}, "flatten", "batch_norm", "relu", {"dense": "outputs"}],
    "flatten twice": [*BEFORE, "flatten", "flatten", "tanh", {"dense": "outputs"}],
    "softmax behind flatten": [*BEFORE, "flatten", "softmax", {"dense": "outputs"}],
    "square dense": ["flatten", {"dense": 84}, {"dense": 84}, {"dense": "outputs"}],
    "no bias": ["flatten", {"dense": {"units": "outputs", "use_bias": False}}],
    "dropout that drops nothing": [*BEFORE, {"dropout": 0}, "flatten", {"dropout": 0.0}, {"dense": "outputs"}],
    "last softmax": [*BEFORE, *AFTER, "softmax"],
    "dense behind the global mean": [*BEFORE, "global_avg_pool2d", {"dense": "outputs"}],
    "ends in the global mean": [{"conv2d": {"filters": 3, "padding": "same"}}, "relu", "global_avg_pool2d"],
    "only batch norm learns": ["batch_norm", "global_avg_pool2d", {"dense": {"units": 3, "use_bias": False}}],
    "named like a room's own": [{"conv2d": {"filters": 2, "padding": 1, "name": "scale"}}, *AFTER],
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains(side_by_side, job, name):
    certify(side_by_side, job(layers=CHAINS[name], random_weights="batch norm" in name))


def test_a_network_that_ends_in_a_flattened_image(side_by_side, job):
    """Labels count the spec's order, height, width, channels: a channels-first room must not count its own."""
    certify(side_by_side, job(layers=[{"conv2d": 2}, "flatten"], shape=(4, 5, 2), outputs=12))
    certify(side_by_side, job(layers=[{"conv2d": 2}, "flatten", "batch_norm"], shape=(4, 5, 2), outputs=12))


def test_the_tolerance_would_catch_a_mistake(side_by_side, job):
    """The comparison itself can fail: another weight in one tensor, changed by one part in a million."""
    made = job(layers=[*BEFORE, "relu", *AFTER])
    other = job(layers=made.layers, weights=made.initial() | {"dense_1/bias": made.initial()["dense_1/bias"] + 1e-6})
    tf = side_by_side.ask("tf", "layers", made, precision="float64")
    torch = side_by_side.ask("torch", "layers", other, precision="float64")
    assert torch.furthest(tf)[0] > 1e-8


def test_gelu_is_keras_s_own_in_float32_to_the_bit(side_by_side, job):
    arrays = side_by_side.ask("tf", "keras_gelu", job(layers=AFTER)).arrays
    for form in ("exact", "tanh"):
        assert (arrays[f"{form}/ours"] == arrays[f"{form}/stock"]).all()
        assert (arrays[f"{form}/ours/gradient"] == arrays[f"{form}/stock/gradient"]).all()
    assert (arrays["exact/ours"] != arrays["tanh/ours"]).any()
