"""What a model begins with: its part in the plan's content, in the work's files, and in the request's checks."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bench.errors import RequestError
from bench.work import Work

LINEAR = "model.layers=[flatten,{dense:{units:outputs,weights:{bias:[0,1,2,3,4,5,6,7,8,9]}}}]"


def weights_of(plan, folder, repeat=0):
    work = Work(plan, folder)
    return load_file(work.request("parity", plan.contenders[0], repeat, folder / "child").weights)


def test_numbers_in_place_are_the_work_and_begin_it(plan_of, tmp_path):
    plain, given = plan_of("model=linear"), plan_of(LINEAR)
    assert given.content() != plain.content()
    assert plan_of(LINEAR.replace("8,9", "9,8")).content() != given.content()
    begun, other = weights_of(given, tmp_path / "a"), weights_of(plain, tmp_path / "b")
    np.testing.assert_array_equal(begun["dense_1/bias"], np.arange(10))
    np.testing.assert_array_equal(begun["dense_1/kernel"], other["dense_1/kernel"])
    again = weights_of(given, tmp_path / "a", repeat=1)
    np.testing.assert_array_equal(again["dense_1/bias"], np.arange(10))
    assert (again["dense_1/kernel"] != begun["dense_1/kernel"]).any(), "the seed still makes what nobody gave"


def test_what_a_file_holds_counts_and_not_its_path(plan_of, tmp_path):
    whole = plan_of("model=linear").network.initial_weights(7)
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
    for path, by in zip(paths, (1, 1, 2), strict=True):
        save_file({name: value * np.float32(by) for name, value in whole.items()}, path)
    contents = [plan_of("model=linear", f"model.weights={path}").content() for path in paths]
    assert contents[0] == contents[1]
    assert len({*contents, plan_of("model=linear").content()}) == 3
    begun = weights_of(plan_of("model=linear", f"model.weights={paths[0]}"), tmp_path / "work")
    for name, value in whole.items():
        np.testing.assert_array_equal(begun[name], value)


def test_a_layer_s_file_counts_by_what_it_holds_too(plan_of, tmp_path):
    def content(name, value):
        np.savez(tmp_path / name, bias=np.full(10, value))
        return plan_of(f"model.layers=[flatten,{{dense:{{units:outputs,weights:{tmp_path / name}}}}}]").content()

    assert content("a.npz", 1.0) == content("b.npz", 1.0) != content("c.npz", 2.0)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("model.weights=none.safetensors", "model.weights=none.safetensors: there is no such file"),
        ("model.weights=conf", "model.weights=conf: must be a file that ends in .safetensors or .npz"),
        (LINEAR.replace("8,9", "8"), "model.layers[1].dense.weights.bias: 'dense_1/bias' has the shape (9,), and this"),
        (
            "frameworks.tf.api=sequential model.layers=[{add:[[],[relu]]},flatten,{dense:outputs}]",
            "frameworks.tf.api=sequential: a Sequential is one chain, and model.layers[0].add joins branches; take",
        ),
        (
            "frameworks.tf.api=sequental",
            "frameworks.tf.api=sequental: must be auto, sequential, functional or subclass",
        ),
        ("plant=gelu_tanh", "plant=gelu_tanh: shows with a gelu that is exact only"),
        ("plant=frozen_batch_norm model=cnn", "plant=frozen_batch_norm: shows with a batch_norm with trainable: false"),
        ("plant=depthwise_order model=mobilenet_v2", "shows with a depthwise_conv2d with a depth_multiplier above 1"),
        ("plant=flatten_order", "shows with a layer with weights behind a flattened image of several channels only"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_key(plan_of, said, message):
    with pytest.raises(RequestError) as refused:
        plan_of(*said.split())
    assert str(refused.value).startswith(message) or message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_sequential_may_be_asked_for_where_the_spec_is_a_chain(plan_of):
    plan = plan_of("frameworks.tf.api=sequential")
    assert plan.config["frameworks"]["tf"]["api"] == "sequential"
    assert plan.content() == plan_of().content(), "how a framework is told is no part of the work"


def test_a_batch_of_one_does_not_harm_a_frozen_batch_norm(plan_of):
    norm = "{batch_norm:{trainable:false}}"
    said = [f"model.layers=[flatten,{norm},{{dense:outputs}}]", "train.batch_size=383", "train.drop_last=false"]
    assert plan_of(*said)
    with pytest.raises(RequestError, match="leaves a last batch of one sample"):
        plan_of(said[0].replace("false", "true"), *said[1:])
