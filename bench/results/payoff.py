"""When compiling has paid for itself: after how many steps the longer first step is made up for by the shorter others.

For a contender and another that is the same but for what is compiled: n with first + n · step equal on both sides,
repeat by repeat, from the first-step clock (an empty compiler cache in every trial) and the throughput clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any

from bench.results import blocks, stats
from bench.results import format as formats
from bench.results.blocks import sound
from bench.results.decompose import steps_per_epoch
from bench.results.schema import Contender, Results
from bench.results.stats import Interval

SWITCHES = ("compile", "jit_compile")
"""The settings that have a step compiled."""

COMPILING = ("compile", "jit")
"""How the settings begin that say what is compiled, and how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Payoff:
    """A compiled contender against its twin."""

    contender: str
    twin: str
    steps: list[float]
    """Steps after the first until it has paid, by repeat: 0 where it costs nothing, infinite where it never does."""
    first: Interval
    step: Interval
    """Ratios of first steps and of steps, contender ÷ twin."""


def payoffs(results: Results) -> list[Payoff]:
    """Return every pair that differs in what is compiled alone, and has both clocks in a common repeat."""
    pairs = [_ordered(one, other) for one, other in combinations(results.contenders, 2) if _twins(one, other)]
    return [found for one, other in pairs if (found := _payoff(results, one.name, other.name))]


def break_even(first: float, step: float, twin_first: float, twin_step: float) -> float:
    """Return the n from which on first + n · step is no longer above the twin's; infinite where it ends up above."""
    if first <= twin_first:
        return 0.0 if step <= twin_step else math.inf
    return (first - twin_first) / (twin_step - step) if step < twin_step else math.inf


def sentences(results: Results) -> list[str]:
    """Return a sentence for each pair of which anything is resolved."""
    return [told for found in payoffs(results) if (told := _told(found, steps_per_epoch(results)))]


def _payoff(results: Results, contender: str, twin: str) -> Payoff | None:
    ours, theirs = (_clocks(results, name) for name in (contender, twin))
    both = [(*ours[block], *theirs[block]) for block in ours if block in theirs]
    if not both:
        return None
    first, step, twin_first, twin_step = zip(*both, strict=True)
    return Payoff(
        contender=contender,
        twin=twin,
        steps=[break_even(*clocks) for clocks in both],
        first=stats.paired_ratio(first, twin_first),
        step=stats.paired_ratio(step, twin_step),
    )


def _clocks(results: Results, name: str) -> dict[tuple[int, int], tuple[float, float]]:
    """Return (first step, step) in seconds of each good trial, by repeat and seed."""
    found = {}
    for block, trial in blocks.good(results.trials, name).items():
        first, step = trial.quantity("first_step_seconds"), trial.step_seconds
        if sound(first) and sound(step):
            found[block] = first, step
    return found


def _twins(one: Contender, other: Contender) -> bool:
    same = (one.backend, one.versions, one.python) == (other.backend, other.versions, other.python)
    mine, yours = (_parts(item.settings) for item in (one, other))
    return same and mine[0] == yours[0] and mine[1] != yours[1]


def _parts(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings that have nothing to do with compiling, and those that have."""
    compiling = {key: value for key, value in settings.items() if key.startswith(COMPILING)}
    return {key: value for key, value in settings.items() if key not in compiling}, compiling


def _ordered(one: Contender, other: Contender) -> tuple[Contender, Contender]:
    """Return the one that is compiled first; of two that are, the one that was named later."""
    return (one, other) if _compiled(one) and not _compiled(other) else (other, one)


def _compiled(contender: Contender) -> bool:
    """Return whether a contender is compiled; the mode of a compiler that is off says nothing."""
    return any(contender.settings.get(key) for key in SWITCHES)


def _told(found: Payoff, epoch: int | None) -> str:
    first, step = found.first.resolved(1.0), found.step.resolved(1.0)
    if not first and not step:
        return ""
    who, repeats = f"compiling {found.contender}", formats.count(len(found.steps), "repeat")
    if not step:
        ends = f"ratio {formats.interval(found.step.low, found.step.high)}"
        return (
            f"whether {who} pays is not resolved: its steps differ too little from {found.twin}'s ({ends}, {repeats})"
        )
    if found.step.estimate > 1:
        return f"{who} never pays at these speeds: its steps are slower than {found.twin}'s ({repeats})"
    middle, low, high = median(found.steps), min(found.steps), max(found.steps)
    if high == 0:
        return f"{who} pays from the first step: that takes no longer than {found.twin}'s either ({repeats})"
    epochs = f", {formats.significant(middle / epoch, 2)} epochs of this run" if epoch and middle < math.inf else ""
    return (
        f"{who} has paid for itself after {_count(middle)} steps{epochs} "
        f"(against {found.twin}; median, {_count(low)} to {_count(high)} over {repeats})"
    )


def _count(steps: float) -> str:
    """Return a number of steps with two digits: "1,200"; "infinitely many" for what never comes."""
    if math.isinf(steps):
        return "infinitely many"
    whole = math.ceil(steps)
    return str(whole) if whole < 100 else formats.significant(float(whole), 2)
