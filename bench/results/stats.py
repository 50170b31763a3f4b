"""Intervals for ratios of times and differences of quality: pure functions of numbers.

The unit is the trial, not the step: a thousand steps of one process share its memory layout, its machine state
and its luck, so they are one observation. Ratios are taken on the log scale, where "twice as fast" and "half as
fast" lie equally far from "the same".

What a negative answer does *not* mean: an interval that contains 1 (or 0) says that these repeats do not resolve
a difference. It does not say that there is none; how large a difference may hide is what its ends say. And an
interval speaks about this machine and these settings: repeating more narrows it around what this machine does,
a bias shared by all repeats (a wrong clock, a slow BLAS) stays in it.

Where trials are disturbed, the paired interval errs on the side of caution and pays in width (simulated,
``test_stats_disturbed``): with tails as heavy as Student's t with two degrees of freedom it covers 96 to 97 % at 2 to
20 repeats; where one trial in ten of either side takes twice as long, 95 to 98 %, and at five repeats it is eight
times as wide as in peace. What disturbs one contender alone is no noise: at 20 repeats one interval in eight no longer
holds the ratio in peace, because the mean really is another. A drift from trial to trial raises no false alarm in
turns (`bench.turns`), and very many in blocks.

Sources: Student, "The probable error of a mean", Biometrika 6 (1908); B. L. Welch, "The generalization of
'Student's' problem when several different population variances are involved", Biometrika 34 (1947).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate and the interval around it."""

    estimate: float
    low: float | None
    """Lower end; None where one repeat gives no spread to judge by."""
    high: float | None
    repeats: int
    """Blocks of a paired interval; the smaller of the two samples of an unpaired one."""
    paired: bool

    def resolved(self, null: float) -> bool:
        """Return whether the interval excludes `null`; False is no proof that the two are equal."""
        return self.low is not None and self.high is not None and not self.low <= null <= self.high


def paired_ratio(contender: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return contender ÷ baseline (geometric mean) from repeats that share a block, item by item.

    Whatever slows a whole block (heat, another clock rate) multiplies both and cancels. Student's t on the
    log-ratios. An interval that contains 1 means "not resolved with this many repeats", not "equally fast".

    Raises `ValueError` for values that are not positive and finite, and for sequences of unequal length.
    """
    return _exp(_paired(_logs(contender), _logs(baseline), confidence))


def unpaired_ratio(contender: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return contender ÷ baseline (geometric means) from trials that share no block, such as two runs.

    Welch's interval on the logs, with Welch–Satterthwaite degrees of freedom: the variances may differ. Whatever
    changed on the machine between the two lies inside the estimate, and no number of repeats shows it; neither
    a ratio that excludes 1 nor one that contains it speaks about the contenders alone.

    Raises `ValueError` for values that are not positive and finite.
    """
    return _exp(_unpaired(_logs(contender), _logs(baseline), confidence))


def paired_difference(contender: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return contender − baseline (mean) from repeats that share seed and order, item by item.

    An interval that contains 0 does not mean that the two agree; they agree within its ends, over these seeds.

    Raises `ValueError` for values that are not finite, and for sequences of unequal length.
    """
    return _paired(_finite(contender), _finite(baseline), confidence)


def unpaired_difference(contender: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return contender − baseline (means) from trials that share no block; Welch's interval.

    An interval that contains 0 does not mean that the two agree; they agree within its ends.

    Raises `ValueError` for values that are not finite.
    """
    return _unpaired(_finite(contender), _finite(baseline), confidence)


def of_counts(interval: Interval) -> Interval:
    """Return the interval of a difference of counted samples: without ends where every repeat differs by the very same.

    Counts come to that by chance, of two repeats easily, and their variance of 0 would make an interval of no width.
    """
    if interval.low is None or interval.high is None or abs(interval.estimate) < 1e-12:
        return interval
    same = math.isclose(interval.low, interval.high, rel_tol=1e-9)
    return dataclasses.replace(interval, low=None, high=None) if same else interval


def together(family: int, confidence: float = 0.95) -> float:
    """Return the confidence of each of `family` intervals that hold `confidence` all together: Bonferroni's.

    Valid under any dependence between the comparisons. Dunnett's narrower table is for independent groups of equal
    variance against a common control; contenders here share their blocks and their baseline and scatter unequally,
    so that neither its correlations nor its pooled variance hold. Where they did, its factor for three comparisons
    and five degrees of freedom would be 3.29, and this one is 3.53: that much is given away.

    Raises `ValueError` for a family without a member.

    Sources: O. J. Dunn, "Multiple comparisons among means", Journal of the American Statistical Association 56
    (1961); C. W. Dunnett, "A multiple comparison procedure for comparing several treatments with a control", ibid.
    50 (1955).
    """
    if family < 1:
        raise ValueError(f"a family has at least one comparison, got {family}")
    return 1 - (1 - confidence) / family


def geometric_mean(values: Sequence[float]) -> float:
    """Return the mean of positive values on the log scale: the one whose quotients are the ratios above."""
    return math.exp(float(_logs(values).mean()))


def _finite(values: Sequence[float]) -> Values:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"expected at least one value in one dimension, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"expected finite values, got {array.tolist()}")
    return array


def _logs(values: Sequence[float]) -> Values:
    array = _finite(values)
    if (array <= 0).any():
        raise ValueError(f"a ratio needs positive values, got {array.tolist()}")
    return np.log(array)


def _paired(contender: Values, baseline: Values, confidence: float) -> Interval:
    if contender.size != baseline.size:
        raise ValueError(f"{contender.size} and {baseline.size} values cannot be paired")
    differences = contender - baseline
    count = int(differences.size)
    variance = float(differences.var(ddof=1)) / count if count > 1 else None
    return _around(float(differences.mean()), variance, count - 1, confidence, repeats=count, paired=True)


def _unpaired(contender: Values, baseline: Values, confidence: float) -> Interval:
    estimate = float(contender.mean() - baseline.mean())
    counts = (int(contender.size), int(baseline.size))
    if min(counts) < 2:
        return _around(estimate, None, 0, confidence, repeats=min(counts), paired=False)
    one, other = (float(item.var(ddof=1)) / item.size for item in (contender, baseline))
    total = one + other
    # As shares of the total, so that the squares of tiny variances cannot vanish.
    share = one / total if total > 0 else 0.5
    freedom = 1 / (share**2 / (counts[0] - 1) + (1 - share) ** 2 / (counts[1] - 1))
    return _around(estimate, total, freedom, confidence, repeats=min(counts), paired=False)


def _around(
    estimate: float, variance: float | None, freedom: float, confidence: float, *, repeats: int, paired: bool
) -> Interval:
    """Return Student's interval around `estimate`, given the variance of the estimate itself."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence lies between 0 and 1, got {confidence}")
    if variance is None:
        return Interval(estimate=estimate, low=None, high=None, repeats=repeats, paired=paired)
    margin = float(stdtrit(freedom, 0.5 + confidence / 2)) * math.sqrt(variance)
    return Interval(estimate=estimate, low=estimate - margin, high=estimate + margin, repeats=repeats, paired=paired)


def _exp(interval: Interval) -> Interval:
    return Interval(
        estimate=_power(interval.estimate),
        low=None if interval.low is None else _power(interval.low),
        high=None if interval.high is None else _power(interval.high),
        repeats=interval.repeats,
        paired=interval.paired,
    )


def _power(exponent: float) -> float:
    """Return e to the exponent; two wildly different repeats reach past the largest float, which then stands."""
    return math.exp(min(exponent, 709.0))
