"""From trials to verdicts: which contender is faster, by how much, and whether they learn equally well."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from bench.results import stats, words
from bench.results.schema import QUALITIES, TIMES, Agreement, Comparison, Contender, Results, RunWarning, Trial

Compute = Callable[[Sequence[float], Sequence[float]], stats.Interval]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One contender in the table of a verdict: means over its finished trials, None where nothing was measured."""

    name: str
    framework: str
    finished: int
    """Trials that ended well."""
    trials: int
    """Trials that were begun."""
    trouble: str
    """What became of the others: "1 diverged, 1 failed", or nothing."""
    test_accuracy: float | None
    """Arithmetic mean; a share of one."""
    test_loss: float | None
    step_seconds: float | None
    """Geometric mean, like all times here: so two rows divide to the ratio of a verdict over the same repeats."""
    latency_seconds: float | None
    """Median step of the latency clock."""
    throughput: float | None
    """Samples per second."""
    baseline: bool
    certified: bool | None
    """What its comparison says; None where there is none."""
    comparison: Comparison | None
    """Its time per training step against the baseline's."""


def comparisons(
    trials: Sequence[Trial], *, baseline: str, certified: Collection[str], paired: bool = True
) -> list[Comparison]:
    """Return the ratio contender ÷ baseline of every measured quantity of `schema.TIMES`.

    Only trials that ended well count. Paired, a repeat counts where both have the value with the same seed;
    unpaired (runs made apart), every trial counts. Throughput is the step's ratio inverted and is not repeated.
    """
    compute = stats.paired_ratio if paired else stats.unpaired_ratio
    found = []
    for name in _others(trials, baseline):
        for quantity in TIMES:
            samples = _samples(trials, name, baseline, quantity, paired=paired)
            if samples is None:
                continue
            interval = _interval(samples, compute)
            marks = words.marks(paired=paired, certified=name in certified)
            pair = words.Pair(contender=name, baseline=baseline, repeats=_repeats(samples), marks=marks)
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
                )
            )
    return found


def agreements(
    trials: Sequence[Trial], *, baseline: str, certified: Collection[str], paired: bool = True, note: str = ""
) -> list[Agreement]:
    """Return the difference contender − baseline of every measured quantity of `schema.QUALITIES`.

    `note` is the data's ("synthetic stand-in"): it stands in every sentence that names an accuracy or a loss.
    """
    compute = stats.paired_difference if paired else stats.unpaired_difference
    found = []
    for name in _others(trials, baseline):
        for quantity in QUALITIES:
            samples = _samples(trials, name, baseline, quantity, paired=paired)
            if samples is None:
                continue
            interval = _interval(samples, compute)
            marks = words.marks(paired=paired, certified=name in certified, note=note)
            pair = words.Pair(contender=name, baseline=baseline, repeats=_repeats(samples), marks=marks)
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
                )
            )
    return found


def grouped(warnings: Sequence[RunWarning]) -> list[RunWarning]:
    """Return one warning per kind and contender, the first of each, which says how many more there were."""
    groups: dict[tuple[str, str | None], list[RunWarning]] = {}
    for warning in warnings:
        groups.setdefault((warning.kind, warning.contender), []).append(warning)
    return [
        replace(first, message=f"{first.message} (and {len(rest)} more like it)") if rest else first
        for first, *rest in groups.values()
    ]


def summary(results: Results) -> list[Row]:
    """Return one row per contender, in the order of the run: the table on screen and in the report."""
    known = results.contenders or [Contender(name=name, backend="", framework="") for name in _names(results.trials)]
    return [_row(results, contender) for contender in known]


def _row(results: Results, contender: Contender) -> Row:
    trials = [trial for trial in results.trials if trial.contender == contender.name]
    good = [trial for trial in trials if trial.status == "ok"]
    bad = [trial.status for trial in trials if trial.status != "ok"]
    compared = [
        item for item in results.comparison if item.contender == contender.name and item.quantity == "step_seconds"
    ]
    comparison = compared[0] if compared else None
    return Row(
        name=contender.name,
        framework=contender.framework,
        finished=len(good),
        trials=len(trials),
        trouble=", ".join(f"{bad.count(status)} {status}" for status in dict.fromkeys(bad)),
        test_accuracy=_mean([trial.quantity("test_accuracy") for trial in good]),
        test_loss=_mean([trial.quantity("test_loss") for trial in good]),
        step_seconds=_geometric([trial.quantity("step_seconds") for trial in good]),
        latency_seconds=_geometric([trial.quantity("latency_p50_seconds") for trial in good]),
        throughput=_geometric([trial.throughput for trial in good]),
        baseline=contender.name == results.baseline,
        certified=comparison.certified if comparison else None,
        comparison=comparison,
    )


def _names(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(trial.contender for trial in trials))


def _others(trials: Sequence[Trial], baseline: str) -> list[str]:
    return [name for name in _names(trials) if name != baseline]


def _samples(
    trials: Sequence[Trial], contender: str, baseline: str, quantity: str, *, paired: bool
) -> tuple[list[float], list[float]] | None:
    """Return the values of both, block by block if paired; None where neither ever measured the quantity."""
    ours, theirs = (_values(trials, name, quantity) for name in (contender, baseline))
    if not ours and not theirs:
        return None
    if not paired:
        return [value for _, value in ours], [value for _, value in theirs]
    one, other = dict(ours), dict(theirs)  # a trial that was made again replaces the earlier one
    both = [block for block in one if block in other]
    return [one[block] for block in both], [other[block] for block in both]


def _values(trials: Sequence[Trial], name: str, quantity: str) -> list[tuple[tuple[int, int], float]]:
    """Return ((repeat, seed), value) for each good trial of one contender that measured the quantity."""
    found = [
        ((trial.repeat, trial.seed), trial.quantity(quantity))
        for trial in trials
        if trial.contender == name and trial.status == "ok"
    ]
    return [
        (block, value)
        for block, value in found
        if value is not None and math.isfinite(value) and (value > 0 or quantity in QUALITIES)
    ]


def _interval(samples: tuple[list[float], list[float]], compute: Compute) -> stats.Interval | None:
    return compute(*samples) if all(samples) else None


def _repeats(samples: tuple[list[float], list[float]]) -> tuple[int, int]:
    return len(samples[0]), len(samples[1])


def _present(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _mean(values: Sequence[float | None]) -> float | None:
    present = _present(values)
    return sum(present) / len(present) if present else None


def _geometric(values: Sequence[float | None]) -> float | None:
    present = [value for value in _present(values) if value > 0]
    return stats.geometric_mean(present) if present else None
