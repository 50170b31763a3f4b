"""The noise floor: what a machine reads between a contender and itself (A/A).

Where a contender is the baseline again (backend, versions, interpreter, every setting), whatever differs is noise.
The floor is the farther end of the interval: the largest difference that these repeats do not exclude between equal
things, so nothing smaller can be told apart between unequal ones. One interval in twenty excludes 1 by chance alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.results import format as formats
from bench.results.schema import Comparison, Contender, Results

SHOWN = {"step_seconds": "per training step", "epoch_seconds": "per epoch"}
"""The quantities whose floor is told, as a sentence names them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """What the machine read between a contender and the baseline that it is."""

    comparison: Comparison
    share: float
    """The largest difference that the interval admits, as a share of the time: 0.02 is ±2 %."""
    excluded: bool
    """Whether the interval says that equal things differ."""


def same(one: Contender, other: Contender) -> bool:
    """Return whether two contenders differ in their name only."""
    first, second = ((item.backend, item.versions, item.python, item.settings) for item in (one, other))
    return first == second


def floors(results: Results) -> list[Floor]:
    """Return the floor of each quantity of `SHOWN`, for every contender that is the baseline again."""
    known = {contender.name: contender for contender in results.contenders}
    baseline = known.get(results.baseline)
    found = []
    for item in results.comparison:
        twin = known.get(item.contender)
        if baseline is None or twin is None or item.quantity not in SHOWN or not same(twin, baseline):
            continue
        if item.low is not None and item.high is not None and 0 < item.low <= item.high < math.inf:
            reach = max(abs(math.log(item.low)), abs(math.log(item.high)))
            excluded = not item.low <= 1 <= item.high
            found.append(Floor(comparison=item, share=math.expm1(min(reach, 700.0)), excluded=excluded))
    return found


def sentences(results: Results) -> list[str]:
    """Return the floor of each A/A pair in a sentence, and one for every interval that calls equal things different."""
    found = floors(results)
    told = []
    for name in dict.fromkeys(item.comparison.contender for item in found):
        mine = [item for item in found if item.comparison.contender == name]
        shares = ", ".join(f"{_reach(item.share)} {SHOWN[item.comparison.quantity]}" for item in mine)
        repeats = formats.count(min(item.comparison.repeats for item in mine), "repeat")
        told.append(
            f"this machine's noise floor at {repeats}: {shares} ({name} is {results.baseline} again); "
            "smaller differences cannot be told apart"
        )
        told += [_excluded(item.comparison) for item in mine if item.excluded]
    return told


def _reach(share: float) -> str:
    """Return a floor in words: "±2.3 %"; as a factor from where a percentage no longer reads the same either way."""
    return f"±{formats.percent(share)}" if share < 1 else f"a factor of {formats.significant(1 + share, 2)}"


def _excluded(item: Comparison) -> str:
    ends = formats.interval(item.low, item.high)
    who = f"{item.contender} and {item.baseline} {SHOWN[item.quantity]} (ratio {ends})"
    chance = "chance does that in 1 of 20 runs; more often, it is the machine or the instrument"
    return f"equal things were called different: {who}. {chance.capitalize()}"
