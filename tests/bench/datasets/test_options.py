"""Every option that cannot be meant is refused with its dotted key, its value and the remedy."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from bench.datasets.options import choice, split_options
from bench.errors import RequestError

NAN = float("nan")


@pytest.mark.parametrize("value", [0, 1, 1.5, -0.1, NAN, None, True, "half", "0.2", [0.2]])
@pytest.mark.parametrize("key", ["val_split", "test_split"])
def test_a_fraction_lies_between_0_and_1(options, key, value):
    shown = "null" if value is None else str(value)
    message = rf"^dataset\.{key}={re.escape(shown)}: must be a fraction above 0 and below 1, such as 0\.2$"
    with pytest.raises(RequestError, match=message):
        split_options(options("digits", **{key: value}), name="digits", official_test=False)


def test_a_fraction_is_what_was_written(options):
    read = split_options(options("digits", val_split=0.1), name="digits", official_test=False)
    assert (read.val, read.test, read.seed) == (Fraction(1, 10), Fraction(1, 5), 0)


def test_an_official_test_set_takes_no_test_split(options):
    message = r"^dataset\.test_split=0\.1: mnist brings its own test set; leave dataset\.test_split=null$"
    with pytest.raises(RequestError, match=message):
        split_options(options("mnist", test_split=0.1), name="mnist", official_test=True)
    assert split_options(options("mnist"), name="mnist", official_test=True).test is None


@pytest.mark.parametrize("value", [-1, 0.5, "one", None, True])
def test_a_seed_is_a_whole_number(options, value):
    with pytest.raises(RequestError, match=r"^dataset\.split_seed=.*: must be a whole number from 0 up$"):
        split_options(options("digits", split_seed=value), name="digits", official_test=False)


def test_an_unknown_choice_gets_the_nearest_right_one(options):
    with pytest.raises(RequestError, match=r"^dataset\.source: there is no 'sintetic'; did you mean 'synthetic'"):
        choice(options("mnist", source="sintetic"), "source", ("official", "synthetic"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subset": 0.2}, r"^dataset\.subset=0\.2: must name splits, such as dataset\.subset\.train=0\.2$"),
        ({"subset": {"training": 0.2}}, r"^dataset\.subset: there is no 'training'.* did you mean 'train'"),
        ({"subset": {"train": 1}}, r"^dataset\.subset\.train=1: must be a fraction above 0 and below 1"),
        ({"resplit": 1}, r"^dataset\.resplit=1: must be true or false$"),
        ({"split_by": "patient"}, r"^dataset\.split_by: there is no 'patient' \(there are: group, sample\)$"),
    ],
)
def test_what_goes_together_and_how_much_of_it_is_checked(options, changes, message):
    with pytest.raises(RequestError, match=message):
        split_options({**options("digits"), **changes}, name="digits", official_test=False)


def test_what_is_not_said_of_groups_and_subsets(options):
    read = split_options(options("digits"), name="digits", official_test=False)
    assert (read.resplit, read.by_group, read.subset) == (False, True, {})
    said = options("pneumonia", subset={"train": 0.2, "val": None}, split_by="sample")
    read = split_options(said, name="pneumonia", official_test=False)
    assert (read.resplit, read.by_group, read.subset) == (True, False, {"train": Fraction(1, 5)})
