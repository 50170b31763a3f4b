"""What a run says about each contender, before any words or colours: means over repeats, counts, baselines."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, geometric_mean, stdev

from bench.results.schema import QUALITIES, Agreement, Comparison, Results, Trial
from reports.format import number


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A quantity over a contender's finished repeats."""

    mean: float | None
    deviation: float | None
    """Standard deviation; None below two repeats."""
    repeats: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One contender's row of the verdict table."""

    name: str
    colour: int
    framework: str
    baseline: bool
    finished: int
    """Trials that ended well, of `planned`."""
    planned: int
    accuracy: Spread
    loss: Spread
    step: Spread
    share: float
    """Its time per step as a share of the slowest contender's: the length of its bar."""
    latency: Spread
    throughput: Spread
    comparison: Comparison | None
    """Its ratio of training-step time to the baseline's."""


def spread(trials: list[Trial], quantity: str) -> Spread:
    """Return mean and standard deviation of `quantity` over the trials that ended well.

    Means of times and rates are geometric, so that two rows divide to the ratio of the verdict.
    """
    values = [trial.throughput if quantity == "throughput" else trial.quantity(quantity) for trial in trials]
    known = [found for value in values if (found := number(value)) is not None]
    if not known:
        return Spread(mean=None, deviation=None, repeats=0)
    deviation = stdev(known) if len(known) > 1 else None
    mean = fmean(known) if quantity in QUALITIES or min(known) <= 0 else geometric_mean(known)
    return Spread(mean=mean, deviation=deviation, repeats=len(known))


def names(results: Results) -> list[str]:
    """Return the contenders of a run in the order they were named; those known from trials alone come last."""
    return list(dict.fromkeys([item.name for item in results.contenders] + [item.contender for item in results.trials]))


def lines(results: Results, colours: dict[str, int]) -> list[Line]:
    """Return the verdict table, one line per contender."""
    frameworks = {item.name: item.framework for item in results.contenders}
    compared = {item.contender: item for item in results.comparison if item.quantity == "step_seconds"}
    steps = {name: spread(_good(results, name), "step_seconds") for name in names(results)}
    slowest = max((item.mean for item in steps.values() if item.mean is not None), default=0.0)
    found = []
    for name in names(results):
        good = _good(results, name)
        mean = steps[name].mean
        found.append(
            Line(
                name=name,
                colour=colours.get(name, 0),
                framework=frameworks.get(name, ""),
                baseline=name == results.baseline and len(steps) > 1,
                finished=len(good),
                planned=sum(trial.contender == name for trial in results.trials),
                accuracy=spread(good, "test_accuracy"),
                loss=spread(good, "test_loss"),
                step=steps[name],
                share=max(0.0, mean / slowest) if mean is not None and slowest > 0 else 0.0,
                latency=spread(good, "latency_p50_seconds"),
                throughput=spread(good, "throughput"),
                comparison=compared.get(name),
            )
        )
    return found


def _good(results: Results, name: str) -> list[Trial]:
    return [trial for trial in results.trials if trial.contender == name and trial.status == "ok"]


def headline(results: Results) -> list[Comparison]:
    """Return the comparisons that the verdict in words is made of: per training step, else the first there is."""
    for quantity in dict.fromkeys(["step_seconds", *(item.quantity for item in results.comparison)]):
        found = [item for item in results.comparison if item.quantity == quantity and item.verdict]
        if found:
            return found
    return []


def quality(results: Results) -> list[Agreement]:
    """Return what the run says of accuracy, for the line below the verdict."""
    return [item for item in results.agreement if item.quantity == "test_accuracy" and item.verdict]
