"""The race: the gate, then repeat after repeat, results written after each, then the verdict and the report."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from bench import (
    announce,
    disputed,
    estimate,
    finished,
    gate,
    judge,
    lock,
    neighbours,
    noise,
    pilot,
    pipelines,
    record,
    reporting,
    samples,
    trials,
)
from bench.plan import Plan
from bench.results import anew, store, summary, witness
from bench.results import format as formats
from bench.results.schema import Results
from bench.screen import Screen
from bench.work import Work
from frameworks import rooms


def run(plan: Plan, folder: Path, *, earlier: Results | None = None, label: str = "") -> int:
    """Run `plan` and leave everything in `folder`; return 0, or 1 where a trial or the gate failed.

    What stands of an `earlier` sitting (`bench.finished`) is not run again. Several runs that share a screen have a
    `label` each. Interrupted, it writes what it has, with a report over it, and lets the interrupt go on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = samples.write(plan.prepared, plan.splits, folder, plan.config["train"]["seed"])
    results = record.begin(plan, pictures, disputed.write_labels(plan.prepared, plan.splits, folder))
    if earlier is not None:
        finished.take_over(plan, earlier, results, folder)
    store.write(folder, results)
    began, before = time.monotonic(), results.wall_seconds or 0.0

    def so_far() -> float:
        """Return the seconds of all sittings."""
        return before + time.monotonic() - began

    with Screen(label=label) as screen, tempfile.TemporaryDirectory(prefix="parallax-") as scratch, ExitStack() as held:
        try:
            screen.announce(announce.lines(plan), _left(plan, results))
            work = Work(plan, Path(scratch))
            if not _gate(plan, work, folder, results, screen):
                return 1
            # Until the report is written, so that nobody begins to measure while it is drawn.
            waited = held.enter_context(lock.measuring(plan.command, screen.waiting))
            results.waited_seconds += waited or 0.0
            results.warnings += [noise.unlocked()] if waited is None else []
            results.warnings += neighbours.at_start(plan.contenders, screen.waiting)
            _race(plan, work, folder, results, screen, so_far)
        except BaseException as error:
            results.status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            planned = results.conditions["repeats"] * len(plan.contenders)
            why = "" if isinstance(error, KeyboardInterrupt) else f": {error}"
            results.message = f"after {len(results.trials)} of {planned} trials{why}"
            screen.problem(f"{results.status.capitalize()} {results.message}; writing what there is …")
            raise
        finally:
            _end(plan, folder, results, so_far(), screen)
    return 0 if results.status == "ok" else 1


def show(plan: Plan, folder: Path, results: Results) -> int:
    """Show an earlier sitting's `results`, to which nothing is to be added, with their report; return as `run` does."""
    with Screen() as screen:
        screen.gate(f"Nothing to do: {formats.count(len(results.trials), 'trial')} of this run are there, all it has.")
        if plan.config["report"]:
            _report(folder, screen)
        screen.verdict(results, folder)
    return 0 if results.status == "ok" else 1


def _left(plan: Plan, results: Results) -> float:
    """Return about how many seconds the gate and the trials that are missing take."""
    gate_seconds, all_trials = estimate.seconds(plan)
    return gate_seconds + all_trials * (1 - len(results.trials) / (plan.repeats * len(plan.contenders)))


def _gate(plan: Plan, work: Work, folder: Path, results: Results, screen: Screen) -> bool:
    """Run the gate, beside those of other runs; return whether the contenders may race."""
    with lock.working(screen.waiting) as waited:
        results.waited_seconds += waited or 0.0
        screen.gate("Parity gate: do all contenders compute the same? …")
        results.parity = gate.run(plan, work, folder / "parity")
    screen.gate(f"Parity gate: {results.parity.message}.")
    store.write(folder, results)
    if results.parity.passed is False and plan.config["parity"]["on_fail"] == "stop":
        results.message = "the parity gate failed; nobody was raced (parity.on_fail=warn races all the same)"
        screen.problem(results.message)
        return False
    return True


def _race(plan: Plan, work: Work, folder: Path, results: Results, screen: Screen, so_far: Callable[[], float]) -> None:
    """Run the trials that are missing; `results` is written after each, with the seconds `so_far`."""
    plan = _settled(plan, work, results, screen)
    groups = finished.missing(plan, results.trials)
    if results.trials:
        screen.gate(f"{formats.count(len(results.trials), 'trial')} of an earlier sitting stand.")
    for index, (repeat, contenders) in enumerate(groups, start=1):
        names, of = [contender.name for contender in contenders], f"repeat {repeat + 1} of {plan.repeats}"
        lone = f"trial {index} of {len(groups)}: {names[0]}, {of}"
        screen.trial_begin(index, len(groups), lone if len(names) == 1 else f"{of}: {formats.listed(names)} in turns")
        found, warnings = trials.run(work, contenders, repeat, folder, partial(_listen, screen, len(names) > 1))
        results.trials = finished.in_order(plan, results.trials + found)
        results.warnings += warnings
        results.wall_seconds = so_far()
        store.write(folder, results)
        screen.trial_end(found, results.dataset.mark if results.dataset else "")


