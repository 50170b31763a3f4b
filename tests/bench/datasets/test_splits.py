"""Splits: complete, disjoint, stratified, the same for ever."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import datasets
from bench.datasets.splits import apportion
from bench.errors import RequestError


def digest(splits: datasets.Splits) -> str:
    parts = (splits.train, splits.val, splits.test)
    return hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()[:16]


@pytest.fixture
def digits(options):
    return datasets.prepare(options("digits"))


@pytest.fixture
def tiny(options, tiny_mnist):
    return datasets.prepare(options("mnist", root=str(tiny_mnist)))


def test_splits_are_complete_disjoint_and_ascending(digits, options):
    splits = datasets.split(digits, options("digits"))
    parts = (splits.train, splits.val, splits.test)
    assert [len(part) for part in parts] == [1150, 288, 359]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(1797))
    for part in parts:
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


def test_every_class_is_divided_in_the_same_proportion(digits, options):
    splits = datasets.split(digits, options("digits"))
    labels = digits.arrays()[1]
    whole = np.bincount(labels)
    for name, share in (("test", 0.2), ("val", 0.16), ("train", 0.64)):
        assert np.abs(np.array(splits.counts[name]) - share * whole).max() < 2
        assert splits.counts[name] == tuple(np.bincount(labels[getattr(splits, name)]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "4ebc9b97cb5f4942"),
        ({"split_seed": 1}, "9563325155b9ff4b"),
        ({"val_split": 0.5, "test_split": 0.1}, "96bc9a8bcc9cfec1"),
    ],
)
def test_splits_of_the_digits_never_change(digits, options, changes, expected):
    assert digest(datasets.split(digits, options("digits", **changes))) == expected


def test_splits_beside_an_official_test_set_never_change(tiny, options):
    splits = datasets.split(tiny, options("mnist"))
    assert (len(splits.train), len(splits.val)) == (60, 20)
    assert np.array_equal(splits.test, np.arange(80, 120))
    assert splits.counts["val"] == (2,) * 10
    assert digest(splits) == "48f26baa781998e7"


def test_the_test_samples_do_not_depend_on_the_validation_split(digits, options):
    first, second = (datasets.split(digits, options("digits", val_split=part)) for part in (0.1, 0.4))
    assert np.array_equal(first.test, second.test)
    other = datasets.split(digits, options("digits", split_seed=1))
    assert not np.array_equal(first.test, other.test)


def test_a_split_that_leaves_nothing_is_refused(tiny, options):
    with pytest.raises(RequestError, match=r"dataset\.val_split=0\.001.*leaves no val sample of the 120 samples"):
        datasets.split(tiny, options("mnist", val_split=0.001))
    with pytest.raises(RequestError, match="leaves no train sample"):
        datasets.split(tiny, options("mnist", val_split=0.999))


def test_the_largest_remainder_gets_what_is_left():
    assert apportion([10, 10, 10], Fraction(1, 4)) == [3, 3, 2]
    assert apportion([1, 5, 10], Fraction(1, 2)) == [1, 2, 5]
    assert apportion([0, 3], Fraction(1, 3)) == [0, 1]


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=12),
    st.fractions(Fraction(1, 1000), Fraction(999, 1000)),
)
def test_apportioning_is_fair_and_complete(counts, part):
    numbers = apportion(counts, part)
    assert abs(sum(numbers) - part * sum(counts)) <= Fraction(1, 2)
    for number, count in zip(numbers, counts, strict=True):
        assert 0 <= number <= count
        assert abs(number - part * count) < 1
