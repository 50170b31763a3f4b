"""The losses in numpy: against numbers worked out by hand, and against scikit-learn and each other."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench import config
from frameworks.reference import LOSSES, OPTIONS, TASKS, batch_loss, combined_weights, sigmoid, softmax

CROSSENTROPIES = ["sparse_categorical_crossentropy", "categorical_crossentropy"]


def each(name, outputs, labels, **options):
    return LOSSES[name].each(np.array(outputs, dtype=float), np.array(labels), **options)


@pytest.mark.parametrize("name", CROSSENTROPIES)
def test_label_smoothing_spreads_a_share_over_all_classes(name):
    logits, labels = [[1.0, 2.0, 3.0], [0.0, math.log(3), 0.0]], [0, 1]
    q = 0.7 * np.eye(3)[labels] + 0.3 / 3
    expected = -(q * np.log(softmax(np.array(logits)))).sum(axis=1)
    assert each(name, logits, labels, label_smoothing=0.3) == pytest.approx(expected, rel=1e-14)
    assert each(name, logits, labels) == pytest.approx(-np.log(softmax(np.array(logits))[[0, 1], labels]), rel=1e-14)
    assert each(name, [[1000.0, 0.0]], [1], label_smoothing=0.5).tolist() == [750.0], "nothing is clipped"


def test_two_classes_are_smoothed_towards_one_half():
    logits, labels = np.array([[2.0], [-0.5], [800.0]]), np.array([1, 0, 1])
    found = each("binary_crossentropy", logits, labels, label_smoothing=0.2)
    both = np.hstack([np.zeros((3, 1)), logits])
    assert found == pytest.approx(each("categorical_crossentropy", both, labels, label_smoothing=0.2), rel=1e-14)
    assert found[2] == pytest.approx(80.0)


@pytest.mark.parametrize("alpha", [None, 0.25])
def test_focal_is_lin_s(alpha):
    """FL(p) = -α (1 - p)^γ log p, equation 5; α of class 1, 1 - α of class 0."""
    logits, labels = np.array([[2.0], [-0.5], [0.3]]), np.array([1, 1, 0])
    p = np.where(labels == 1, sigmoid(logits[:, 0]), 1 - sigmoid(logits[:, 0]))
    factor = 1.0 if alpha is None else np.array([0.25, 0.25, 0.75])
    found = each("focal", logits, labels, focal_gamma=1.5, focal_alpha=alpha)
    assert found == pytest.approx(-factor * (1 - p) ** 1.5 * np.log(p), rel=1e-13)
    many = np.random.default_rng(0).normal(size=(5, 4)) * 3
    p = softmax(many)[np.arange(5), [0, 1, 2, 3, 0]]
    found = each("focal", many, [0, 1, 2, 3, 0], focal_gamma=2.0, focal_alpha=alpha)
    assert found == pytest.approx(-(alpha or 1.0) * (1 - p) ** 2 * np.log(p), rel=1e-12)


def test_focal_without_focus_is_the_cross_entropy_and_two_classes_are_one_logit():
    logits, labels = np.random.default_rng(1).normal(size=(6, 3)) * 4, np.arange(6) % 3
    plain = each("sparse_categorical_crossentropy", logits, labels)
    assert each("focal", logits, labels, focal_gamma=0.0) == pytest.approx(plain, rel=1e-12)
    one, two = logits[:, :1], np.hstack([np.zeros((6, 1)), logits[:, :1]])
    assert each("focal", one, labels % 2) == pytest.approx(each("focal", two, labels % 2), rel=1e-12)


def test_focal_of_a_network_that_is_sure():
    """1 - p would be 0, and its logarithm's derivative nothing."""
    found = each("focal", [[60.0], [-60.0]], [1, 1], focal_gamma=0.5)
    assert found == pytest.approx([math.exp(-90), 60.0], rel=1e-12)


def test_regressions():
    outputs, targets = [[1.0], [4.0], [2.0]], [2.0, 1.0, 2.25]
    assert each("mean_squared_error", outputs, targets).tolist() == [1.0, 9.0, 0.0625]
    assert each("mean_absolute_error", outputs, targets).tolist() == [1.0, 3.0, 0.25]
    assert each("huber", outputs, targets).tolist() == [0.5, 2.5, 0.03125]
    assert each("huber", outputs, targets, huber_delta=2.0).tolist() == [0.5, 4.0, 0.03125]


def test_the_reduction_is_the_sum_of_weighted_losses_over_the_batch_s_size():
    outputs, targets = np.array([[1.0], [4.0]]), np.array([2.0, 1.0])
    assert batch_loss("mean_squared_error", outputs, targets) == 5.0
    assert batch_loss("mean_squared_error", outputs, targets, {}, np.array([1.0, 3.0])) == 14.0
    assert batch_loss("huber", outputs, targets, {"huber_delta": 2.0}) == 2.25
    assert batch_loss("mean_squared_error", outputs, targets, {}, np.zeros(2)) == 0.0


def test_weights_of_classes_and_samples_multiply():
    labels, own = np.array([0, 2, 2]), np.array([1.0, 0.5, 2.0], dtype=np.float32)
    assert combined_weights(labels, [], None) is None
    assert combined_weights(labels, [1.0, 5.0, 3.0], None).tolist() == [1.0, 3.0, 3.0]
    assert combined_weights(labels, [], own).tolist() == own.tolist()
    assert combined_weights(labels, [1.0, 5.0, 3.0], own).tolist() == [1.0, 1.5, 6.0]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_takes_what_it_says(name):
    loss = LOSSES[name]
    outputs = np.array([[0.5], [-1.0]]) if "classification" not in loss.tasks else np.array([[0.5, 1.0], [-1.0, 2.0]])
    other = {"label_smoothing": 0.25, "focal_gamma": 1.0, "focal_alpha": 0.75, "huber_delta": 0.125}
    plain = loss.each(outputs, np.array([0, 1]))
    assert plain.shape == (2,)
    defaults = {key: OPTIONS[key] for key in loss.options}
    assert (loss.each(outputs, np.array([0, 1]), **defaults) == plain).all(), "the defaults are the spec's"
    for key in loss.options:
        assert (loss.each(outputs, np.array([0, 1]), **{key: other[key]}) != plain).all(), key


def test_what_a_user_can_say_is_what_there_is():
    said = yaml.safe_load((Path(config.FOLDER) / "config.yaml").read_text())["train"]
    assert {key: said[key] for key in OPTIONS} == OPTIONS
    choices = {key: allowed for key, allowed, _ in config.limits()}
    assert set(choices["train.loss"]) == {"auto", *LOSSES}
    assert all(task in LOSSES[name].tasks for task, name in TASKS.items())
