"""Work and what it is held against: FLOP/s of the training step, and of a large matrix product in the same process.

Achieved is the work of a step (matrix products and convolutions, forward and backward, by the spec) over its time on
the throughput clock. Attainable is what one large matrix product reaches in the same trial: the same precision, device,
mode and threads. Their quotient, the share, is taken inside each trial and averaged on the log scale over trials.

What the share is not: the use of the processor's peak, which the large product does not reach either; nor a mark for
the framework, for small products and all that is no product (activations, the optimizer, the loop itself) take their
time too. And where a convolution is computed with fewer multiplications than it is counted by (Winograd), or small
matrices stay in a cache, it may exceed 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.results import blocks, stats
from bench.results.schema import Results, Trial
from bench.results.stats import Interval

MATRIX_PRODUCTS = {"dense"}
"""Kinds of layers whose work is done by the library that multiplies matrices. Convolutions are not among them: both
frameworks have another one for those (oneDNN, cuDNN), whatever the BLAS is."""

LARGEST = 1e30
"""FLOP/s that nothing reaches: what says more is broken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attained:
    """One contender's work; rates in FLOP/s, geometric means over its trials."""

    contender: str
    flops: int
    """Of one step on a whole batch."""
    achieved: Interval
    attainable: Interval | None
    """None where no trial clocked a large product."""
    share: Interval | None
    """Achieved ÷ attainable."""
    size: int | None
    """Rows and columns of the large product's operands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unequal:
    """Two contenders whose large matrix products run at different rates, and what that may do to a step."""

    slower: str
    faster: str
    rates: tuple[float, float]
    """Of the two in FLOP/s, geometric means over the repeats they share."""
    ratio: Interval
    """Slower ÷ faster, paired by repeat."""
    saving: float
    """Share of the slower one's step that would go if its matrix products alone ran at the other's rate: the time they
    take at its own rate for large ones, × (1 − ratio). An estimate from below: small products are slower than large."""


def attained(results: Results, contender: str) -> Attained | None:
    """Return the work of `contender`; None where the results do not know the work of a step, or no time of one."""
    work = results.model.step_flops if results.model else 0
    found = _trials(results, contender)
    if not work or not found:
        return None
    both = [trial for trial in found.values() if _sound(trial.matrix_product_flops)]
    rates = [float(trial.matrix_product_flops or 0) for trial in both]
    return Attained(
        contender=contender,
        flops=work * _batch(next(iter(found.values()))),
        achieved=_around([work * float(trial.throughput or 0) for trial in found.values()]),
        attainable=_around(rates) if both else None,
        share=stats.paired_ratio([work * float(trial.throughput or 0) for trial in both], rates) if both else None,
        size=both[0].matrix_product_size if both else None,
    )


def unequal(results: Results, contender: str) -> Unequal | None:
    """Return how the large matrix products of `contender` and of the baseline differ; None where that says nothing.

    Nothing is said where no repeat has both, and where the two were told different things (precision, device, threads,
    TF32): there the rates differ because they were asked to.
    """
    ours, theirs = _trials(results, contender), _trials(results, results.baseline)
    both = [
        (ours[block], theirs[block])
        for block in ours
        if block in theirs and all(_sound(each[block].matrix_product_flops) for each in (ours, theirs))
    ]
    if contender == results.baseline or not both or any(_terms(one) != _terms(other) for one, other in both):
        return None
    settings = {item.name: item.settings.get("precision") for item in results.contenders}
    if settings.get(contender) != settings.get(results.baseline):
        return None
    rates = [[float(pair[place].matrix_product_flops or 0) for pair in both] for place in range(2)]
    means = [stats.geometric_mean(each) for each in rates]
    low = 0 if means[0] < means[1] else 1
    ratio = stats.paired_ratio(rates[low], rates[1 - low])
    steps = [float(pair[low].throughput or 0) for pair in both]
    share = stats.paired_ratio(steps, rates[low]).estimate * _matrix_flops(results)
    names = (contender, results.baseline)
    return Unequal(
        slower=names[low],
        faster=names[1 - low],
        rates=(means[low], means[1 - low]),
        ratio=ratio,
        saving=min(share, 1.0) * (1 - ratio.estimate),
    )


def _trials(results: Results, contender: str) -> dict[tuple[int, int], Trial]:
    """Return the good trials of `contender` that have a time per step, by repeat and seed."""
    found = blocks.good(results.trials, contender)
    return {block: each for block, each in found.items() if _sound(each.throughput) and _sound(each.step_seconds)}


def _matrix_flops(results: Results) -> int:
    """Return the work of a step, per sample, that is matrix products proper."""
    layers = results.model.layers if results.model else []
    return sum(layer.step_flops for layer in layers if layer.kind in MATRIX_PRODUCTS)


def _batch(trial: Trial) -> int:
    return round(float(trial.throughput or 0) * float(trial.step_seconds or 0))


def _terms(trial: Trial) -> dict[str, Any]:
    environment: Mapping[str, Any] = trial.environment
    return {name: environment.get(name) for name in ("device", "threads", "tf32")}


def _sound(value: float | None) -> bool:
    return value is not None and 0 < value < LARGEST


def _around(values: list[float]) -> Interval:
    return stats.paired_ratio(values, [1.0] * len(values))
