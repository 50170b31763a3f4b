from __future__ import annotations

import math

import pytest

from reports import format as fmt


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.00123, "1.23 ms"),
        (4.56, "4.56 s"),
        (85e-6, "85.0 µs"),
        (8.5e-7, "850 ns"),
        (0, "0 s"),
        (62.3, "62.3 s"),
        (150, "2 min 30 s"),
        (7300, "2 h 2 min"),
        (0.99999, "1.00 s"),
        (None, "–"),
        (math.nan, "–"),
        (10**400, "–"),
        ("1", "–"),
        (True, "–"),
    ],
)
def test_seconds_take_their_fitting_unit(value, words):
    assert fmt.seconds(value).replace(fmt.GAP, " ") == words


def test_shares_counts_and_rates():
    assert fmt.percent(0.972).replace(fmt.GAP, " ") == "97.2 %"
    assert fmt.points(0.0031) == "0.31"
    assert fmt.count(300938) == "300,938"
    assert fmt.rate(45678.4) == "45,700"
    assert fmt.rate(3.14159) == "3.14"
    assert fmt.loss(0.09874) == "0.0987"
    assert fmt.flops(34_176).replace(fmt.GAP, " ") == "34.2 kFLOP"


def test_ratios_and_intervals():
    assert fmt.ratio(0.7583) == "0.76×"
    assert fmt.interval(0.731, 0.789) == "0.73–0.79"
    assert fmt.interval(None, 0.789) == ""
    assert fmt.ratio(0.0412) == "0.041×"


def test_errors_are_powers_of_ten():
    assert fmt.scientific(3.1e-13).replace(fmt.GAP, " ") == "3.1 × 10⁻¹³"
    assert fmt.scientific(1e-9) == "10⁻⁹"
    assert fmt.scientific(0.0) == "0"


def test_differences_carry_their_sign():
    assert fmt.difference(0.0012, "test_accuracy") == "+0.12"
    assert fmt.difference(-0.0012, "test_accuracy") == "−0.12"
    assert fmt.difference(-0.00312, "test_loss") == "−0.00312"


@pytest.mark.parametrize("value", [1e300, -1e300, 5e-324, math.inf, -0.0, [], {}])
def test_no_number_is_too_odd(value):
    for form in (fmt.seconds, fmt.percent, fmt.count, fmt.rate, fmt.ratio, fmt.loss, fmt.flops, fmt.scientific):
        assert form(value)
