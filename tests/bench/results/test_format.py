from __future__ import annotations

import math

import pytest

from bench.results import format as formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00123, "1.23 ms"),
        (0.0009996, "1.00 ms"),
        (0.000045649, "45.6 µs"),
        (0.9999, "1.00 s"),
        (12.345, "12.3 s"),
        (1234.5, "20 min 34 s"),
        (119.6, "120 s"),
        (3.2e-9, "3.20 ns"),
        (0.0, "0 s"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_seconds(value, text):
    assert formats.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2, "less than 1 s"),
        (8.4, "8 s"),
        (59.7, "1 min"),
        (80, "1 min 20 s"),
        (3599.9, "1 h"),
        (7500, "2 h 5 min"),
        (None, "–"),
    ],
)
def test_duration(value, text):
    assert formats.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,300"), (9.996, "10.0"), (0.1, "0.100"), (-0.01234, "-0.0123"), (3e-12, "3.00e-12")],
)
def test_significant(value, text):
    assert formats.significant(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.05, "5 %"), (0.0225, "2.25 %"), (0.00049, "0.049 %"), (1.5, "150 %")])
def test_a_threshold_reads_as_exactly_as_it_was_set(share, text):
    assert formats.threshold(share) == text


def test_the_rest_of_a_list_is_counted():
    assert formats.first(["a", "b", "c"], 3) == ["a", "b", "c"]
    assert formats.first(["a", "b", "c"], 1) == ["a", "and 2 more"]


def test_shares_and_ratios():
    assert formats.percent(0.9722) == "97.2 %"
    assert formats.percent(None) == formats.percent(math.inf) == "–"
    assert formats.ratio(1.317) == "1.32"
    assert formats.ratio(40.123) == "40.1"
    assert formats.interval(1.28, 1.361) == "1.28–1.36"
    assert formats.interval(0.59, 0.9971) == "0.590–0.997", "on which side of 1 it ends can be read"
    assert formats.interval(0.37, 1.0028) == "0.370–1.003"
    assert formats.interval(None, 1.0) == "–"


def test_decimals_tell_a_small_ratio_from_one():
    assert formats.decimals(1.3, 1.2) == 2
    assert formats.decimals(1.003, 1.2) == 3
    assert formats.decimals(1.00001) == 5
    assert formats.decimals(1.0, None) == 2


def test_count():
    assert formats.count(1, "repeat") == "1 repeat"
    assert formats.count(3, "repeat") == "3 repeats"


def test_small_ratios_keep_their_digits():
    assert formats.ratio(0.0412) == "0.041"
    assert formats.ratio(0.004) == "0.0040"
    assert formats.ratio(0.0) == "0.00"


def test_what_could_drive_a_terminal_is_a_question_mark():
    assert formats.one_line("a\x07b\nc\u202ed") == "a?b c?d"


def test_settings_in_one_line():
    assert formats.plain({"name": "adam", "learning_rate": 0.001}) == "adam (learning rate 0.001)"
    assert formats.plain([1, True, None]) == "1, yes, –"
    assert formats.plain({"a_b": False}) == "a b no"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 FLOP"),
        (850, "850 FLOP"),
        (34_176, "34.2 kFLOP"),
        (999_960, "1.00 MFLOP"),
        (4.24e7, "42.4 MFLOP"),
        (2.15e11, "215 GFLOP"),
        (6.7e14, "670 TFLOP"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_operations_have_the_unit_that_suits_them(value, words):
    assert formats.flops(value) == words
    assert formats.flop_rate(value) == (words if words == "–" else f"{words}/s")


def test_sizes_are_powers_of_1024():
    shown = [formats.size(value) for value in (0, 512, 32 * 1024, 2**20 - 1, 2**30, 25_276_502_016, 3 * 2**42, None)]
    assert shown == ["0 B", "512 B", "32.0 KiB", "1.00 MiB", "1.00 GiB", "23.5 GiB", "12.0 TiB", "–"]


def test_an_interval_that_says_nothing_is_not_printed():
    assert formats.interval(3.4e-6, 342.0) == "not resolved"
    assert formats.interval(0.0, 2.0) == "not resolved"
    assert formats.interval(0.2, 5.0) == "0.20–5.00"
    assert formats.interval(2.0, 400.0) == "2.00–400", "it says that 1 is excluded"
