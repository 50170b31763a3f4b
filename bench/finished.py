"""What an earlier sitting of a run has done already: recognised by content, and never mixed with anything else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import record
from bench.errors import RequestError
from bench.noise.kinds import Kind
from bench.plan import Plan
from bench.results import store
from bench.results.recorded import HARDWARE, SYSTEM
from bench.results.schema import Contender, Results, RunWarning, Trial
from bench.resume import FREE

MACHINE = (*HARDWARE, *SYSTEM, "logical_cores", "python", "python_implementation", "revision", "environment")
"""Facts of `Results.machine` in which two sittings may not differ: their trials would be one sample."""

AT_START = {Kind.BUSY_AT_START, Kind.GPU_BUSY_AT_START, Kind.UNLOCKED}
TOLD = 3
"""Changes that are named; the rest is counted."""

Group = tuple[int, list[Contender]]
"""(repeat, those who run together), as `Plan.groups` has them."""


def before(plan: Plan, folder: Path) -> tuple[Plan, Results | None]:
    """Return what an earlier sitting left in `folder`, and `plan` with the repeats that its pilot chose.

    None where it left nothing. Raises `RequestError` for results that cannot be read, and where the work, the data,
    the versions or the machine have changed since.
    """
    if not (folder / store.NAME).exists():
        return plan, None
    try:
        found = store.read(folder)
    except store.SchemaError as error:
        raise RequestError(f"{error}; its trials cannot be taken over: start a new run") from None
    plan = _settled(plan, found.pilot)
    if apart := changes(found, record.begin(plan)):
        more = f" and {len(apart) - TOLD} more" if len(apart) > TOLD else ""
        raise RequestError(
            f"resume={folder}: not the same as when it was begun: {'; '.join(apart[:TOLD])}{more}; "
            f"trials of both must not be mixed: start a new run with {plan.command}"
        )
    return plan, found


def _settled(plan: Plan, pilot: Mapping[str, Any]) -> Plan:
    chosen, measure = pilot.get("chosen"), plan.config["measure"]
    if measure["half_width"] is None or not isinstance(chosen, int) or not 0 < chosen <= 10**4:
        return plan
    return replace(plan, config=plan.config | {"measure": measure | {"repeats": chosen}})


def changes(old: Results, new: Results) -> list[str]:
    """Return what differs between the beginnings of two sittings, each as "name: old, now new"."""
    data = [item.dataset.checksum if item.dataset else "" for item in (old, new)]
    found = [f"the data: checksum {data[0][:12] or 'none'}, now {data[1][:12]}"] if data[0] != data[1] else []
    facts = [{key: item.machine.get(key) for key in MACHINE} for item in (old, new)]
    versions = [dict(item.versions) for item in (old, new)]
    for one, other in (versions, facts, (old.config, new.config)):
        flat = dict(_flat(one)), dict(_flat(other))
        names = [name for name in {**flat[0], **flat[1]} if name not in FREE]
        found += [
            f"{name}: {_said(flat[0].get(name))}, now {_said(flat[1].get(name))}"
            for name in names
            if flat[0].get(name) != flat[1].get(name)
        ]
    same = old.content == new.content or found
    return found if same else ["the work: given weights or sample weights hold other numbers"]


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) for all that is no mapping, as it is after JSON."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))
    elif value not in (None, {}):
        yield prefix, json.loads(json.dumps(value, default=str))


def _said(value: Any) -> str:
    text = "not set" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def standing(plan: Plan, earlier: Results, folder: Path) -> list[Trial]:
    """Return the trials that need not run again, in order.

    One that diverged stands: it would do so again. A repeat stands as a whole or not at all: its contenders are
    compared as a pair, which met the same machine, and that of another day is another one.
    """
    good = {(trial.contender, trial.repeat): trial for trial in earlier.trials if _stands(plan, trial, folder)}
    repeats = range(plan.repeats)
    whole = {repeat for repeat in repeats if all((item.name, repeat) in good for item in plan.contenders)}
    return [good[item.name, repeat] for repeat, group in plan.groups(repeats) if repeat in whole for item in group]


def _stands(plan: Plan, trial: Trial, folder: Path) -> bool:
    place = f"trials/{trial.contender}-{trial.repeat}"
    file = (folder / place / "trial.json").resolve()
    return (
        trial.status in ("ok", "diverged")
        and trial.seed == plan.config["train"]["seed"] + trial.repeat
        and trial.folder == place
        and file.is_relative_to(folder.resolve())
        and file.is_file()
    )


def missing(plan: Plan, trials: list[Trial]) -> list[Group]:
    """Return the groups of `plan` that have yet to run, in their order."""
    there = {(trial.contender, trial.repeat) for trial in trials}
    groups = plan.groups(range(plan.repeats))
    return [(repeat, group) for repeat, group in groups if any((item.name, repeat) not in there for item in group)]


def is_whole(plan: Plan, earlier: Results, folder: Path) -> bool:
    """Return whether an earlier sitting came to its end, so that nothing is left to do."""
    ended = earlier.status == "ok" or (earlier.status == "failed" and not all_good(earlier))
    return ended and not missing(plan, standing(plan, earlier, folder))


def all_good(results: Results) -> bool:
    """Return whether the gate was passed and no trial went wrong."""
    return results.parity.passed is not False and all(trial.status == "ok" for trial in results.trials)


def take_over(plan: Plan, earlier: Results, results: Results, folder: Path) -> None:
    """Put into the fresh `results` of this sitting what stands of the `earlier` ones."""
    results.trials = standing(plan, earlier, folder)
    results.warnings = [warning for warning in earlier.warnings if _holds(warning, results.trials)]
    results.command, results.started, results.pilot = earlier.command, earlier.started, earlier.pilot
    results.resumed = [*earlier.resumed, record.now()]
    results.waited_seconds, results.wall_seconds = earlier.waited_seconds, earlier.wall_seconds


def _holds(warning: RunWarning, trials: list[Trial]) -> bool:
    """Return whether an earlier warning is one of a trial that stands; those of the run as a whole are found anew."""
    if warning.repeat is None:
        return warning.kind in AT_START and bool(trials)
    names = {trial.contender for trial in trials if trial.repeat == warning.repeat}
    return bool(names) and (not warning.contender or warning.contender in names)


def in_order(plan: Plan, trials: list[Trial]) -> list[Trial]:
    """Return `trials` in the order in which a run in one sitting would have them."""
    groups = plan.groups(range(plan.repeats))
    order = [(item.name, repeat) for repeat, group in groups for item in group]
    return sorted(trials, key=lambda trial: order.index((trial.contender, trial.repeat)))
