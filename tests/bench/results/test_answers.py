"""What predictions amount to, and how far answers are apart."""

from __future__ import annotations

import numpy as np
import pytest

from bench.results import answers


def test_predictions_become_answers():
    several = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], np.float32)
    assert answers.answers(several, "classification").tolist() == [1, 0]
    assert answers.answers(np.array([[0.4], [0.5], [0.6]], np.float32), "binary").tolist() == [0, 0, 1]
    values = answers.answers(np.array([[1.5], [2.0]], np.float32), "regression")
    assert values.tolist() == [1.5, 2.0]
    assert values.dtype == np.float64


def classes(*rows):
    return {repeat: np.array(row) for repeat, row in enumerate(rows)}


def test_seeds_are_every_pair_of_repeats():
    found = answers.seeds("tf", classes([0, 1, 2], [0, 1, 1], [1, 0, 2]))
    assert (found.one, found.other, found.values) == ("tf", "tf", (1.0, 2.0, 3.0))
    assert found.mean == 2.0
    assert answers.seeds("tf", classes([0, 1, 2])) is None


def test_contenders_are_held_against_each_other_in_shared_repeats_alone():
    found = {"tf": classes([0, 1], [1, 1], [2, 2]), "torch": {2: np.array([2, 0]), 0: np.array([0, 1])}}
    assert answers.contenders("tf", "torch", found).values == (0.0, 1.0)
    assert answers.contenders("tf", "torch", {"tf": classes([0]), "torch": {1: np.array([0])}}) is None


def test_values_are_apart_by_their_mean_absolute_difference():
    found = answers.seeds("tf", classes([1.0, 2.0], [1.5, 0.5]))
    assert found.values == (1.0,)


def test_the_most_disputed_samples_come_first():
    tf, torch = classes([0, 0, 0, 0], [0, 0, 0, 0]), classes([0, 1, 0, 1], [0, 0, 1, 1])
    assert answers.disputed({"tf": tf, "torch": torch}).tolist() == [3, 1, 2]


def test_what_differs_between_repeats_alone_is_not_disputed():
    same = classes([0, 1], [1, 0])
    assert answers.disputed({"tf": same, "torch": same}).tolist() == []
    assert answers.disputed({"tf": same}).tolist() == []
    assert answers.disputed({}).tolist() == []


def test_three_contenders_disagree_where_one_does():
    found = {name: classes([0, int(name == "c")]) for name in "abc"}
    assert answers.disputed(found).tolist() == [1]


@pytest.mark.parametrize("shape", [(3, 2), (0, 2)])
def test_no_sample_is_no_mistake(shape):
    assert answers.answers(np.zeros(shape, np.float32), "classification").shape == shape[:1]
