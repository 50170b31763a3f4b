"""The trials of a repeat: run in children that take turns, with what is read beside them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import disturbed, estimate, launch, machine, readings
from bench.counters import Counters, counters
from bench.disturbed import Spent
from bench.gauges import Board, Gauge
from bench.launch import Outcome
from bench.relay import Relay
from bench.results import store
from bench.results.schema import Contender, RunWarning, Trial
from bench.work import Work
from frameworks.contract import CLOCKS, OUTCOME, REQUEST

SCRATCH = (REQUEST, OUTCOME, CLOCKS)
"""What a child and its parent tell each other; a trial does not keep it."""

Listen = Callable[[str, dict[str, Any]], None]
"""Gets what a contender's child tells: (contender, event)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """One contender's trial that has ended."""

    trial: Trial
    found: Outcome
    gauge: Gauge


def run(
    work: Work, contenders: Sequence[Contender], repeat: int, folder: Path, listen: Listen
) -> tuple[list[Trial], list[RunWarning]]:
    """Run the trials of one repeat, which take turns; return them and what happened on the machine meanwhile.

    Their files lie below `folder`. A lone contender has every turn; whoever fails leaves the others to go on.
    """
    relay = Relay([contender.name for contender in contenders], repeat, work.plan.config["measure"])
    device = machine.gpu() if any(item.settings["device"] == "gpu" for item in contenders) else None
    board = Board(device) if device else None
    before, began = counters(device), time.perf_counter()
    with ThreadPoolExecutor(max_workers=len(contenders)) as pool:
        try:
            done = list(pool.map(partial(_one, work, relay, board, repeat, folder, listen), contenders))
        except BaseException:
            relay.close()
            launch.stop()
            raise
    after, seconds = counters(device), time.perf_counter() - began
    for item in done:
        _complete(item, before, after, folder, alone=len(done) == 1)
    who = contenders[0].name if len(contenders) == 1 else ""
    warnings = disturbed.between(before, after, _spent(done, contenders, seconds), who, repeat)
    for warning in warnings:
        warning.repeat = repeat
    return [item.trial for item in done], warnings


def _one(
    work: Work,
    relay: Relay,
    board: Board | None,
    repeat: int,
    folder: Path,
    listen: Listen,
    contender: Contender,
) -> Done:
    """Run one contender's trial as its turns come."""
    name = f"trials/{contender.name}-{repeat}"
    place = folder / name
    request = work.request("trial", contender, repeat, place)
    # In a folder that was used before, an earlier trial's files would pass for this one's.
    shutil.rmtree(place, ignore_errors=True)
    gauge = Gauge(partial(listen, contender.name), board if request.settings["device"] == "gpu" else None)
    try:
        relay.take(contender.name)
        take = partial(gauge.turn, partial(relay.take, contender.name))
        found = launch.run(request, gauge, take, patience=estimate.patience(work.plan))
        gauge.end()
    finally:
        relay.leave(contender.name)
    trial = Trial(
        contender=contender.name,
        repeat=repeat,
        seed=request.train["seed"],
        status=found.status,
        message=found.message,
        folder=name,
    )
    return Done(trial=readings.read(found, trial, request), found=found, gauge=gauge)


def _complete(done: Done, before: Counters, after: Counters, folder: Path, *, alone: bool) -> None:
    """Fill in what was read beside the child, and leave the trial's record and no scratch."""
    trial, gauge = done.trial, done.gauge
    trial.usage |= {"late_major_faults": faults} if (faults := _late_faults(done)) is not None else {}
    if alone and before.waiting_seconds is not None and after.waiting_seconds is not None:
        trial.usage["waiting_seconds"] = after.waiting_seconds - before.waiting_seconds
    trial.energy_joules = gauge.energy_joules()
    held = gauge.device_bytes()
    if held is not None:
        trial.memory["device"] = held
    place = folder / trial.folder
    store.write_json(place / "trial.json", asdict(trial))
    if trial.repeat > 0:
        (place / "weights.safetensors").unlink(missing_ok=True)
    for leftover in SCRATCH:
        (place / leftover).unlink(missing_ok=True)


def _late_faults(done: Done) -> float | None:
    return disturbed.late_faults(done.found.usage, done.gauge.faults_at_first())


def _spent(done: Sequence[Done], contenders: Sequence[Contender], seconds: float) -> Spent:
    """Return what the trials of a repeat took together."""
    return Spent(
        wall_seconds=seconds,
        cpu_seconds=sum(item.found.cpu_seconds + item.found.values.get("workers_cpu_seconds", 0.0) for item in done),
        late_faults=sum(_late_faults(item) or 0.0 for item in done),
        threads=max(item.settings["threads"] for item in contenders),
        reasons=frozenset().union(*(item.gauge.reasons() for item in done)),
    )
