"""Which warnings the results of a run deserve; `bench.noise` words them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, linear_regression
from typing import Any

from bench import noise
from bench.results import attained
from bench.results.schema import Results, RunWarning, Trial

DRIFT = 0.10
"""Change of the step time between the first repeat and the last, as a share of the first."""

ENOUGH_FOR_A_TREND, TREND = 4, 4.0
"""Repeats from which on a trend can be told from noise, and how many of its standard errors it must be."""

OUTLIERS = 3.0
"""p99 of the latency clock over its median."""

COLLAPSE = 1.5
"""Throughput clock over the latency clock's median; the first waits less often, so in peace it is below 1."""

BLAS = 0.10
"""Share of the slower one's step that equal matrix products would save: a difference that a standard run resolves.

One number for both of its reasons: rates that hardly differ save little, and so does any rate in a model that hardly
multiplies matrices. Checked on an AMD processor, where PyTorch's MKL can be kept from its slow path: for an mlp of
784-256-256-128-10 in batches of 64 and of 512, at 215 instead of 452 GFLOP/s, the estimate is 23 % and 43 % of the
step; without the slow path it took 29 % and 47 % less.
"""

INTERRUPTED, MORE_OFTEN = 50.0, 2.0
"""Involuntary context switches per second and CPU beyond those of the contender's quietest repeat, and times as many.

A preempted thread waits for about 1 ms at least (the scheduler's slice), so 50 are 5 % of the time. How many there are
in peace is a framework's own: with as many threads as cores PyTorch has 10, TensorFlow 750, threads of its own that
push each other aside.
"""


def judge(results: Results) -> list[RunWarning]:
    """Return the warnings that follow from the results themselves: repeats, threads, clocks, data, certificate.

    What the machine did during a trial is `disturbed.between`'s to say, trial by trial.
    """
    found: list[RunWarning] = []
    if results.dataset and results.dataset.synthetic:
        found.append(noise.synthetic_data(results.dataset))
    found += _uncertified(results)
    found += _diverged(results)
    good = _good(results.trials)
    found += _repeats(results)
    found += _governor(results.machine)
    found += _threads(good, results.config)
    found += _drift(good)
    found += _blas(results, good)
    for name, trials in good.items():
        found += _collapse(name, trials, results.machine) + _retraces(trials, results.config) + _outliers(name, trials)
        found += _interrupted(trials, results.machine)
        found += _unsettled(trials)
    return found


