"""What the intervals do where trials are disturbed: heavy tails, contamination, drift, few repeats, several contenders.

All contenders are equally fast here, so every interval that excludes 1 is a false alarm.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench import turns
from bench.results import stats

SIMULATIONS = 3000
SLACK = 4 * math.sqrt(0.95 * 0.05 / SIMULATIONS)
NOISE = 0.03
FEW = [2, 3, 5]


def clean(generator, shape):
    return NOISE * generator.standard_normal(shape)


def heavy(generator, shape):
    """Student's t with two degrees of freedom: no variance at all."""
    return NOISE * generator.standard_t(2, shape)


def contaminated(generator, shape):
    """One trial in ten takes twice as long."""
    return clean(generator, shape) + math.log(2) * (generator.random(shape) < 0.1)


def false_alarms(times, confidence=0.95):
    """The share of simulations in which any interval excludes 1; times (contenders, simulations, repeats)."""
    baseline, *others = times
    return float(
        np.mean(
            [
                any(stats.paired_ratio(item[row], baseline[row], confidence).resolved(1.0) for item in others)
                for row in range(len(baseline))
            ]
        )
    )


def race(generator, draw, repeats, contenders=2):
    """Times of equally fast contenders whose repeats drift together."""
    common = generator.normal(0, 0.3, (SIMULATIONS, repeats))
    return [np.exp(common + draw(generator, common.shape)) for _ in range(contenders)]


@pytest.mark.parametrize("repeats", FEW)
@pytest.mark.parametrize("draw", [clean, heavy, contaminated])
def test_a_false_alarm_is_one_in_twenty_at_most(draw, repeats):
    found = false_alarms(race(np.random.default_rng(repeats), draw, repeats))
    assert found <= 0.05 + SLACK
    if draw is clean:
        assert found >= 0.05 - SLACK


@pytest.mark.parametrize("repeats", FEW)
@pytest.mark.parametrize("draw", [clean, heavy, contaminated])
def test_nor_is_one_among_three_comparisons_together(draw, repeats):
    times = race(np.random.default_rng([repeats, 4]), draw, repeats, contenders=4)
    assert false_alarms(times, stats.together(3)) <= 0.05 + SLACK
    if draw is clean and repeats > 2:
        assert false_alarms(times) > 0.08, "each for itself, they are wrong more often"


def test_contamination_is_paid_for_in_width():
    widths = {}
    for draw in (clean, contaminated):
        one, other = race(np.random.default_rng(0), draw, 5)
        found = [stats.paired_ratio(c, b) for c, b in zip(one, other, strict=True)]
        widths[draw] = np.median([math.log(item.high / item.low) / 2 for item in found])
    assert widths[clean] == pytest.approx(0.048, abs=0.004)
    assert widths[contaminated] > 5 * widths[clean]


def test_what_disturbs_one_contender_alone_ends_as_its_ratio():
    generator = np.random.default_rng(5)
    for repeats, least, most in ((5, 0.0, 0.05 + SLACK), (20, 0.08, 0.2)):
        shape = (SIMULATIONS, repeats)
        times = [np.exp(clean(generator, shape)), np.exp(contaminated(generator, shape))]
        assert least <= false_alarms(times) <= most, "its mean really is longer, and many repeats show it"


def drifting(repeats, drift, schedule):
    """Times of a and b on a machine that slows by `drift` (log scale) with every trial, run in the order given."""
    moments = {name: [] for name in "ab"}
    for moment, name in enumerate(schedule):
        moments[name].append(moment)
    generator = np.random.default_rng(repeats)
    shape = (SIMULATIONS, repeats)
    return [np.exp(drift * np.array(moments[name]) + clean(generator, shape)) for name in "ab"]


@pytest.mark.parametrize("repeats", [*FEW, 10])
@pytest.mark.parametrize("drift", [0.01, 0.05])
def test_a_drift_from_trial_to_trial_raises_no_alarm_in_turns_and_many_in_blocks(repeats, drift):
    in_turns = [name for repeat in range(repeats) for name in turns.order("ab", repeat)]
    assert false_alarms(drifting(repeats, drift, in_turns)) <= 0.05 + SLACK
    if repeats >= 5:
        assert false_alarms(drifting(repeats, drift, sorted(in_turns))) > 0.25
