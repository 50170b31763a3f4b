"""The intervals keep their promise: simulated, they cover the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.results import stats

SIMULATIONS = 4000
SLACK = 4 * math.sqrt(0.95 * 0.05 / SIMULATIONS)  # four standard errors of a count of covered simulations


def coverage(intervals, truth):
    return float(np.mean([item.low <= truth <= item.high for item in intervals]))


def blocks(generator, repeats, *, ratio, noise=0.03, drift=0.3, tails=None):
    """Lognormal times of two contenders whose blocks drift together: shape (simulations, repeats) each."""
    shape = (SIMULATIONS, repeats)
    common = generator.normal(0, drift, shape)
    draw = generator.standard_normal if tails is None else (lambda size: generator.standard_t(tails, size))
    baseline = 1e-3 * np.exp(common + noise * draw(shape))
    return ratio * 1e-3 * np.exp(common + noise * draw(shape)), baseline


@pytest.mark.parametrize("repeats", [3, 5, 10])
@pytest.mark.parametrize("ratio", [1.0, 0.7])
def test_paired_interval_covers_95_percent_under_common_drift(repeats, ratio):
    contender, baseline = blocks(np.random.default_rng(repeats), repeats, ratio=ratio)
    found = [stats.paired_ratio(c, b) for c, b in zip(contender, baseline, strict=True)]
    assert coverage(found, ratio) == pytest.approx(0.95, abs=SLACK)


@pytest.mark.parametrize("repeats", [3, 5, 10])
def test_heavy_tails_do_not_break_the_interval(repeats):
    contender, baseline = blocks(np.random.default_rng(repeats), repeats, ratio=1.2, tails=2)
    found = [stats.paired_ratio(c, b) for c, b in zip(contender, baseline, strict=True)]
    assert coverage(found, 1.2) >= 0.93


def test_pairing_cancels_drift_that_widens_the_unpaired_interval():
    contender, baseline = blocks(np.random.default_rng(0), 5, ratio=1.1)
    pairs = list(zip(contender, baseline, strict=True))
    width = np.median([(i := stats.paired_ratio(c, b)).high / i.low for c, b in pairs])
    apart = np.median([(i := stats.unpaired_ratio(c, b)).high / i.low for c, b in pairs])
    assert width < 1.15
    assert apart > 1.8


@pytest.mark.parametrize("counts", [(5, 5), (10, 4), (10, 10)])
def test_unpaired_interval_covers_95_percent_with_unequal_variances(counts):
    generator = np.random.default_rng(sum(counts))
    contender = 2e-3 * np.exp(generator.normal(0, 0.10, (SIMULATIONS, counts[0])))
    baseline = 1e-3 * np.exp(generator.normal(0, 0.02, (SIMULATIONS, counts[1])))
    found = [stats.unpaired_ratio(c, b) for c, b in zip(contender, baseline, strict=True)]
    assert coverage(found, 2.0) == pytest.approx(0.95, abs=max(SLACK, 0.015))


def test_welch_is_cautious_at_three_repeats():
    generator = np.random.default_rng(3)
    one, other = generator.normal(0, 1, (2, SIMULATIONS, 3))
    found = [stats.unpaired_difference(c, b) for c, b in zip(one, other, strict=True)]
    assert 0.95 - SLACK <= coverage(found, 0.0) <= 0.99


@pytest.mark.parametrize("compute", [stats.paired_difference, stats.unpaired_difference])
def test_counted_samples_that_differ_by_the_very_same_make_no_interval(compute):
    """352 and 350 of 360 against 351 and 349, paired: one image each time. Two repeats come to that by chance."""
    right, other = [352 / 360, 352 / 360], [351 / 360, 351 / 360]
    found = stats.of_counts(compute(right, other))
    assert (found.low, found.high) == (None, None)
    assert found.estimate == pytest.approx(1 / 360)
    assert stats.of_counts(stats.paired_difference([352 / 360, 350 / 360], [351 / 360, 349 / 360])).low is None
    same = stats.of_counts(compute(right, right))
    assert (same.estimate, same.low, same.high) == (0, 0, 0), "all answers alike is another thing"


def test_differences_cover_too():
    generator = np.random.default_rng(9)
    baseline = generator.normal(0.9, 0.02, (SIMULATIONS, 4))
    contender = baseline + generator.normal(0.01, 0.005, (SIMULATIONS, 4))
    found = [stats.paired_difference(c, b) for c, b in zip(contender, baseline, strict=True)]
    assert coverage(found, 0.01) == pytest.approx(0.95, abs=SLACK)


def test_planted_ten_percent_is_found_and_planted_nothing_is_not():
    found, false = (
        np.mean([stats.paired_ratio(c, b).resolved(1.0) for c, b in zip(*pair, strict=True)])
        for pair in (blocks(np.random.default_rng(1), 5, ratio=ratio) for ratio in (1.1, 1.0))
    )
    assert found > 0.95
    assert false == pytest.approx(0.05, abs=SLACK)


def test_known_interval():
    # Log-ratios 0, ln 2, ln 4: mean ln 2, s = ln 2, t(0.975, 2) = 4.302653.
    found = stats.paired_ratio([1.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    margin = 4.302653 * math.log(2) / math.sqrt(3)
    assert found.estimate == pytest.approx(2.0)
    assert found.low == pytest.approx(2 * math.exp(-margin), rel=1e-6)
    assert found.high == pytest.approx(2 * math.exp(margin), rel=1e-6)
    assert (found.repeats, found.paired) == (3, True)


def test_welch_satterthwaite_matches_scipy():
    from scipy.stats import ttest_ind

    one, other = [1.0, 1.4, 0.7, 1.1], [2.0, 2.1, 1.95]
    want = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    found = stats.unpaired_difference(one, other)
    assert (found.low, found.high) == pytest.approx((want.low, want.high))
    assert (found.repeats, found.paired) == (3, False)


def test_one_repeat_has_an_estimate_and_no_interval():
    for function in (stats.paired_ratio, stats.unpaired_ratio):
        found = function([3.0], [2.0])
        assert found.estimate == pytest.approx(1.5)
        assert (found.low, found.high, found.repeats) == (None, None, 1)
        assert not found.resolved(1.0)


@pytest.mark.parametrize("function", [stats.paired_ratio, stats.unpaired_ratio])
def test_no_variance_and_huge_variance(function):
    exact = function([2.0, 2.0, 2.0], [1.0, 1.0, 1.0])
    assert exact.low == exact.estimate == exact.high == pytest.approx(2.0)
    wild = function([1e-300, 1e300], [1.0, 1.0])
    assert wild.low == 0.0
    assert math.isfinite(wild.high)


@pytest.mark.parametrize("bad", [[1.0, 0.0], [1.0, -1.0], [1.0, math.nan], [math.inf, 1.0], []])
def test_values_without_a_logarithm_are_refused(bad):
    for function in (stats.paired_ratio, stats.unpaired_ratio):
        with pytest.raises(ValueError, match="value"):
            function(bad, [1.0, 2.0])
        with pytest.raises(ValueError, match="value"):
            function([1.0, 2.0], bad)


def test_unequal_lengths_and_impossible_confidence_are_refused():
    with pytest.raises(ValueError, match="cannot be paired"):
        stats.paired_difference([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="confidence"):
        stats.paired_ratio([1.0, 2.0], [1.0, 2.0], confidence=95)


def test_geometric_means_divide_to_the_ratio():
    contender, baseline = [1.0, 3.0, 2.0], [2.0, 2.5, 1.0]
    ratio = stats.geometric_mean(contender) / stats.geometric_mean(baseline)
    assert ratio == pytest.approx(stats.paired_ratio(contender, baseline).estimate)


@pytest.mark.parametrize("family", [2, 3, 5])
@pytest.mark.parametrize("repeats", [3, 5])
def test_a_family_covers_95_percent_together(family, repeats):
    generator = np.random.default_rng([family, repeats])
    shape = (SIMULATIONS // 2, repeats)
    common = generator.normal(0, 0.3, shape)
    baseline = np.exp(common + generator.normal(0, 0.03, shape))  # shared: the ratios hang together
    scatters = np.linspace(0.01, 0.06, family)
    others = [1.1 * np.exp(common + generator.normal(0, scatter, shape)) for scatter in scatters]

    def held(confidence):
        found = [
            [stats.paired_ratio(c, b, confidence) for c, b in zip(other, baseline, strict=True)] for other in others
        ]
        return np.mean([all(item.low <= 1.1 <= item.high for item in items) for items in zip(*found, strict=True)])

    assert held(stats.together(family)) >= 0.95 - SLACK
    assert held(0.95) < 0.93, "each for itself, they do not"


def test_a_family_of_one_is_as_confident_as_ever_and_an_empty_one_is_refused():
    assert stats.together(1) == pytest.approx(0.95)
    assert stats.together(4, 0.9) == pytest.approx(0.975)
    with pytest.raises(ValueError, match="family"):
        stats.together(0)