def _good(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    names = dict.fromkeys(trial.contender for trial in trials)
    kept = [trial for trial in trials if trial.status == "ok"]
    found = {name: [trial for trial in kept if trial.contender == name] for name in names}
    return {name: sorted(mine, key=lambda trial: trial.repeat) for name, mine in found.items() if mine}


def _repeats(results: Results) -> list[RunWarning]:
    """Warn about the blocks that stand behind the ratios; a lone contender has none, nothing is compared."""
    counts = [item.repeats for item in results.comparison if item.repeats]
    if not counts:
        return []
    fewest = min(counts)
    if fewest == 1:
        return [noise.single_repeat()]
    chosen = "spread" in results.pilot  # by a pilot, for the width that was wanted
    return [noise.few_repeats(fewest)] if fewest < noise.ENOUGH_REPEATS and not chosen else []


def _uncertified(results: Results) -> list[RunWarning]:
    failed = dict.fromkeys(item.contender for item in results.comparison if not item.certified)
    return [noise.uncertified(name, results.baseline) for name in failed]


def _diverged(results: Results) -> list[RunWarning]:
    rate = (results.config.get("optimizer") or {}).get("learning_rate")
    rate = float(rate) if isinstance(rate, int | float) else None
    return [noise.diverged(trial, rate) for trial in results.trials if trial.status == "diverged"]


def _threads(good: Mapping[str, Sequence[Trial]], config: Mapping[str, Any]) -> list[RunWarning]:
    """Compare what was in force in the processes, not what was asked for."""
    found = {name: _number(trials[-1].environment.get("threads")) for name, trials in good.items()}
    known = {name: count for name, count in found.items() if count is not None}
    return [noise.unequal_threads(known, config)] if len(set(known.values())) > 1 else []


def _number(threads: Any) -> int | None:
    """Return the threads that one operation may use, however a room reports them."""
    if isinstance(threads, Mapping):
        threads = threads.get("intra_op", threads.get("intra"))
    return threads if isinstance(threads, int) else None


def _drift(good: Mapping[str, Sequence[Trial]]) -> list[RunWarning]:
    """Warn about every contender that drifted; only what slows or speeds all of them alike cancels in a ratio."""
    steps = {name: [trial.step_seconds for trial in trials if trial.step_seconds] for name, trials in good.items()}
    changes = {name: _trend(times) for name, times in steps.items()}
    drifted = {name: change for name, change in changes.items() if abs(change) > DRIFT}
    alike = len(drifted) == len(changes) and len({change > 0 for change in drifted.values()}) == 1
    return [noise.drift(name, change, alike=alike) for name, change in drifted.items()]


def _trend(times: Sequence[float]) -> float:
    """Return by which share times change from first to last, along the line through them; 0 where it may be noise.

    Two times, or three, always lie near some line.
    """
    if len(times) < ENOUGH_FOR_A_TREND:
        return 0.0
    logs, places = [math.log(time) for time in times], range(len(times))
    slope, start = linear_regression(places, logs)
    left = sum((value - start - slope * place) ** 2 for place, value in zip(places, logs, strict=True))
    width = sum((place - fmean(places)) ** 2 for place in places)
    error = math.sqrt(left / (len(times) - 2) / width)
    return math.expm1(slope * (len(times) - 1)) if abs(slope) > TREND * error else 0.0


def _blas(results: Results, good: Mapping[str, Sequence[Trial]]) -> list[RunWarning]:
    """Warn where the library that multiplies matrices may be what is compared."""
    found = []
    for name in good:
        pair = attained.unequal(results, name)
        if pair and pair.ratio.resolved(1.0) and pair.saving >= BLAS:
            environment = good[pair.slower][-1].environment
            on_cpu = environment.get("device") == "cpu"
            vendor = results.machine.get("cpu_vendor") if on_cpu else None
            found.append(noise.unequal_blas(pair, vendor, mkl=bool(environment.get("mkl"))))
    return found


def _collapse(name: str, trials: Sequence[Trial], machine: Mapping[str, Any]) -> list[RunWarning]:
    """Name the worst trial alone, as for outliers."""
    clocks = [(trial.step_seconds, trial.step_latency_seconds.get("p50")) for trial in trials]
    worst = max((step / waited for step, waited in clocks if step and waited), default=0.0)
    threads = _number(trials[-1].environment.get("threads"))
    return [noise.collapse(name, worst, threads, machine.get("cores"))] if worst > COLLAPSE else []


def _unsettled(trials: Sequence[Trial]) -> list[RunWarning]:
    return [
        noise.unsettled(trial.contender, trial.repeat, float(trial.warmup["seconds"]))
        for trial in trials
        if trial.warmup.get("settled") is False
    ]


def _retraces(trials: Sequence[Trial], config: Mapping[str, Any]) -> list[RunWarning]:
    dropped = bool((config.get("train") or {}).get("drop_last"))
    counts = [(trial, trial.environment.get("retraces")) for trial in trials]
    return [
        noise.retraces(trial.contender, trial.repeat, times, drop_last=dropped)
        for trial, times in counts
        if isinstance(times, int) and times > 0
    ]


def _governor(machine: Mapping[str, Any]) -> list[RunWarning]:
    name = machine.get("governor")
    return [noise.governor(str(name))] if name and name != "performance" else []


def _interrupted(trials: Sequence[Trial], machine: Mapping[str, Any]) -> list[RunWarning]:
    """Hold each trial against the quietest of the same contender."""
    rates = {}
    for trial in trials:
        times, wall = trial.usage.get("involuntary_switches"), sum(trial.phases.values())
        if times is not None and wall > 0:
            rates[trial.contender, trial.repeat] = times / wall
    quietest = min(rates.values(), default=0.0)
    bound = max(quietest * MORE_OFTEN, quietest + INTERRUPTED * (machine.get("cores") or 1))
    return [noise.interrupted(*trial, rate, quietest) for trial, rate in rates.items() if rate > bound]


def _outliers(name: str, trials: Sequence[Trial]) -> list[RunWarning]:
    """Name the worst trial alone: each contender is warned about once."""
    tails = [trial.step_latency_seconds for trial in trials]
    factors = [tail["p99"] / tail["p50"] for tail in tails if tail.get("p50") and tail.get("p99")]
    worst = max(factors, default=0.0)
    return [noise.outliers(name, worst)] if worst > OUTLIERS else []
