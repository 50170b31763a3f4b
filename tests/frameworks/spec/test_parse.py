from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.spec import SpecError, parse
from frameworks.spec.layers import Conv2D
from frameworks.spec.parse import LAYERS


def network(*spec, shape=(8, 8, 1), outputs=10):
    return parse(list(spec), input_shape=shape, outputs=outputs)


def conv(**given):
    return {"conv2d": {"filters": 2, **given}}


WRONG = [
    ([], "model.layers: must be a list of layers with at least one"),
    ("flatten", "model.layers: must be a list of layers with at least one"),
    ({"flatten": None}, "model.layers: must be a list of layers with at least one"),
    ([3], "model.layers[0]: must be a layer's name or 'name: {parameters}', got 3"),
    ([{"flatten": None, "relu": None}], "model.layers[0]: must be a layer's name or 'name: {parameters}'"),
    (
        [{"dense": "outputs", "trainable": False}],
        "model.layers[0]: write trainable inside: dense: {units: outputs, trainable: false}",
    ),
    ([{"dense": {"units": 3}, "name": "a"}], "model.layers[0]: write name inside: dense: {…, name: a}"),
    ([{"relu": None, "name": "a"}], "model.layers[0]: write name inside: relu: {name: a}"),
    (["flatten", {"dense": {"units": 3, "activation": "relu"}}], "dense.activation: write relu as the next layer"),
    (["flatten", {"dense": "output"}], "dense.units=output: must be a whole number, or outputs"),
    ([{"normalize": {"mean": [1, 2], "variance": 1}}], "has 2 numbers: give 1 for (8, 8, 1) from the dataset"),
    (["flaten"], "model.layers[0]: there is no layer 'flaten'; did you mean 'flatten'?"),
    ([{3: 4}], "model.layers[0]: there is no layer '3' (there are: "),
    (["zzz"], "(there are: "),
    ([{"flatten": 3}], "model.layers[0].flatten: takes no value, got 3"),
    (["flatten", "dense"], "model.layers[1].dense: needs units, as in 'dense: {units: …}'"),
    (["flatten", {"dense": None}], "model.layers[1].dense: needs units"),
    ([{"dense": {"unit": 3}}], "model.layers[0].dense.unit: no such parameter; did you mean 'units'?"),
    ([{"dense": {1: 3}}], "model.layers[0].dense.1: no such parameter (there are: units, "),
    ([{"dense": "many"}], "model.layers[0].dense.units=many: must be a whole number"),
    ([{"dense": True}], "model.layers[0].dense.units=True: must be a whole number"),
    ([{"dense": 1.5}], "model.layers[0].dense.units=1.5: must be a whole number"),
    ([{"dense": 0}], "model.layers[0].dense: units=0: must be above 0"),
    ([conv(filters="outputs")], "model.layers[0].conv2d.filters=outputs: must be a whole number"),
    ([conv(filters=-1)], "model.layers[0].conv2d: filters=-1: must be above 0"),
    ([conv(kernel_size=0)], "conv2d.kernel_size=0: must be a positive integer or a pair of them"),
    ([conv(strides=[1, 2, 3])], "conv2d.strides=[1, 2, 3]: must be a positive integer or a pair of them"),
    ([conv(padding="sme")], "conv2d.padding=sme: must be valid, same, an integer, or [[top, bottom], [left, right]]"),
    ([conv(padding=[[1, -1], [0, 0]])], "conv2d.padding=[[1, -1], [0, 0]]: must be valid, same"),
    ([conv(use_bias=1)], "conv2d.use_bias=1: must be true or false"),
    ([conv(kernel_initializer=3)], "conv2d.kernel_initializer=3: must be a word"),
    ([conv(bias_initializer="he")], "conv2d: there is no initialiser 'he' (there are: zeros, ones, glorot_uniform"),
    ([{"max_pool2d": {"padding": -1}}], "model.layers[0].max_pool2d.padding=-1: must be valid, same, an integer, or"),
    ([{"dropout": 1}], "model.layers[0].dropout: rate=1.0: must be at least 0 and below 1"),
    ([{"dropout": "half"}], "model.layers[0].dropout.rate=half: must be a number"),
    ([{"dropout": float("nan")}], "model.layers[0].dropout.rate=nan: must be a number"),
    ([{"dropout": float("inf")}], "model.layers[0].dropout.rate=inf: must be a number"),
    ([{"batch_norm": 1.0}], "model.layers[0].batch_norm: momentum=1.0: must be at least 0 and below 1"),
    ([{"batch_norm": {"epsilon": 0}}], "model.layers[0].batch_norm: epsilon=0.0: must be above 0"),
    (
        ["flatten", {"dense": 10**12}, {"dense": 10}],
        "layers[1].dense: has 65,000,000,000,000 weights, and a network",
    ),
    ([{"dense": 10}], "model.layers[0].dense: needs a vector (N,), got (8, 8, 1) from the dataset; put flatten or"),
    ([conv(), {"dense": 10}], "model.layers[1].dense: needs a vector (N,), got (6, 6, 2) from layers[0].conv2d; put"),
    (["flatten", conv()], "model.layers[1].conv2d: needs an image (H, W, C), got (64,) from layers[0].flatten"),
    (["flatten", "max_pool2d"], "model.layers[1].max_pool2d: needs an image (H, W, C), got (64,) from layers[0]"),
    (["flatten", "global_avg_pool2d"], "model.layers[1].global_avg_pool2d: needs an image (H, W, C), got (64,)"),
    ([conv(kernel_size=9)], "conv2d: a window of (9, 9) does not fit an image of (8, 8, 1) (padded to (8, 8)) from"),
    ([conv(name="a/b")], "model.layers[0].conv2d.name=a/b: must be a word of letters, digits, '_' and '-'"),
    ([conv(name="my layer")], "conv2d.name=my layer: must be a word of letters, digits"),
    ([conv(name="ü")], "conv2d.name=ü: must be a word of letters, digits"),
    ([conv(name="input.scale")], "conv2d.name=input.scale: must be a word of letters, digits"),
    ([conv(name="")], "conv2d.name=: must be a word of letters, digits"),
    ([conv(name=3)], "conv2d.name=3: must be a word of letters, digits"),
    (
        [conv(name="a"), conv(name="a")],
        "model.layers[1].conv2d.name=a: model.layers[0].conv2d has this name already; take another",
    ),
    ([conv(name="conv2d_2"), conv()], "model.layers[0].conv2d.name=conv2d_2: is the name of model.layers[1].conv2d"),
    (["flatten", {"dense": 3}], "model.layers[1].dense: the network ends in (3,), the dataset asks for (10,): end it"),
    (["relu"], "model.layers[0].relu: the network ends in (8, 8, 1), the dataset asks for (10,)"),
    (["flatten", {"dense": 10}, "sigmoid"], "model.layers[2].sigmoid: the loss of this task is taken on logits"),
]


