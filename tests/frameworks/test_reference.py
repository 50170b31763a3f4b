from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from frameworks.reference import (
    LOSSES,
    METRICS,
    TASKS,
    batch_loss,
    kappa,
    predictions,
    score,
    sigmoid,
    softmax,
)


def test_cross_entropy():
    loss = partial(batch_loss, "sparse_categorical_crossentropy")
    assert loss(np.zeros((2, 4)), np.array([0, 3])) == pytest.approx(math.log(4))
    logits = np.array([[1.0, 2.0, 3.0], [0.0, math.log(3), 0.0]])
    by_hand = (math.log(math.exp(1) + math.exp(2) + math.exp(3)) - 1 - math.log(3 / 5)) / 2
    assert loss(logits, np.array([0, 1])) == pytest.approx(by_hand, rel=1e-14)
    assert loss(logits + 1e6, np.array([0, 1])) == pytest.approx(by_hand, rel=1e-9)
    assert loss(np.array([[1000.0, 0.0]]), np.array([1])) == 1000.0  # a probability would be clipped to 0 here


def test_softmax():
    found = softmax(np.array([[0.0, math.log(3)], [1e4, 0.0]]))
    assert found == pytest.approx(np.array([[0.25, 0.75], [1.0, 0.0]]), abs=1e-15)


def test_score():
    logits = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0], [0.0, 2.0]], dtype=np.float32)
    found = score("classification", "sparse_categorical_crossentropy", logits, np.array([0, 1, 0, 0]))
    assert found["accuracy"] == 0.75
    assert found["loss"] == pytest.approx(math.log(1 + math.exp(-2)) + 2 / 4, rel=1e-14)


def test_binary_cross_entropy():
    loss = partial(batch_loss, "binary_crossentropy")
    assert loss(np.zeros((3, 1)), np.array([0, 1, 1])) == pytest.approx(math.log(2), rel=1e-15)
    by_hand = (-math.log(1 / (1 + math.exp(-2))) - math.log(1 - 1 / (1 + math.exp(-0.5)))) / 2
    assert loss(np.array([[2.0], [0.5]]), np.array([1, 0])) == pytest.approx(by_hand, rel=1e-14)
    # a probability would be clipped to 0 or overflow here
    assert loss(np.array([[1000.0], [-1000.0]]), np.array([0, 1])) == 1000.0
    assert loss(np.array([[1000.0], [-1000.0]]), np.array([1, 0])) == 0.0


def test_binary_cross_entropy_is_the_one_of_two_classes():
    logits = np.random.default_rng(0).normal(size=(9, 1)) * 5
    labels = np.arange(9) % 2
    both = np.hstack([np.zeros((9, 1)), logits])
    one, two = (partial(batch_loss, name) for name in ("binary_crossentropy", "sparse_categorical_crossentropy"))
    assert one(logits, labels) == pytest.approx(two(both, labels), rel=1e-14)
    assert score("binary", "binary_crossentropy", logits, labels)["accuracy"] == (both.argmax(1) == labels).mean()


def test_mean_squared_error():
    loss = partial(batch_loss, "mean_squared_error")
    assert loss(np.array([[1.0], [4.0]]), np.array([2.0, 1.0])) == (1 + 9) / 2


@pytest.mark.parametrize(("task", "loss"), [("binary", "binary_crossentropy"), ("regression", "mean_squared_error")])
@pytest.mark.parametrize("shapes", [((4,), (4,)), ((4, 1), (4, 1)), ((4, 1), (1,)), ((1, 4), (4,)), ((4, 2), (4,))])
def test_other_shapes_are_no_loss(task, loss, shapes):
    outputs, labels = (np.ones(shape) for shape in shapes)
    for function in (LOSSES[loss].each, partial(score, task, loss)):
        with pytest.raises(ValueError, match="one output and one label for each sample"):
            function(outputs, labels)


def test_sigmoid():
    assert sigmoid(np.array([0.0, math.log(3), -math.log(3)])) == pytest.approx([0.5, 0.75, 0.25], abs=1e-15)
    with np.errstate(all="raise", under="ignore"):
        assert sigmoid(np.array([1e4, -1e4])).tolist() == [1.0, 0.0]


def test_score_of_one_logit_is_cut_at_0():
    logits = np.array([[0.3], [-0.1], [0.6], [-3.0]], dtype=np.float32)
    assert score("binary", "binary_crossentropy", logits, np.array([1, 1, 1, 0]))["accuracy"] == 0.75
    assert score("binary", "binary_crossentropy", np.zeros((2, 1)), np.array([0, 1]))["accuracy"] == 0.5


def test_score_of_a_regression():
    found = score("regression", "mean_squared_error", np.array([[1.0], [4.0]], dtype=np.float32), np.array([2.0, 1.0]))
    assert found == {"loss": 5.0, "mae": 2.0}


def test_predictions():
    logits = np.array([[0.0, math.log(3)]])
    assert predictions("classification", logits) == pytest.approx(softmax(logits))
    assert predictions("binary", logits[:, 1:]) == pytest.approx(np.array([[0.75]]))
    assert predictions("regression", logits[:, 1:]).tolist() == [[math.log(3)]]


def test_every_task_has_a_loss_and_every_loss_a_metric():
    assert TASKS.keys() == METRICS.keys()
    labels = np.array([0, 1])
    for name, loss in LOSSES.items():
        for task in loss.tasks:
            outputs = np.zeros((2, 2 if task == "classification" else 1))
            assert score(task, name, outputs, labels).keys() - {"kappa"} == {"loss", METRICS[task]}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_kappa_is_cohen_s(seed, classes):
    from sklearn.metrics import cohen_kappa_score

    generator = np.random.default_rng([seed, classes])
    labels = generator.choice(classes, 200, p=generator.dirichlet(np.ones(classes)))
    found = np.where(generator.random(200) < 0.3 * seed, generator.integers(0, classes, 200), labels)
    assert kappa(found, labels) == pytest.approx(cohen_kappa_score(found, labels), abs=1e-12)


def test_kappa_of_one_class():
    one, two = np.zeros(4, dtype=np.int64), np.array([0, 0, 0, 1])
    assert kappa(one, one) is None, "chance agrees always: nothing is said"
    assert kappa(one, two) == kappa(two, one) == 0.0, "the largest class every time is worth nothing"
    assert kappa(one, one + 1) == 0.0
    assert kappa(two, two) == 1.0
    assert kappa(1 - two, two) < 0
    assert "kappa" not in score("binary", "binary_crossentropy", -np.ones((3, 1)), np.zeros(3, dtype=np.int64))


def test_score_has_the_kappa_of_its_classes():
    from sklearn.metrics import cohen_kappa_score

    logits = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, 60)
    found = score("classification", "sparse_categorical_crossentropy", logits, labels)["kappa"]
    assert found == pytest.approx(cohen_kappa_score(logits.argmax(1), labels))
    found = score("binary", "binary_crossentropy", logits[:, :1], labels > 0)["kappa"]
    assert found == pytest.approx(cohen_kappa_score(logits[:, 0] > 0, labels > 0))
