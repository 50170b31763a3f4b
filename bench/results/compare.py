"""From trials to verdicts: which contender is faster, by how much, and whether they learn equally well."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bench.results import reach, stats, words
from bench.results.blocks import good, sound
from bench.results.schema import QUALITIES, TIMES, Agreement, Comparison, Trial

Compute = Callable[[Sequence[float], Sequence[float], float], stats.Interval]
Samples = tuple[list[float], list[float]]

COUNTS = {"test_accuracy", "test_kappa"}
"""Quantities that come of counting samples."""


def comparisons(
    trials: Sequence[Trial],
    *,
    baseline: str,
    certified: Collection[str],
    paired: bool = True,
    apart: Mapping[str, Sequence[str]] | None = None,
    family: int | None = None,
) -> list[Comparison]:
    """Return the ratio contender ÷ baseline of every measured quantity of `schema.TIMES`.

    Only trials that ended well count. Paired, a repeat counts where both have the value with the same seed;
    unpaired (runs made apart), every trial counts, and `apart` names by contender what else differed from the
    baseline's run: it stands in every sentence. Throughput is the step's ratio inverted and is not repeated.
    Where several contenders are compared in a quantity, their intervals hold 95 % together (`stats.together`);
    `family` says how many do, where these trials are not all that is compared.
    """
    compute = stats.paired_ratio if paired else stats.unpaired_ratio
    found = []
    every = _every(trials, baseline, TIMES, paired=paired)
    for (name, quantity), samples in every.items():
        members = family or _family(every, quantity)
        interval = _interval(samples, compute, members)
        marks = words.marks(paired=paired, certified=name in certified, apart=(apart or {}).get(name, ()))
        pair = words.Pair(contender=name, baseline=baseline, repeats=_repeats(samples), marks=marks, family=members)
        found.append(
            Comparison(
                contender=name,
                baseline=baseline,
                quantity=quantity,
                ratio=interval.estimate if interval else None,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                repeats=interval.repeats if interval else 0,
                paired=paired,
                certified=name in certified,
                verdict=words.time_verdict(pair, quantity, interval),
                family=members,
            )
        )
    return found


def agreements(
    trials: Sequence[Trial],
    *,
    baseline: str,
    certified: Collection[str],
    paired: bool = True,
    note: str = "",
    apart: Mapping[str, Sequence[str]] | None = None,
    family: int | None = None,
) -> list[Agreement]:
    """Return the difference contender − baseline of every measured quantity of `schema.QUALITIES`.

    `note` is the data's ("synthetic stand-in"): it stands in every sentence that names an accuracy or a loss.
    `paired`, `apart` and `family` are those of `comparisons`.
    """
    compute = stats.paired_difference if paired else stats.unpaired_difference
    found = []
    every = _every(trials, baseline, QUALITIES, paired=paired)
    for (name, quantity), samples in every.items():
        members = family or _family(every, quantity)
        interval = _interval(samples, compute, members)
        if interval and quantity in COUNTS:
            interval = stats.of_counts(interval)
        marks = words.marks(paired=paired, certified=name in certified, note=note, apart=(apart or {}).get(name, ()))
        pair = words.Pair(contender=name, baseline=baseline, repeats=_repeats(samples), marks=marks, family=members)
        level = stats.geometric_mean([abs(value) or 1e-12 for value in samples[1]]) if interval else 1.0
        found.append(
            Agreement(
                contender=name,
                baseline=baseline,
                quantity=quantity,
                difference=interval.estimate if interval else None,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                repeats=interval.repeats if interval else 0,
                paired=paired,
                verdict=words.quality_verdict(pair, quantity, interval, level=level),
                family=members,
            )
        )
    return found


def ratios(trials: Sequence[Trial], contender: str, baseline: str, quantity: str) -> list[float]:
    """Return contender ÷ baseline of a quantity of time in each block that both finished."""
    one, other = (dict(_values(trials, name, quantity)) for name in (contender, baseline))
    found = (one[block] / other[block] for block in one if block in other)
    return [ratio for ratio in found if sound(ratio)]


def _others(trials: Sequence[Trial], baseline: str) -> list[str]:
    return [name for name in dict.fromkeys(trial.contender for trial in trials) if name != baseline]


def _every(
    trials: Sequence[Trial], baseline: str, quantities: Iterable[str], *, paired: bool
) -> dict[tuple[str, str], Samples]:
    """Return the samples of every comparison, by contender and quantity, in the order they are told."""
    found = {
        (name, quantity): _samples(trials, name, baseline, quantity, paired=paired)
        for name in _others(trials, baseline)
        for quantity in quantities
        # Repeats that never came to the target would be left out, and what is left favours who gets there by luck.
        if quantity != reach.QUANTITY or reach.complete(trials, (name, baseline))
    }
    return {key: samples for key, samples in found.items() if samples is not None}


def _family(every: Collection[tuple[str, str]], quantity: str) -> int:
    """Return how many are compared in `quantity`, also those that left nothing: who fails must not help the others."""
    return sum(asked == quantity for _, asked in every)


def _samples(trials: Sequence[Trial], contender: str, baseline: str, quantity: str, *, paired: bool) -> Samples | None:
    """Return the values of both, block by block if paired; None where neither ever measured the quantity."""
    ours, theirs = (_values(trials, name, quantity) for name in (contender, baseline))
    if not ours and not theirs:
        return None
    if not paired:
        return [value for _, value in ours], [value for _, value in theirs]
    one, other = dict(ours), dict(theirs)
    both = [block for block in one if block in other]
    return [one[block] for block in both], [other[block] for block in both]


def _values(trials: Sequence[Trial], name: str, quantity: str) -> list[tuple[tuple[int, int], float]]:
    """Return ((repeat, seed), value) for each block of one contender that measured the quantity."""
    found = {block: trial.quantity(quantity) for block, trial in good(trials, name).items()}
    return [
        (block, value)
        for block, value in found.items()
        if value is not None and math.isfinite(value) and (value > 0 or quantity in QUALITIES)
    ]


def _interval(samples: Samples, compute: Compute, family: int) -> stats.Interval | None:
    return compute(*samples, stats.together(family)) if all(samples) else None


def _repeats(samples: Samples) -> tuple[int, int]:
    return len(samples[0]), len(samples[1])
