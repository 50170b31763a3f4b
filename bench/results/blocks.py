"""The trials of a contender by block: a repeat and its seed, which is what contenders share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from bench.results.schema import Trial

Block = tuple[int, int]
"""(repeat, seed)."""


def good(trials: Sequence[Trial], contender: str) -> dict[Block, Trial]:
    """Return the trials of `contender` that ended well, by block; one that was made again replaces the earlier one."""
    mine = (trial for trial in trials if trial.contender == contender and trial.status == "ok")
    return {(trial.repeat, trial.seed): trial for trial in mine}


def sound(value: float | None) -> TypeGuard[float]:
    """Return whether a clock or a rate has read something: above nothing, and finite."""
    return value is not None and 0 < value < math.inf
