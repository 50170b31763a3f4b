"""Splits: complete, disjoint, stratified, the same for ever."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import datasets
from bench.datasets import cache
from bench.datasets.prepared import About, Made, Prepared
from bench.datasets.splits import apportion, whole
from bench.errors import RequestError


def digest(splits: datasets.Splits) -> str:
    parts = (splits.train, splits.val, splits.test)
    return hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()[:16]


def make(y, *, classes: int, official=None, groups=None) -> Prepared:
    """Prepare samples without features, of the labels or targets `y`."""
    y = np.asarray(y)
    about = About(
        name="toy",
        title="A toy",
        source="this test",
        synthetic=True,
        task="classification" if classes else "regression",
        classes=tuple("abcdefgh"[:classes]),
        official=official,
        value_range=None,
        licence="none",
        citation="",
    )
    made = Made(x=np.zeros((len(y), 1), np.float32), y=y, about=about, groups=groups)
    identity = {"y": y.tolist(), "official": official, "groups": None if groups is None else groups.tolist()}
    identity["classes"] = classes
    return cache.prepared("toy", identity, lambda _folder: made)


def chosen(**changes):
    return {"val_split": 0.25, "test_split": 0.2, "split_seed": 0, **changes}


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


@pytest.fixture
def people() -> Prepared:
    """900 samples in three classes, of people with 1 to 12 samples each, often in several classes."""
    draw = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), draw.integers(1, 13, 300))[:900]
    return make(draw.choice(3, 900, p=[0.2, 0.5, 0.3]).astype(np.int32), classes=3, groups=groups.astype(np.int32))


@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_never_divided_and_classes_stay_in_proportion(people, seed):
    splits = datasets.split(people, chosen(split_seed=seed))
    groups, labels = people.groups(), people.arrays()[1]
    assert groups is not None
    parts = (splits.train, splits.val, splits.test)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(900))
    sides = [set(groups[part]) for part in parts]
    assert sum(map(len, sides)) == len(set(groups))
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert (np.diff(part) > 0).all()
        assert np.abs(np.bincount(labels[part]) - share * np.bincount(labels)).max() <= 3
    # Not the large ones first, nor the small ones: each side has people of all kinds.
    mean = [len(part) / len(side) for part, side in zip(parts, sides, strict=True)]
    assert max(mean) < 1.5 * min(mean)


def test_a_split_by_groups_never_changes(people):
    assert digest(datasets.split(people, chosen())) == "a8e6727d9bc73123"


def test_groups_of_one_are_split_as_samples_are():
    y = (np.arange(500) % 7 % 3).astype(np.int32)
    alone = make(y, classes=3, groups=np.arange(500, dtype=np.int32))
    assert digest(datasets.split(alone, chosen())) == digest(datasets.split(make(y, classes=3), chosen()))


def test_the_overlap_that_was_avoided_is_told(people):
    groups = people.groups()
    assert groups is not None
    by_group, by_sample = (datasets.split(people, chosen(split_by=how)) for how in ("group", "sample"))
    sides = [set(groups[part]) for part in (by_sample.train, by_sample.val, by_sample.test)]
    divided = sum(sum(group in side for side in sides) > 1 for group in set(groups))
    assert divided > 50
    count = f"{divided} of {len(set(groups))} groups"
    assert by_group.facts == {
        "overlap avoided": f"a split by sample would have had {count} on two sides; here none is divided"
    }
    assert by_sample.facts == {"overlap": f"split by sample: {count} are on two sides, which flatters the scores"}
    without = make(people.arrays()[1], classes=3)
    assert digest(by_sample) == digest(datasets.split(without, chosen())) != digest(by_group)
    assert datasets.split(without, chosen()).facts == {}


def test_groups_across_official_sets_are_told_and_left():
    y = np.tile(np.arange(2, dtype=np.int32), 30)
    groups = np.r_[np.repeat(np.arange(20), 2), np.arange(5), np.arange(100, 115)].astype(np.int32)
    made = make(y, classes=2, official=(40, 10, 10), groups=groups)
    splits = datasets.split(made, chosen(resplit=False))
    assert [part.tolist() for part in (splits.train, splits.val, splits.test)] == [
        list(range(40)),
        list(range(40, 50)),
        list(range(50, 60)),
    ]
    assert splits.facts == {
        "official overlap": "5 of 35 groups have samples in more than one of the official sets, which are taken as "
        "they are"
    }
    pooled = datasets.split(made, chosen(resplit=True))
    sides = [set(groups[part]) for part in (pooled.train, pooled.val, pooled.test)]
    assert sum(map(len, sides)) == 35
    assert "official overlap" not in pooled.facts


def test_an_official_set_that_is_missing_is_taken_from_train():
    y = np.tile(np.arange(2, dtype=np.int32), 30)
    for official, sizes in (((40, 0, 20), (30, 10, 20)), ((40, 20, 0), (32, 20, 8)), ((60, 0, 0), (36, 12, 12))):
        splits = datasets.split(make(y, classes=2, official=official), chosen(resplit=False))
        assert (len(splits.train), len(splits.val), len(splits.test)) == sizes
        everything = np.concatenate([splits.train, splits.val, splits.test])
        assert np.array_equal(np.sort(everything), np.arange(60))
        if official[1]:
            assert splits.val.tolist() == list(range(40, 60))


def test_a_subset_keeps_a_part_of_each_class(people):
    full = datasets.split(people, chosen())
    part = datasets.split(people, chosen(subset={"train": 0.2, "val": 0.5, "test": None}))
    assert np.array_equal(part.test, full.test)
    groups = people.groups()
    assert groups is not None
    for name, share in (("train", 0.2), ("val", 0.5)):
        kept, everything = getattr(part, name), getattr(full, name)
        assert set(kept) < set(everything)
        assert np.abs(np.array(part.counts[name]) - share * np.array(full.counts[name])).max() <= 3
        assert np.isin(groups[everything], groups[kept]).sum() == len(kept), "whole groups"
    smaller, larger = (datasets.split(people, chosen(split_by="sample", subset={"train": k})) for k in (0.1, 0.2))
    assert set(smaller.train) < set(larger.train)
    with pytest.raises(RequestError, match=r"dataset\.subset=\{val: 0\.0001\}: leaves no val sample"):
        datasets.split(people, chosen(subset={"val": 0.0001}))


def test_weights_are_balanced_in_the_training_split(people):
    splits = datasets.split(people, chosen(subset={"train": 0.3}))
    weights, counts = np.array(splits.class_weights), np.array(splits.counts["train"])
    assert np.allclose(weights * counts, counts.sum() / 3)
    missing = make(np.r_[np.zeros(50), np.ones(20)].astype(np.int32), classes=3)
    assert datasets.split(missing, chosen()).class_weights[2] == 0


def test_a_regression_has_no_strata():
    targets = np.linspace(-1, 1, 100).astype(np.float32)
    splits = datasets.split(make(targets, classes=0), chosen())
    assert splits.counts == {"train": (60,), "val": (20,), "test": (20,)}
    assert splits.class_weights == ()
    assert digest(splits) == digest(datasets.split(make(np.zeros(100, np.int32), classes=1), chosen()))


def test_groups_come_as_near_as_they_can():
    def take(sizes, wanted, part):
        return whole(np.array(sizes), np.arange(len(sizes)), np.array(wanted), Fraction(part)).tolist()

    assert take([[10, 0], [0, 10], [10, 0], [0, 10]], [10, 10], "1/2").count(True) == 2
    assert take([[9, 9], [1, 0], [0, 1], [1, 0], [0, 1]], [2, 2], "1/5") == [False, True, True, True, True]
    assert take([[9, 9], [1, 0], [0, 1], [1, 0], [0, 1]], [1, 1], "1/11") == [False, True, True, False, False]
    assert take([[9, 9]], [4, 4], "4/9") == [False]
    assert take([[9, 9], [2, 2]], [9, 9], "9/11") == [True, False], "the larger one is moved at last"


def test_groups_too_large_to_divide_are_refused():
    one = make(np.tile(np.arange(2, dtype=np.int32), 20), classes=2, groups=np.zeros(40, np.int32))
    with pytest.raises(RequestError, match=r"leaves no .* sample of the 40 samples in toy, whose groups stay whole"):
        datasets.split(one, chosen())