def _settled(plan: Plan, work: Work, results: Results, screen: Screen) -> Plan:
    """Return the plan with as many repeats as a pilot finds are needed, where a half-width is wanted."""
    measure = plan.config["measure"]
    if measure["half_width"] is None or results.pilot:
        return plan
    wanted = formats.percent(measure["half_width"])
    screen.gate(f"Pilot: how many repeats does an interval of ±{wanted} take? {measure['pilot']} to find out …")
    plan, results.pilot = pilot.settle(plan, work, work.folder / "pilot", partial(_listen, screen, True))
    results.config, results.conditions["repeats"] = plan.config, plan.repeats
    if results.pilot.get("failed"):
        why = results.pilot["failed"]
        screen.problem(
            f"Pilot: too few of its trials finished ({why}); {formats.count(plan.repeats, 'repeat')}, as set."
        )
    else:
        spread = formats.percent(results.pilot["spread"])
        capped = f", the most allowed (measure.most_repeats): the interval may come out wider than ±{wanted}"
        short = "" if results.pilot["suffices"] else capped
        screen.gate(f"Pilot: a repeat's ratio scatters by {spread}: {formats.count(plan.repeats, 'repeat')}{short}.")
    return plan


def _listen(screen: Screen, named: bool, contender: str, told: dict[str, Any]) -> None:
    """Show what a contender's child tells, with its name where several take turns."""
    who = f"{contender}: " if named else ""
    if told["event"] == "phase":
        screen.phase(f"{who}{told['name']}")
    elif told["event"] == "epoch":
        screen.epoch(told["done"], told["total"], f"{who}loss {told['loss']:.3g}")


def _end(plan: Plan, folder: Path, results: Results, seconds: float, screen: Screen) -> None:
    """Bring a race to its end, however it came: the results, the report, the verdict on screen."""
    try:
        _finish(plan, folder, results, seconds)
    except OSError as error:  # a full disk, likely; what was written before is whole
        screen.problem(f"The results could not be written ({error}); those of the trials before are kept.")
        results.status = "failed" if results.status == "ok" else results.status
    if plan.config["report"]:
        _report(folder, screen, wait=results.status != "interrupted")
    screen.verdict(results, folder)
    if summary.is_open(results):
        screen.gate(f"To run what is missing or failed: python -m bench resume={shlex.quote(str(folder))}")


def _finish(plan: Plan, folder: Path, results: Results, seconds: float) -> None:
    """Compare, judge, and write the results for good."""
    if pipelines.is_same(plan.config["pipeline"]) and not plan.network.random_layers():
        witness.hold(results)
    anew.compute(results)
    results.warnings += judge.judge(results)
    layers = plan.network.uneven_same()
    if layers and any(rooms.pays_for_uneven_same(contender.backend) for contender in plan.contenders):
        results.warnings.append(noise.same_padding(layers))
    if results.status == "running":
        results.status = "ok" if finished.all_good(results) else "failed"
        results.message = results.message or _troubles(results)
    if results.dataset:
        with suppress(OSError, ValueError):  # what only the report would show costs no result
            disputed.write_images(plan.prepared, plan.splits, folder, results.trials, results.dataset)
    results.finished, results.wall_seconds = record.now(), seconds
    store.write(folder, results)
    estimate.remember(plan, results.trials, plan.contenders)


def _troubles(results: Results) -> str:
    bad = [trial for trial in results.trials if trial.status != "ok"]
    told = [f"{trial.contender}, repeat {trial.repeat + 1}: {trial.status}; {trial.message}" for trial in bad]
    if results.parity.passed is False:
        told.insert(0, "the parity gate failed")
    return "; ".join(told)


def _report(folder: Path, screen: Screen, *, wait: bool = True) -> None:
    """Draw the report, while nobody measures, for it takes all cores; who was interrupted does not `wait` for that."""
    again = f"python -m reports {shlex.quote(str(folder))}"
    try:
        with lock.working(screen.waiting, wait=wait):
            done = reporting.render(folder)
    except BlockingIOError:
        screen.problem(f"No report was drawn, for another run measures. For one: {again}")
        return
    if done.returncode:
        with suppress(OSError):  # a full disk, likely: what is said on screen must do
            (folder / "report.log.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
        screen.problem(f"The report failed (see {folder / 'report.log.txt'}); again: {again}")