@pytest.mark.parametrize(("spec", "message"), WRONG, ids=[message[-40:] for _, message in WRONG])
def test_a_mistake_is_named_with_its_place(spec, message):
    with pytest.raises(SpecError, match=re.escape(message)) as error:
        parse(spec, input_shape=(8, 8, 1), outputs=10)
    assert str(error.value).startswith("model.layers")


def test_nothing_to_train():
    with pytest.raises(SpecError, match=r"^model\.layers: nothing to train: no layer has weights$"):
        network("flatten", "relu", outputs=64)
    with pytest.raises(SpecError, match="nothing to train"):
        network("softmax", shape=(10,))


def test_names_count_each_kind_and_follow_the_user():
    found = network(conv(), "relu", conv(name="mine"), "relu", conv(), "flatten", {"dense": "outputs"})
    assert [node.name for node in found.nodes] == [
        "conv2d_1", "relu_1", "mine", "relu_2", "conv2d_3", "flatten_1", "dense_1",
    ]  # fmt: skip
    assert list(found.parameters)[:4] == ["conv2d_1/kernel", "conv2d_1/bias", "mine/kernel", "mine/bias"]
    assert found.nodes[2].place == "model.layers[2].conv2d"


def test_outputs_is_what_the_dataset_asks_for():
    assert network("flatten", {"dense": "outputs"}, outputs=7).nodes[-1].output_shape == (7,)
    assert network("flatten", {"dense": {"units": "outputs"}}, outputs=7).outputs == 7


def test_a_last_softmax_is_taken_off():
    plain, ended = network("flatten", {"dense": 10}), network("flatten", {"dense": 10}, "softmax")
    assert ended.probabilities
    assert not plain.probabilities
    assert ended.nodes == plain.nodes


def one_output(task, *end):
    return parse([{"dense": 4}, "tanh", {"dense": "outputs"}, *end], input_shape=(3,), outputs=1, task=task)


