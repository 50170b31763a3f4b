from __future__ import annotations

import numpy as np
import pytest

from frameworks.reference import LOSSES, OPTIONS, batch_loss, softmax
from frameworks.reference.mistakes import named

RNG = np.random.default_rng(0)
MANY, CLASSES = RNG.normal(size=(6, 4)) * 2, np.array([0, 1, 2, 3, 0, 2])
ONE, TARGETS = RNG.normal(size=(6, 1)) * 2, RNG.normal(size=6)
WEIGHTS = np.array([1.0, 2.0, 0.5, 3.0, 1.0, 2.0])
CE = "sparse_categorical_crossentropy"


def options(name, **given):
    return {key: OPTIONS[key] for key in LOSSES[name].options} | given


@pytest.mark.parametrize(
    ("name", "given", "weights", "made", "words"),
    [
        (CE, {}, WEIGHTS, lambda o, w: batch_loss(CE, MANY, CLASSES, o, w) * 6 / w.sum(), "by the sum of the weights"),
        (CE, {}, WEIGHTS, lambda o, w: batch_loss(CE, MANY, CLASSES, o, w) * 6, "weighted losses, not divided"),
        (CE, {}, WEIGHTS, lambda o, w: batch_loss(CE, MANY, CLASSES, o), "the weights left out"),
        (CE, {}, None, lambda o, w: batch_loss(CE, MANY, CLASSES, o) * 6, "the sum of the losses, not divided"),
        (CE, {}, None, lambda o, w: batch_loss(CE, softmax(MANY), CLASSES, o), "a softmax taken twice"),
        (CE, {"label_smoothing": 0.2}, None, lambda o, w: batch_loss(CE, MANY, CLASSES), "label_smoothing left out"),
        ("huber", {"huber_delta": 0.5}, None, lambda o, w: batch_loss("huber", ONE, TARGETS, o) * 2, "by delta"),
        ("focal", {"focal_alpha": 0.25}, None, lambda o, w: batch_loss("focal", MANY, CLASSES), "focal_alpha left out"),
        ("mean_squared_error", {}, None, lambda o, w: np.square(ONE - TARGETS).mean(), "every output held against"),
    ],
)
def test_a_known_mistake_is_named(name, given, weights, made, words):
    given = options(name, **given)
    outputs, labels = (ONE, TARGETS) if LOSSES[name].tasks == ("regression",) else (MANY, CLASSES)
    assert words in named(made(given, weights), name, outputs, labels, given, weights)
    right = batch_loss(name, outputs, labels, given, weights)
    assert named(right, name, outputs, labels, given, weights) == ""
    assert named(right * (1 + 1e-8), name, outputs, labels, given, weights) == "", "a rounding error is no mistake"
    assert named(right * 1.2345, name, outputs, labels, given, weights) == ""


def test_smoothing_of_the_others_alone_is_named():
    smoothed = 0.8 * np.eye(4)[CLASSES] + (1 - np.eye(4)[CLASSES]) * 0.2 / 3
    found = -(smoothed * np.log(softmax(MANY))).sum(axis=1).mean()
    assert "ε/(K - 1) each" in named(found, CE, MANY, CLASSES, {"label_smoothing": 0.2}, None)


def test_nothing_is_named_without_a_finite_loss_or_where_no_weight_counts():
    assert named(float("nan"), CE, MANY, CLASSES, {"label_smoothing": 0.0}, None) == ""
    assert named(1.0, CE, MANY, CLASSES, {"label_smoothing": 0.0}, np.zeros(6)) == ""
