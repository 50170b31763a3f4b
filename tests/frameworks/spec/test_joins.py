"""Joins of branches and repeats: shapes, places, names, and what a vector lists behind them."""

from __future__ import annotations

import re

import pytest

from frameworks.spec import SpecError, parse
from frameworks.spec.parse import MOST

END = ["flatten", {"dense": "outputs"}]


def network(*spec, shape=(8, 8, 2), outputs=10):
    return parse(list(spec), input_shape=shape, outputs=outputs)


def conv(filters=2, **given):
    return {"conv2d": {"filters": filters, "padding": 1, **given}}


def test_a_residual_block_in_order_of_computation():
    found = network({"add": [[], [conv(), "relu", conv()]]}, "relu", *END)
    names = ["conv2d_1", "relu_1", "conv2d_2", "add_1", "relu_2", "flatten_1", "dense_1"]
    assert [node.name for node in found.nodes] == names
    assert [node.name for node in found.chain] == ["add_1", "relu_2", "flatten_1", "dense_1"]
    join = found.chain[0]
    assert [[node.name for node in branch] for branch in join.branches] == [[], ["conv2d_1", "relu_1", "conv2d_2"]]
    assert found.joins == (join,)
    assert (join.input_shape, join.output_shape) == ((8, 8, 2), (8, 8, 2))
    assert list(found.parameters)[:2] == ["conv2d_1/kernel", "conv2d_1/bias"]
    assert found.num_parameters == 2 * (9 * 2 * 2 + 2) + 128 * 10 + 10


@pytest.mark.parametrize(
    ("join", "output"),
    [
        ({"add": [[], [conv()], []]}, (8, 8, 2)),
        ({"concat": [[], [conv(3)], [conv(4)]]}, (8, 8, 9)),
        ({"concat": [["flatten"], ["global_avg_pool2d", {"dense": 3}]]}, (131,)),
        ({"multiply": [[], ["global_avg_pool2d"]]}, (8, 8, 2)),
        ({"multiply": [["global_avg_pool2d", {"reshape": [1, 1, -1]}], []]}, (8, 8, 2)),
        ({"multiply": [["global_avg_pool2d"], ["global_avg_pool2d", "sigmoid"]]}, (2,)),
        ({"add": {"branches": [[], []], "name": "twice"}}, (8, 8, 2)),
    ],
)
def test_shapes(join, output):
    found = network(join, *END).chain[0]
    assert found.output_shape == output


WRONG = [
    ({"add": [[], [conv(3)]]}, "model.layers[0].add: adds branches that end in one shape, got (8, 8, 2) and (8, 8, 3)"),
    ({"concat": [[], ["flatten"]]}, "model.layers[0].concat: joins vectors, or images of one height and width, got"),
    ({"multiply": [[], [conv(3)]]}, "multiplies branches that end in one shape, or in (H, W, C) and (C,) or (1, 1, C)"),
    ({"multiply": [[], ["flatten"]]}, "model.layers[0].multiply: multiplies branches"),
    ({"add": [[]]}, "model.layers[0].add: must be a list of two branches or more, as in [[], [{dense: 8}, relu]]"),
    ("add", "model.layers[0].add: must be a list of two branches or more"),
    ({"add": [[], "relu"]}, "model.layers[0].add[1]: must be a list of layers, got 'relu'"),
    ({"add": [[], {"relu": None}]}, "model.layers[0].add[1]: must be a list of layers"),
    ({"add": [[], ["relu", "rlu"]]}, "model.layers[0].add[1][1]: there is no layer 'rlu'; did you mean 'relu'?"),
    ({"add": [[], ["flatten", conv()]]}, "model.layers[0].add[1][1].conv2d: needs an image (H, W, C), got (128,) from"),
    ({"add": [["flatten", conv()], []]}, "from layers[0].add[0][0].flatten"),
    ({"add": [[{"dense": 3}], []]}, "add[0][0].dense: needs a vector (N,), got (8, 8, 2) from the dataset"),
    ({"add": {"branches": [[], []], "way": 1}}, "model.layers[0].add.way: no such parameter"),
    ({"add": {"branches": [[], []], "weights": {}}}, "model.layers[0].add.weights: add has none"),
    ({"repeat": 3}, "model.layers[0].repeat.layers: must be a list of layers with at least one"),
    ({"repeat": {"layers": ["relu"]}}, "model.layers[0].repeat.times=None: must be a whole number above 0"),
    ({"repeat": {"times": 0, "layers": ["relu"]}}, "model.layers[0].repeat.times=0: must be a whole number above 0"),
    ({"repeat": {"times": True, "layers": ["relu"]}}, "repeat.times=True: must be a whole number above 0"),
    ({"repeat": {"times": 2, "layers": "relu"}}, "model.layers[0].repeat.layers: must be a list of layers, got 'relu'"),
    ({"repeat": {"times": 2, "layers": ["relu"], "count": 1}}, "model.layers[0].repeat.count: no such parameter"),
    ({"repeat": {"times": 2, "layers": ["relu"], "name": "r"}}, "model.layers[0].repeat.name: is a layer's own"),
    ({"repeat": {"times": 9, "layers": ["max_pool2d"]}},
     "model.layers[0].repeat.layers[0].max_pool2d: a window of (2, 2) does not fit an image of (1, 1, 2) (padded to "
     "(1, 1)) from layers[0].repeat.layers[0].max_pool2d (in round 4 of model.layers[0].repeat)"),
    ({"repeat": {"times": 10**9, "layers": ["relu"]}}, f"the network has more than {MOST:,} layers"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "message"), WRONG, ids=[message[-40:] for _, message in WRONG])
