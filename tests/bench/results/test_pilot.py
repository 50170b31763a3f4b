"""The number of repeats is enough more often than not, and choosing it so leaves the interval as honest as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.results import pilot, stats

SIMULATIONS = 2000
MOST = 400


def runs(generator, size, *, deviation, wanted, confidence=0.95):
    """Pilots of `size` repeats and the runs they ask for: (half-widths met, intervals that cover, repeats)."""
    met, covered, counts = [], [], []
    for _ in range(SIMULATIONS):
        first = generator.normal(0.1, deviation, size)
        count = pilot.repeats_for(first, wanted, confidence, most=MOST)
        ratios = np.exp(generator.normal(0.1, deviation, count))
        found = stats.paired_ratio(ratios, np.ones(count), confidence)
        met.append(math.log(found.high / found.low) / 2 <= math.log1p(wanted))
        covered.append(found.low <= math.exp(0.1) <= found.high)
        counts.append(count)
    return np.mean(met), np.mean(covered), np.array(counts)


@pytest.mark.parametrize("size", [3, 5, 10])
@pytest.mark.parametrize("wanted", [0.01, 0.03])
def test_the_width_is_met_in_most_runs_and_the_interval_still_covers(size, wanted):
    met, covered, counts = runs(
        np.random.default_rng([size, round(1000 * wanted)]), size, deviation=0.03, wanted=wanted
    )
    assert met > 0.7, "without the caution it is about a half"
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / SIMULATIONS))
    assert counts.max() <= MOST


def test_several_comparisons_ask_for_more():
    one, three = (pilot.repeats_for([0.0, 0.02, -0.02], 0.02, stats.together(family), most=MOST) for family in (1, 3))
    assert three > one


def test_the_bound_of_the_deviation_holds_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(0, 2.0, (20_000, 4))
    above = np.mean([pilot.cautious_deviation(draw) >= 2.0 for draw in draws])
    assert above == pytest.approx(pilot.CAUTION, abs=0.012)


def test_by_hand():
    # s = 0.02 of three; chi-square(2) exceeds 0.446287 with probability 0.8, so 0.02 · √(2 / 0.446287) = 0.042339.
    assert pilot.cautious_deviation([0.0, 0.02, -0.02]) == pytest.approx(0.042339, rel=1e-4)
    # t(19) · 0.042339 / √20 = 2.093024 · 0.0094673 = 0.019815 ≤ ln 1.02 = 0.019803 no; 21: 2.085963 · 0.0092392 yes.
    assert pilot.repeats_for([0.0, 0.02, -0.02], 0.02, most=MOST) == 21


def test_bounds():
    assert pilot.repeats_for([0.1, 0.1, 0.1], 0.01, most=30) == 2, "no spread at all"
    assert pilot.repeats_for([0.0, 1.0], 0.01, most=30) == 30, "capped"
    assert pilot.repeats_for([0.0, 1e-9], 0.01, most=2) == 2


@pytest.mark.parametrize(
    ("values", "width", "confidence", "most"),
    [
        ([0.1], 0.01, 0.95, 30),
        ([], 0.01, 0.95, 30),
        ([0.1, math.nan], 0.01, 0.95, 30),
        ([0.1, 0.2], 0.0, 0.95, 30),
        ([0.1, 0.2], math.nan, 0.95, 30),
        ([0.1, 0.2], 0.01, 95, 30),
        ([0.1, 0.2], 0.01, 0.95, 1),
    ],
)
def test_what_nothing_can_meet_is_refused(values, width, confidence, most):
    with pytest.raises(ValueError, match="got"):
        pilot.repeats_for(values, width, confidence, most=most)
