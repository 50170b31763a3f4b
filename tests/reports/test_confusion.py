"""Confusion matrices and the scores of each class, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from reports import confusion
from reports.answers import Answers

RNG = np.random.default_rng(3)


def known(labels, found, classes=4):
    names = [f"class {place}" for place in range(classes)]
    return Answers(task="classification", classes=names, labels=np.array(labels), found=found)


def test_counts_and_scores_are_those_of_scikit_learn():
    labels, said = RNG.integers(0, 4, 200), RNG.integers(0, 4, 200)
    matrix = confusion.count(labels, said, 4)
    assert (matrix == confusion_matrix(labels, said)).all()
    expected = precision_recall_fscore_support(labels, said)[:3]
    assert confusion.mean_scores([matrix]) == pytest.approx(np.array(expected))


def test_what_has_no_value_is_a_dash_and_in_no_mean():
    named, never = np.array([0, 0, 1]), np.array([0, 0, 0])
    found = confusion.view(known([0, 0, 1], {"a": {0: named, 1: never}, "b": {0: never}}, classes=3))
    precision = [row.scores[:2] for row in found.table]
    assert [[value.replace("\u202f", " ") for value in row] for row in precision] == [
        ["83.3 %", "66.7 %"],
        ["100.0 %", "–"],
        ["–", "–"],
    ]
    recall = [row.scores[2:4] for row in found.table]
    assert recall[1][0].startswith("50.0"), "a class that was there and not found counts as nothing found"
    assert recall[2] == ["–", "–"], "a class without samples"
    assert found.mean.scores[1].startswith("66.7"), "of the classes that have one"
    assert found.repeats == "1–2"


def test_matrices_are_means_over_repeats():
    found = confusion.view(known([0, 0, 1], {"a": {0: np.array([0, 0, 1]), 1: np.array([0, 1, 1])}}, classes=2))
    (matrix,) = found.matrices
    assert [[cell.words for cell in row] for row in matrix.rows] == [["1.5", "0.5"], ["", "1"]]
    assert [[cell.hit for cell in row] for row in matrix.rows] == [[True, False], [False, True]]
    assert matrix.rows[0][1].strength == pytest.approx(0.5), "the root of a quarter"


@pytest.mark.parametrize(
    ("value", "words"), [(0.25, "0.2"), (44, "44"), (99.5, "99.5"), (123.4, "123"), (56789, "57k")]
)
def test_counts_are_short(value, words):
    assert confusion.told(value) == words


def test_many_classes_have_their_mistakes_listed():
    labels = np.arange(60) % 30
    said = labels.copy()
    said[[5, 35, 7]] = [6, 6, 9]
    found = confusion.view(known(labels, {"a": {0: said}, "b": {0: labels}}, classes=30))
    assert found.matrices == []
    assert [(item.true, item.said, item.counts) for item in found.mistakes] == [
        ("class 5", "class 6", ["2", "0"]),
        ("class 7", "class 9", ["1", "0"]),
    ]
    assert len(found.table) == 30


def test_more_classes_than_anybody_counts_are_none():
    labels = np.arange(1001)
    assert confusion.view(known(labels, {"a": {0: labels}}, classes=1001)).order == []
    many = confusion.view(known(labels[:200], {"a": {0: labels[:200]}}, classes=200))
    assert (len(many.table), many.more, many.folded) == (100, 100, True)


def test_the_file_has_a_chart_of_each_matrix():
    found = confusion.view(known([0, 1], {"a": {0: np.array([0, 1])}, "<b>": {0: np.array([1, 1])}}, classes=2))
    charts = confusion.draw(found, {"a": 0, "<b>": 1}, "run-0", False)
    assert [chart.key for chart in charts] == ["confusion-0", "confusion-1"]
    assert "<b>" not in charts[1].svg