def test_a_mistake_is_named_with_its_place(item, message):
    with pytest.raises(SpecError, match=re.escape(message)) as error:
        network(item, *END)
    assert str(error.value).startswith("model.layers[0]")
    assert "\n" not in str(error.value)


def test_a_repeat_is_what_it_spells_out():
    block = [{"add": [[], [conv(use_bias=False), "batch_norm"]]}, "relu"]
    short, long = network({"repeat": {"times": 3, "layers": block}}, *END), network(*block, *block, *block, *END)
    assert [(node.name, node.layer) for node in short.nodes] == [(node.name, node.layer) for node in long.nodes]
    assert short.nodes[0].place == "model.layers[0].repeat.layers[0].add[1][0].conv2d"
    assert short.initial_weights(0).keys() == long.initial_weights(0).keys()


def test_a_name_within_repeats_counts_their_rounds():
    inner = {"repeat": {"times": 2, "layers": [conv(name="inner")]}}
    found = network({"repeat": {"times": 2, "layers": [inner, conv(name="outer")]}}, *END)
    names = [node.name for node in found.nodes[:6]]
    assert names == ["inner_1_1", "inner_1_2", "outer_1", "inner_2_1", "inner_2_2", "outer_2"]
    with pytest.raises(SpecError, match=r"^model\.layers\[1\]\.conv2d\.name=a_2: model\.layers\[0\]\.repeat\.layers"):
        network({"repeat": {"times": 2, "layers": [conv(name="a")]}}, conv(name="a_2"), *END)


def test_names_are_one_s_own_across_branches():
    with pytest.raises(SpecError, match=r"add\[1\]\[0\]\.conv2d\.name=a: model\.layers\[0\]\.add\[0\]\[0\]\.conv"):
        network({"add": [[conv(name="a")], [conv(name="a")]]}, *END)


def test_freezing_a_join_or_a_repeat_freezes_what_is_within():
    found = network({"add": {"branches": [[], [conv(), "batch_norm"]], "trainable": False}}, *END)
    assert found.num_parameters == 128 * 10 + 10
    assert not any(value.trainable for name, value in found.parameters.items() if not name.startswith("dense"))
    frozen = {"repeat": {"times": 2, "trainable": False, "layers": [conv(trainable=True)]}}
    assert network(frozen, *END).num_parameters == 128 * 10 + 10
    with pytest.raises(SpecError, match=r"^model\.layers: nothing to train: every layer with weights has trainable"):
        network("flatten", {"dense": {"units": "outputs", "trainable": False}})


IMAGE, OTHER = (8, 8, 2), (6, 6, 3)


def behind(*spec):
    """Return what the input of the last dense layer lists."""
    return network(*spec, {"dense": "outputs"}).nodes[-1].flattened


def test_what_vectors_list_behind_joins():
    valid = [{"conv2d": 3}, "flatten"]
    assert behind({"concat": [["flatten"], valid]}) == (IMAGE, OTHER)
    assert behind({"concat": [["global_avg_pool2d"], valid, ["global_avg_pool2d", {"dense": 5}]]}) == (
        (2,),
        OTHER,
        (5,),
    )
    assert behind({"concat": [["global_avg_pool2d"], ["global_avg_pool2d"], ["flatten"]]}) == ((4,), IMAGE)
    assert behind({"concat": [["global_avg_pool2d"], ["global_avg_pool2d", "relu"]]}) == ()
    assert behind({"add": [["flatten"], ["relu", "flatten"]]}) == (IMAGE,)
    assert behind({"add": [["flatten"], [{"reshape": [4, 4, 8]}, "flatten"]]}) == (), "brought into the spec's order"
    assert behind({"multiply": [["flatten"], ["flatten", "sigmoid"]]}) == (IMAGE,)
    assert behind("flatten", {"concat": [[], ["relu"]]}, "batch_norm") == (IMAGE, IMAGE)
    assert behind("flatten", {"concat": [[], [{"dense": 128}]]}) == (IMAGE, (128,))


def test_what_a_reshape_lists():
    assert behind({"reshape": [-1]}) == (IMAGE,)
    assert behind("flatten", {"reshape": [128]}) == (IMAGE,)
    assert behind("flatten", {"reshape": [8, 8, 2]}, "flatten") == (IMAGE,)
    assert behind({"reshape": [1, 1, 128]}, "flatten") == (), "one pixel: every order is the same"
    assert behind({"reshape": [64, 2, 1]}, "flatten") == (), "one channel: so it is too"


def test_changed_reaches_every_branch():
    found = network({"add": [[], [{"dropout": 0.5}, {"add": [[], [{"dropout": 0.1}]]}]]}, *END)
    assert found.random_layers() == ["dropout_1", "dropout_2"]
    seen = []
    same = found.changed(lambda node: seen.append(node.name) or node)
    assert sorted(seen) == sorted(node.name for node in found.nodes)
    assert same == found
