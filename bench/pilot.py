"""The pilot: a few repeats that are thrown away, and how many the race then takes for the interval that is wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import stdev
from typing import Any

from bench import trials
from bench.plan import Plan
from bench.results import blocks, pilot, stats
from bench.results.blocks import sound
from bench.results.schema import Trial
from bench.trials import Listen
from bench.work import Work


def settle(plan: Plan, work: Work, folder: Path, listen: Listen) -> tuple[Plan, dict[str, Any]]:
    """Return `plan` with its number of repeats settled by a pilot in `folder`, and what the pilot found.

    The wanted half-width is of the time per training step. Nothing of the pilot is in any ratio: to stop when an
    interval looks narrow would be to stop where the spread came out small by chance. One that fails settles nothing.
    """
    measure = plan.config["measure"]
    wanted = measure["half_width"]
    found: list[Trial] = []
    for repeat, contenders in plan.groups(range(measure["pilot"])):
        found += trials.run(work, contenders, repeat, folder, listen)[0]
    others = [contender.name for contender in plan.contenders if contender.name != plan.baseline]
    spreads = [_log_ratios(found, name, plan.baseline) for name in others]
    if any(len(each) < pilot.LEAST for each in spreads):
        why = next(
            (f"{trial.contender}: {trial.message}" for trial in found if trial.status != "ok"), "no time per step"
        )
        return plan, {"repeats": measure["pilot"], "wanted": wanted, "chosen": plan.repeats, "failed": why}
    confidence, most = stats.together(len(others)), measure["most_repeats"]
    chosen = max(pilot.repeats_for(each, wanted, confidence, most=most + 1) for each in spreads)
    suffices, chosen = chosen <= most, min(chosen, most)
    settled = plan.config | {"measure": measure | {"repeats": chosen}}
    return replace(plan, config=settled), {
        "repeats": measure["pilot"],
        "spread": max(map(stdev, spreads)),
        "wanted": wanted,
        "chosen": chosen,
        "suffices": suffices,
    }


def _log_ratios(found: Sequence[Trial], contender: str, baseline: str) -> list[float]:
    """Return ln(contender ÷ baseline) of each repeat in which both finished."""
    ours, theirs = blocks.good(found, contender), blocks.good(found, baseline)
    both = [(ours[block].step_seconds, theirs[block].step_seconds) for block in ours if block in theirs]
    return [math.log(one / other) for one, other in both if sound(one) and sound(other)]
