"""Weights that a spec gives: in place, from a layer's file, from a whole model's."""

from __future__ import annotations

import re

import numpy as np
import pytest
from safetensors.numpy import save_file

from frameworks.spec import SpecError, given, parse


def network(dense, **conv):
    layers = [{"conv2d": {"filters": 2, "kernel_size": 1, **conv}}, "flatten", {"dense": {"units": "outputs", **dense}}]
    return parse(layers, input_shape=(1, 2, 1), outputs=3)


def test_numbers_in_place_are_float32_by_canonical_name():
    kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12.5]]
    found = given.weights(network({"weights": {"kernel": kernel}}))
    assert list(found) == ["dense_1/kernel"]
    assert found["dense_1/kernel"].dtype == np.float32
    np.testing.assert_array_equal(found["dense_1/kernel"], kernel)
    assert given.weights(network({})) == {}


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_layer_s_file_has_the_layer_s_own_names(tmp_path, ending):
    path = tmp_path / f"dense.{ending}"
    arrays = {"kernel": np.arange(12.0).reshape(4, 3), "bias": np.ones(3)}
    if ending == "npz":
        np.savez(path, **arrays)
    else:
        save_file(arrays, path)
    found = given.weights(network({"weights": str(path)}))
    assert sorted(found) == ["dense_1/bias", "dense_1/kernel"]
    np.testing.assert_array_equal(found["dense_1/kernel"], arrays["kernel"])


def test_a_whole_model_s_file_and_a_layer_that_knows_better(tmp_path):
    path = str(tmp_path / "weights.safetensors")
    whole = network({}).initial_weights(5)
    save_file(whole, path)
    found = given.weights(network({"weights": {"bias": [1, 2, 3]}}), path)
    assert found.keys() == whole.keys()
    np.testing.assert_array_equal(found["dense_1/bias"], [1, 2, 3])
    np.testing.assert_array_equal(found["conv2d_1/kernel"], whole["conv2d_1/kernel"])


PLACE = "model.layers[2].dense.weights"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"kernal": [[1]]}, f"{PLACE}.kernal: dense has no such weights; did you mean 'kernel'?"),
        ({"gamma": [1]}, f"{PLACE}.gamma: dense has no such weights (there are: kernel, bias)"),
        ({"bias": [1, 2]}, f"{PLACE}.bias: 'dense_1/bias' has the shape (2,), and this model's has (3,)"),
        ({"kernel": [[1, 2, 3]]}, f"{PLACE}.kernel: 'dense_1/kernel' has the shape (1, 3), and this model's has ("),
        ({"bias": 3}, f"{PLACE}.bias: 'dense_1/bias' is one number, and this model's has (3,)"),
        ({"bias": [1, [2], 3]}, f"{PLACE}.bias: must be numbers in rows of one length"),
        ({"bias": ["a", "b", "c"]}, f"{PLACE}.bias: 'dense_1/bias' must be numbers"),
        ({"bias": [True, False, True]}, f"{PLACE}.bias: 'dense_1/bias' must be numbers"),
        ({"bias": [1, 2, float("nan")]}, f"{PLACE}.bias: 'dense_1/bias' has a value that is not finite as float32"),
        ({"bias": [1, 1e39, float("nan")]}, f"{PLACE}.bias: 'dense_1/bias' has values that are not finite as float32"),
        ({"bias": [1, 2, 1e39]}, f"{PLACE}.bias: 'dense_1/bias' has a value that is not finite as float32"),
        ("none.npz", f"{PLACE}=none.npz: there is no such file"),
        ("dense.pt", f"{PLACE}=dense.pt: must be a file that ends in .safetensors or .npz"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(weights, message):
    with pytest.raises(SpecError, match=re.escape(message)) as refused:
        given.weights(network({"weights": weights}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"relu": {"weights": {"kernel": 1}}}, "model.layers[0].relu.weights: relu has none"),
        ({"dense": {"units": 2, "weights": 3}}, "model.layers[0].dense.weights=3: must be a file, or numbers by name"),
        ({"dense": {"units": 2, "trainable": 1}}, "model.layers[0].dense.trainable=1: must be true or false"),
    ],
)
def test_what_is_no_weights_is_refused_where_it_is_read(layer, message):
    with pytest.raises(SpecError, match=f"^{re.escape(message)}"):
        parse([layer, {"dense": 2}], input_shape=(3,), outputs=2)


def test_what_does_not_fit_in_a_layer_s_own_file_is_named_with_the_file(tmp_path):
    path = str(tmp_path / "k.npz")
    for key, message in (
        ("bias", "'dense_1/bias' has the shape (2,), and this model's has (3,)"),
        ("dense_1/kernal", "has 'dense_1/kernal': dense has no such weights; did you mean 'kernel'?"),
    ):
        np.savez(path, **{key: np.zeros(2)})
        with pytest.raises(SpecError, match=f"^{re.escape(f'{PLACE}={path}: {message}')}$"):
            given.weights(network({"weights": path}))


def test_an_image_s_kernel_is_told_its_axes():
    layer = {"conv2d": {"filters": 2, "weights": {"kernel": [[1, 2, 3]] * 3}}}
    with pytest.raises(SpecError, match=r"has the shape \(3, 3\), and .* \(3, 3, 1, 2\) \(height, width, in, out; "):
        given.weights(parse([layer, "flatten", {"dense": 2}], input_shape=(8, 8, 1), outputs=2))


@pytest.mark.parametrize("content", [b"junk", b"", b"PK junk"])
def test_junk_is_called_so_without_a_library_s_advice(tmp_path, content):
    path = tmp_path / "k.npz"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=r"cannot be read \(not an \.npz of plain numbers\)$"):
        given.weights(network({"weights": str(path)}))


def test_a_whole_model_s_file_must_be_of_this_model(tmp_path):
    path = str(tmp_path / "weights.safetensors")
    whole = network({}).initial_weights(5)
    save_file({key: value for key, value in whole.items() if key != "dense_1/bias"}, path)
    with pytest.raises(SpecError, match=r"has no 'dense_1/bias' \(1 of the model's 4 tensors are missing\)$"):
        given.weights(network({}), path)
    assert given.weights(network({"weights": {"bias": [0, 0, 0]}}), path).keys() == whole.keys(), "given by the layer"
    save_file(whole | {"dense_2/bias": whole["dense_1/bias"]}, path)
    with pytest.raises(SpecError, match=r"has 'dense_2/bias', which is not in this model; did you mean 'dense_1/bias'"):
        given.weights(network({}), path)
    save_file(whole | {"dense_1/bias": np.zeros(4)}, path)
    with pytest.raises(SpecError, match=r"'dense_1/bias' has the shape \(4,\), and this model's has \(3,\)$"):
        given.weights(network({}), path)


def test_nothing_is_unpickled_and_a_broken_file_is_said_to_be(tmp_path):
    pickled, broken, half = (tmp_path / name for name in ("a.npz", "b.safetensors", "c.npz"))
    np.savez(pickled, bias=np.array([print, 1, 2], dtype=object))
    broken.write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    half.write_bytes(pickled.read_bytes()[:40])
    for path in (pickled, broken, half):
        with pytest.raises(SpecError, match=rf"^model\.layers\[2\]\.dense\.weights={path}: cannot be read \(.+\)$"):
            given.weights(network({"weights": str(path)}))