def test_a_last_sigmoid_of_a_binary_task_is_taken_off():
    plain, ended = one_output("binary"), one_output("binary", "sigmoid")
    assert (plain.probabilities, ended.probabilities) == (False, True)
    assert ended.nodes == plain.nodes


def test_a_last_sigmoid_of_a_regression_stays():
    assert [node.layer.kind for node in one_output("regression", "sigmoid").nodes][-1] == "sigmoid"
    assert not one_output("regression", "sigmoid").probabilities


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("binary", "model.layers[3].softmax: the loss of this task is taken on logits: end with sigmoid, or nothing"),
        ("regression", "model.layers[3].softmax: makes shares of 1, and a regression asks for a value: end without it"),
    ],
)
def test_a_softmax_over_one_output_is_refused(task, message):
    with pytest.raises(SpecError, match=f"^{re.escape(message)}$"):
        one_output(task, "softmax")


def test_a_vector_may_be_flattened_and_is_no_image():
    found = parse(["flatten", {"dense": "outputs"}], input_shape=(3,), outputs=1, task="regression")
    assert found.nodes[1].flattened == ()
    assert found.num_parameters == 4
    with pytest.raises(SpecError, match=r"^model\.layers\[0\]\.conv2d: needs an image \(H, W, C\), got \(3,\)"):
        parse([{"conv2d": 2}, "flatten", {"dense": 1}], input_shape=(3,), outputs=1, task="regression")


def test_ways_to_say_one_layer():
    layer = network({"conv2d": 4}, "flatten", {"dense": 10}).nodes[0].layer
    assert layer == network({"conv2d": {"filters": 4}}, "flatten", {"dense": 10}).nodes[0].layer
    assert layer == Conv2D(filters=4, kernel_size=(3, 3), strides=(1, 1), padding="valid", use_bias=True)
    assert network(conv(padding=1), "flatten", {"dense": 10}).nodes[0].layer.padding == ((1, 1), (1, 1))
    uneven = network(conv(padding=[[0, 1], [2, 3]]), "flatten", {"dense": 10}).nodes[0]
    assert uneven.layer.padding == ((0, 1), (2, 3))
    assert uneven.output_shape == (7, 11, 2)


def test_the_spec_is_left_as_it_was():
    spec = [{"conv2d": {"filters": 2, "name": "a"}}, "flatten", {"dense": 10}]
    network(*spec)
    assert spec[0] == {"conv2d": {"filters": 2, "name": "a"}}


def test_the_whole_vocabulary_is_there():
    assert set(LAYERS) == {
        "depthwise_conv2d", "layer_norm", "reshape", "rescale", "normalize", "resize", "zero_pad2d", "add", "concat",
        "multiply", "dense", "conv2d", "max_pool2d", "avg_pool2d", "global_avg_pool2d", "flatten", "dropout",
        "batch_norm", "relu", "relu6", "gelu", "silu", "sigmoid", "tanh", "softmax", "elu", "leaky_relu", "softplus",
    }  # fmt: skip


WORDS = st.sampled_from([*LAYERS, "flaten", ""])
NUMBERS = st.one_of(st.integers(-1, 6), st.floats(0, 2), st.none(), st.sampled_from(["same", "valid", "outputs", True]))
KEYS = st.sampled_from(["units", "filters", "kernel_size", "strides", "padding", "pool_size", "rate", "name", "alpha"])
GIVEN = st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3), st.dictionaries(KEYS, NUMBERS, max_size=3))
CHAINS = st.lists(st.one_of(WORDS, st.dictionaries(WORDS, GIVEN, min_size=1, max_size=1), NUMBERS), max_size=6)


@given(spec=CHAINS, tail=st.sampled_from([[], ["flatten", {"dense": "outputs"}], [{"dense": "outputs"}, "softmax"]]))
@settings(max_examples=400, deadline=None)
def test_any_chain_is_refused_or_consistent(spec, tail):
    try:
        found = network(*spec, *tail)
    except SpecError as error:
        assert str(error).startswith("model.layers")  # noqa: PT017  # either way is right
        return
    shape = found.input_shape
    for node in found.nodes:
        assert node.input_shape == shape
        shape = node.output_shape
        assert all(size > 0 for size in shape)
        assert node.layer.flops(node.input_shape) >= 0
    assert shape == (10,)
    assert len({node.name for node in found.nodes}) == len(found.nodes)
    assert all(min(value.shape) > 0 for value in found.parameters.values())
