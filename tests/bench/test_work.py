from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from bench.work import Work
from frameworks.contract import Request


@pytest.fixture
def work(plan_of, tmp_path):
    return Work(plan_of("train.seed=7"), tmp_path / "work")


def test_contenders_of_a_repeat_get_the_same_work(work, tmp_path):
    tf, torch = (work.request("trial", item, 1, tmp_path / item.name) for item in work.plan.contenders)
    same = ("layers", "data", "weights", "optimizer", "loss", "train", "measure", "parity", "content")
    assert [name for name in same if getattr(tf, name) != getattr(torch, name)] == []
    assert (tf.backend, torch.backend, tf.train["seed"]) == ("tf", "torch", 8)
    assert tf.folder != torch.folder


def test_repeats_differ_in_seed_and_weights_alone(work, tmp_path):
    one, other = (work.request("trial", work.plan.contenders[0], repeat, tmp_path) for repeat in (0, 1))
    assert (one.train["seed"], other.train["seed"]) == (7, 8)
    first, second = load_file(one.weights), load_file(other.weights)
    assert not np.array_equal(first["dense_1/kernel"], second["dense_1/kernel"])
    assert one.content == other.content == work.plan.content()


def test_a_child_finds_all_it_needs(work, tmp_path):
    request = work.request("trial", work.plan.contenders[0], 0, tmp_path)
    again = Request.from_json(request.to_json())
    assert again == request
    index, (x, y) = again.samples.index("train"), again.samples.arrays()
    assert x[index].shape == (1150, 8, 8, 1)
    assert x.dtype == np.uint8
    assert y[index].shape == (1150,)
    assert set(load_file(request.weights)) == set(again.network().parameters)
