"""Every number of a run by how it came about: what was clocked, where it was synchronised, how often; and the tables of
prediction and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.results.schema import Results, Trial
from bench.results.stats import geometric_mean
from bench.results.summary import names
from reports.format import number, seconds, size, with_unit
from reports.format import rate as per_second


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """How one number is made."""

    number: str
    what: str
    """What was clocked."""
    synchronised: str
    value: str
    """What a trial's value is, of its readings."""
    phase: str
    """Its readings in `Trial.clocked`."""


STEP = "the framework's own training step on one batch on the device, again and again"

CLOCKS = (
    Clock(
        number="time per step",
        what=STEP,
        synchronised="at both ends of a block",
        value="the median block",
        phase="throughput",
    ),
    Clock(
        number="latency",
        what=STEP,
        synchronised="after every step",
        value="p50, p95 and p99 of the steps",
        phase="latency",
    ),
    Clock(
        number="input",
        what="the input pipeline alone, from its first batch's arrival on",
        synchronised="at both ends",
        value="the mean batch",
        phase="input",
    ),
    Clock(
        number="epoch",
        what="real training, from an epoch's first batch's begin to its last one's end",
        synchronised="at both ends of an epoch",
        value="the median epoch",
        phase="epoch",
    ),
    Clock(
        number="first step",
        what="the first training step: tracing and compiling too",
        synchronised="after it",
        value="the one",
        phase="first_step",
    ),
    Clock(
        number="import",
        what="importing the framework, and all that brings",
        synchronised="–",
        value="the one",
        phase="first_step",
    ),
    Clock(
        number="prediction of the test set",
        what="the forward pass over the test set in the training's batches, compiled and warm; fetching is outside",
        synchronised="after the last batch",
        value="the one",
        phase="first_step",
    ),
    Clock(
        number="prediction of one sample",
        what="the forward pass of one sample on the device",
        synchronised="after every pass",
        value="p50, p95 and p99",
        phase="predict/latency",
    ),
    Clock(
        number="prediction by batch size",
        what="the forward pass of one batch on the device",
        synchronised="at both ends of a block",
        value="the median block",
        phase="predict/1",
    ),
)


@dataclass(kw_only=True, slots=True)
class Row:
    """One number in the table of clocks."""

    clock: Clock
    readings: list[str]
    """By contender: how many a trial has, "58" or "58–76"."""


@dataclass(kw_only=True, slots=True)
class MeasuredView:
    """What a page shows of how a run was measured."""

    order: list[str] = field(default_factory=list)
    """The contenders of the columns."""
    clocks: list[Row] = field(default_factory=list)
    interleaved: str = ""
    sizes: list[str] = field(default_factory=list)
    predictions: dict[str, list[str]] = field(default_factory=dict)
    """By contender: p50, p95, p99 of one sample, and samples per second by the batch sizes of `sizes`."""
    marks: list[str] = field(default_factory=list)
    """Which marks of memory any contender has."""
    memory: dict[str, list[str]] = field(default_factory=dict)
    """By contender: its marks."""
    energy: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By contender: what the GPU took while it trained, and that per second; empty where nothing counted it."""
    absent: list[str] = field(default_factory=list)
    """What was not measured, and why: a sentence each."""


MEMORY = {
    "peak": "process, at most",
    "start": "of it before the framework",
    "workers": "its workers",
    "device": "device, by the driver",
    "framework_device": "device, by its own count",
}
"""The marks of `Trial.memory`, as a table names them."""

INTERLEAVED = {
    "turns": "While the training step and prediction were clocked, the contenders of a repeat took short turns, one at "
    "work and the others asleep: what is compared met the same machine. Such a turn begins with steps that no clock "
    "reads. Training took turns of a second or an epoch, whichever is longer; start-up and input came one after the "
    "other.",
    "trials": "One whole trial followed the other, in an order that lets a steady drift cancel.",
}


def view(results: Results) -> MeasuredView:
    """Return how the numbers of a run came about."""
    done = [trial for trial in results.trials if trial.status == "ok"]
    good = {name: mine for name in names(results) if (mine := [trial for trial in done if trial.contender == name])}
    rows = [Row(clock=clock, readings=[_readings(clock, mine) for mine in good.values()]) for clock in CLOCKS]
    sizes = sorted({size for trials in good.values() for trial in trials for size in trial.predict_rates}, key=int)
    marks = [mark for mark in MEMORY if any(mark in trial.memory for trial in done)]
    measure = results.config.get("measure")
    way = measure.get("interleave") if isinstance(measure, dict) else None
    return MeasuredView(
        order=list(good),
        clocks=[row for row in rows if any(row.readings)],
        interleaved=INTERLEAVED.get(str(way), "") if len(good) > 1 else "",
        sizes=sizes,
        predictions={name: _prediction(trials, sizes) for name, trials in good.items() if sizes},
        marks=[MEMORY[mark] for mark in marks],
        memory={name: _memory(mine, marks) for name, mine in good.items() if marks},
        energy={name: told for name, mine in good.items() if (told := _energy(mine))},
        absent=_absent(done),
    )


def _energy(trials: Sequence[Trial]) -> tuple[str, str] | None:
    """Return joules of training and watts, means over the trials of which both are known."""
    pairs = [(number(trial.energy_joules), number(trial.phases.get("train"))) for trial in trials]
    known = [(joules, spent) for joules, spent in pairs if joules is not None and spent]
    if not known:
        return None
    joules, watts = _mean([item[0] for item in known]), [one / other for one, other in known]
    return with_unit(joules, "J"), with_unit(_mean(watts), "W")


def _absent(trials: Sequence[Trial]) -> list[str]:
    """Return what no finished trial has: what is not there is said, and never shown as zero."""
    if not trials:
        return []
    told = {
        "Energy was not measured: only a GPU whose driver counts it is asked.": any(
            trial.energy_joules is not None for trial in trials
        ),
        "Memory of a device was not measured: no GPU was used, or its driver does not tell.": any(
            "device" in trial.memory for trial in trials
        ),
        "Memory of the process was not measured.": any("peak" in trial.memory for trial in trials),
        "Latency was not clocked.": any(trial.step_latency_seconds for trial in trials),
        "Prediction by batch size was not clocked.": any(trial.predict_rates for trial in trials),
        "The input pipeline alone was not clocked.": any(trial.input_seconds is not None for trial in trials),
        "No large matrix product was clocked: there is no share of attainable FLOP/s.": any(
            trial.matrix_product_flops is not None for trial in trials
        ),
    }
    return [sentence for sentence, there in told.items() if not there]


def _readings(clock: Clock, trials: Sequence[Trial]) -> str:
    counts = [trial.clocked[clock.phase] for trial in trials if clock.phase in trial.clocked]
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _prediction(trials: Sequence[Trial], sizes: Sequence[str]) -> list[str]:
    tails = [_mean([trial.predict_latency_seconds.get(name) for trial in trials]) for name in ("p50", "p95", "p99")]
    rates = [_mean([trial.predict_rates.get(batch) for trial in trials]) for batch in sizes]
    return [*map(seconds, tails), *map(per_second, rates)]


def _mean(values: Sequence[object]) -> float | None:
    known = [value for each in values if (value := number(each)) is not None and value > 0]
    return geometric_mean(known) if known else None


def _memory(trials: Sequence[Trial], marks: Sequence[str]) -> list[str]:
    found = ([trial.memory[mark] for trial in trials if mark in trial.memory] for mark in marks)
    return [size(max(each, default=None)) for each in found]
