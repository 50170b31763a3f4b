from __future__ import annotations

import pytest

from bench.results import content
from bench.results.schema import Results

CONFIG = {
    "model": {"name": "mlp", "layers": ["flatten", {"dense": {"units": 5}}]},
    "train": {"epochs": 10, "target": None, "class_weight": []},
    "dataset": {"root": "/here", "split": 0.2},
    "measure": {"repeats": 5},
}


def test_leaves_are_named_by_their_place():
    assert content.flat(CONFIG) == {
        "model.layers[0]": "flatten",
        "model.layers[1].dense.units": 5,
        "dataset.split": 0.2,
        "train.epochs": 10,
        "train.class_weight": [],
    }


@pytest.mark.parametrize(
    ("part", "key", "value", "said"),
    [
        ("train", "epochs", 5, ["train.epochs 5 against 10"]),
        ("dataset", "split", 0.3, ["dataset.split 0.3 against 0.2"]),
        ("train", "new", "x" * 100, [f"train.new {'x' * 39}… against –"]),
        ("train", "target", 0.9, []),
        ("dataset", "root", "/there", []),
        ("measure", "repeats", 3, []),
    ],
)
def test_only_what_makes_it_other_work_is_told(part, key, value, said):
    config = CONFIG | {part: CONFIG[part] | {key: value}}
    assert content.differences(Results(config=config), Results(config=CONFIG)) == said


def test_many_differences_are_counted():
    config = {"train": {str(number): number for number in range(9)}}
    assert content.why(Results(config=config), Results()).endswith("train.4 4 against – and 4 more")


def test_a_configuration_without_end_comes_to_one():
    deep: dict = {}
    for _ in range(3000):
        deep = {"train": deep}
    assert len(content.flat(deep)) == 1
