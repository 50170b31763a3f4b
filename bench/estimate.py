"""About how long a run takes: from runs of the same kind before, and by rule of thumb without any."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.datasets.cache import cache_folder
from bench.plan import Plan
from bench.results import store
from bench.results.schema import Contender, Trial
from frameworks import rooms
from frameworks.order import steps_per_epoch

HOW_OFTEN = ("name", "repeats", "half_width", "pilot", "most_repeats", "timeout")
"""Keys of `measure` that say how many trials there are, not how long one takes."""

PATIENCE_SECONDS, PATIENCE = 1800.0, 20.0
"""A silence that is no hang yet: half an hour, for there are compilers that take so long, or so many times what the
longest trial is thought to take as a whole."""

GATE_SECONDS = 9.0
STEP_OVERHEAD_SECONDS = 1.2e-3
FLOPS_PER_SECOND = 2e10
"""What small networks reach on two cores; a rule of thumb, replaced by what the first run measures."""


def seconds(plan: Plan) -> tuple[float, float]:
    """Return about how long the gate and all trials take."""
    measure = plan.config["measure"]
    # With a pilot, as many repeats again as were set, for want of anything better.
    repeats = plan.repeats + (0 if measure["half_width"] is None else int(measure["pilot"]))
    return GATE_SECONDS if len(plan.contenders) > 1 else GATE_SECONDS / 2, sum(_each(plan)) * repeats


def patience(plan: Plan) -> float:
    """Return the seconds after which a child that tells nothing has hung: ``measure.timeout``, or a generous guess."""
    given = plan.config["measure"]["timeout"]
    if given is not None:
        return float(given)
    return max(PATIENCE_SECONDS, PATIENCE * max(_each(plan)))


def remember(plan: Plan, trials: list[Trial], contenders: list[Contender]) -> None:
    """Keep what a trial of each contender took, for the next run of the same kind."""
    known = _known()
    for contender in contenders:
        mine = [trial for trial in trials if trial.contender == contender.name and trial.status == "ok"]
        took = [sum(trial.phases.values()) for trial in mine]
        if took:
            known[_key(plan, contender)] = sum(took) / len(took)
    with suppress(OSError):
        store.write_json(_path(), dict(list(known.items())[-500:]))


def _each(plan: Plan) -> list[float]:
    """Return about how long a trial of each contender takes."""
    known = _known()
    return [known.get(_key(plan, contender)) or _guess(plan, contender) for contender in plan.contenders]


def _guess(plan: Plan, contender: Contender) -> float:
    config: dict[str, Any] = plan.config
    train, measure = config["train"], config["measure"]
    work = 3 * plan.network.flops * train["batch_size"] / FLOPS_PER_SECOND
    step = STEP_OVERHEAD_SECONDS + work
    steps = steps_per_epoch(len(plan.splits.train), train["batch_size"], train["drop_last"]) * train["epochs"]
    turn = 2 * max(measure["turn_seconds"], step)
    clocks = min(measure["turns"] * turn, max(measure["seconds"], measure["min_turns"] * turn))
    clocks += 2 * measure["predict_seconds"]
    evaluation = train["epochs"] * len(plan.splits.val) * plan.network.flops / FLOPS_PER_SECOND
    return float(rooms.start_seconds(contender.backend) + steps * step + clocks + evaluation)


def _key(plan: Plan, contender: Contender) -> str:
    measure = {key: value for key, value in plan.config["measure"].items() if key not in HOW_OFTEN}
    kind = json.dumps([plan.content(), contender.settings, measure], sort_keys=True, default=str)
    return hashlib.sha256(kind.encode()).hexdigest()[:32]


def _path() -> Path:
    return cache_folder() / "seconds.json"


def _known() -> dict[str, float]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
