"""Whatever can spoil a number, in words: the one place that words warnings, and the advice that goes with them.

Advice knows what the user already set: nobody is told to do what they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from bench.results import format as formats
from bench.results.attained import Unequal
from bench.results.schema import Dataset, RunWarning, Trial

ENOUGH_REPEATS = 5
"""From here on Student's t is no longer the larger part of an interval's width."""

AMD = "AuthenticAMD"
VENDORS: dict[str | None, str] = {AMD: "AMD", "GenuineIntel": "Intel"}
"""How processors name their vendor, and how people do."""


class Kind(StrEnum):
    """What may be wrong; stored as `RunWarning.kind`."""

    SINGLE_REPEAT = "single_repeat"
    FEW_REPEATS = "few_repeats"
    OTHER_LOAD = "other_load"
    SWAPPING = "swapping"
    THROTTLED = "throttled"
    HOT = "hot"
    STEAL = "steal"
    DRIFT = "drift"
    OUTLIERS = "outliers"
    UNEQUAL_THREADS = "unequal_threads"
    SYNTHETIC_DATA = "synthetic_data"
    UNCERTIFIED = "uncertified"
    DIVERGED = "diverged"
    SAME_PADDING = "same_padding"
    COLLAPSE = "collapse"
    RETRACES = "retraces"
    UNEQUAL_BLAS = "unequal_blas"
    UNSETTLED = "unsettled"
    CROWDED = "crowded"
    INTERRUPTED = "interrupted"
    PAGE_FAULTS = "page_faults"
    GPU_SHARED = "gpu_shared"
    GPU_SLOWED = "gpu_slowed"
    GOVERNOR = "governor"
    BUSY_AT_START = "busy_at_start"
    GPU_BUSY_AT_START = "gpu_busy_at_start"


def single_repeat() -> RunWarning:
    """Return the warning that one repeat has no interval at all."""
    return RunWarning(
        kind=Kind.SINGLE_REPEAT,
        message="one repeat has no interval: a ratio from it may be chance",
        advice=f"measure.repeats={ENOUGH_REPEATS} gives an interval",
    )


def few_repeats(repeats: int) -> RunWarning:
    """Return the warning that two to four repeats make a wide interval."""
    return RunWarning(
        kind=Kind.FEW_REPEATS,
        message=f"{formats.count(repeats, 'repeat')}: the intervals are wide by nature",
        advice=f"measure.repeats={ENOUGH_REPEATS} or more makes them narrower",
    )


def other_load(contender: str, repeat: int, share: float) -> RunWarning:
    """Return the warning that others used this share (of one) of the CPUs' time during a trial."""
    return RunWarning(
        kind=Kind.OTHER_LOAD,
        message=f"{_trial(contender, repeat)}: other processes used {formats.percent(share, 0)} of the CPU time",
        advice="close them and run again: contenders suffer differently under load, so their ratios change with it",
        contender=contender,
    )


def steal(contender: str, repeat: int, share: float) -> RunWarning:
    """Return the warning that the hypervisor gave this share (of one) of the CPUs' time to other guests."""
    return RunWarning(
        kind=Kind.STEAL,
        message=f"{_trial(contender, repeat)}: the host took {formats.percent(share)} of the CPU time for others",
        advice="on a shared virtual machine only more repeats help",
        contender=contender,
    )


def throttled(contender: str, repeat: int, seconds: float) -> RunWarning:
    """Return the warning that a CPU limit held the processes back for so long."""
    return RunWarning(
        kind=Kind.THROTTLED,
        message=f"{_trial(contender, repeat)}: held back for {formats.seconds(seconds)} by the container's CPU limit",
        advice="set runtime.threads to the limit or less, or raise the limit",
        contender=contender,
    )


def hot(contender: str, repeat: int, times: int) -> RunWarning:
    """Return the warning that cores were slowed down for their temperature so many times."""
    return RunWarning(
        kind=Kind.HOT,
        message=f"{_trial(contender, repeat)}: cores were slowed down for heat, {formats.count(times, 'time')}",
        advice="cool the machine, or pin its clock rate",
        contender=contender,
    )


def swapping(contender: str, repeat: int, pages: int) -> RunWarning:
    """Return the warning that memory was written to disk: `pages` of 4 KiB."""
    return RunWarning(
        kind=Kind.SWAPPING,
        message=f"{_trial(contender, repeat)}: {pages * 4 / 1024:,.0f} MiB of memory were swapped out to disk",
        advice="free memory, or take a smaller train.batch_size",
        contender=contender,
    )


def drift(contender: str, change: float, *, alike: bool) -> RunWarning:
    """Return the warning that steps changed by this share from first repeat to last; `alike`: those of all did so."""
    way = "slower" if change > 0 else "faster"
    cancels = "ratios are taken inside a repeat, so what slows both cancels; absolute times are not to be trusted"
    moves = "not every contender drifted so, and the ratios drift with it: take more repeats (measure.repeats)"
    return RunWarning(
        kind=Kind.DRIFT,
        message=f"{contender}: steps became {formats.percent(abs(change), 0)} {way} from the first to the last repeat",
        advice=cancels if alike else moves,
        contender=contender,
    )


def collapse(contender: str, factor: float, threads: int | None = None, cores: int | None = None) -> RunWarning:
    """Return the warning that the throughput clock read `factor` times the latency clock; None is not known."""
    fewer = cores is None or (cores > 1 and (threads is None or threads >= cores))
    return RunWarning(
        kind=Kind.COLLAPSE,
        message=f"{contender}: steps in a row took {formats.ratio(factor, 1)} times as long as steps waited for: "
        "its threads fight with other load; the time per step is not meaningful",
        advice="close other programs" + (", or set runtime.threads below the number of cores" if fewer else ""),
        contender=contender,
    )


def retraces(contender: str, repeat: int, times: int, *, drop_last: bool = False) -> RunWarning:
    """Return the warning that the training step was traced or compiled again after it had been warmed up."""
    remedy = "" if drop_last else "; train.drop_last=true leaves out the last batch, which may be of another size"
    return RunWarning(
        kind=Kind.RETRACES,
        message=f"{_trial(contender, repeat)}: the training step was traced or compiled again "
        f"{formats.count(times, 'time')} inside the training",
        advice=f"the time per epoch contains it, the time per step does not{remedy}",
        contender=contender,
    )


def outliers(contender: str, factor: float) -> RunWarning:
    """Return the warning that the slowest hundredth of steps took `factor` times the median or more."""
    return RunWarning(
        kind=Kind.OUTLIERS,
        message=f"{contender}: one step in a hundred took {formats.ratio(factor, 1)} times the median or more",
        advice="something interrupts: other processes, or more threads than cores; compare medians, not means",
        contender=contender,
    )


def unequal_threads(threads: Mapping[str, Any], config: Mapping[str, Any]) -> RunWarning:
    """Return the warning that contenders ran with different thread counts; `config` is the run's own."""
    common = (config.get("runtime") or {}).get("threads")
    own = [
        f"frameworks.{name}.threads"
        for name, settings in (config.get("frameworks") or {}).items()
        if isinstance(settings, Mapping) and settings.get("threads") not in (None, common)
    ]
    advice = f"leave out {', '.join(own)} for equal threads" if own else ""
    if not own and common is None:
        advice = f"runtime.threads={min(threads.values())} gives both the same"
    return RunWarning(
        kind=Kind.UNEQUAL_THREADS,
        message=f"threads differ: {', '.join(f'{name} {count}' for name, count in threads.items())}",
        advice=advice or "a ratio of their times is also a ratio of their threads",
    )


def synthetic_data(dataset: Dataset) -> RunWarning:
    """Return the warning that the samples are made up."""
    stands_in = dataset.name != "synthetic"
    return RunWarning(
        kind=Kind.SYNTHETIC_DATA,
        message=dataset.remark,
        advice="times are those of data of the same shape" + "; dataset.root=DIR reads the real files" * stands_in,
    )


def uncertified(contender: str, baseline: str) -> RunWarning:
    """Return the warning that a contender failed the parity gate and was raced all the same."""
    return RunWarning(
        kind=Kind.UNCERTIFIED,
        message=f"{contender} does not compute what {baseline} computes: its ratios are uncertified",
        advice="parity.on_fail=stop (the default) races nobody in such a case",
        contender=contender,
    )


def diverged(trial: Trial, learning_rate: float | None = None) -> RunWarning:
    """Return the warning that a loss became infinite or not a number."""
    now = "" if learning_rate is None else f" (now {learning_rate:g})"
    return RunWarning(
        kind=Kind.DIVERGED,
        message=f"{_trial(trial.contender, trial.repeat)}: diverged; {trial.message}".removesuffix("; "),
        advice=f"a lower optimizer.learning_rate{now} may help; the trial is in no ratio",
        contender=trial.contender,
    )


def same_padding(layers: Sequence[str]) -> RunWarning:
    """Return the warning that the named layers make torch pad by itself, at a cost that Keras does not have."""
    return RunWarning(
        kind=Kind.SAME_PADDING,
        message=f"'same' padding at a stride above 1 burdens PyTorch's clock: {', '.join(layers)}",
        advice="spell the padding out, as the shipped models do: padding: [[0, 1], [0, 1]]",
    )


def unequal_blas(found: Unequal, vendor: str | None = None, *, mkl: bool = False) -> RunWarning:
    """Return the warning that two contenders multiply matrices at rates so different that it shows in their steps.

    `vendor` is the processor's as it names itself, `mkl` whether the slower one's build multiplies with Intel's MKL.
    """
    amd = mkl and vendor == AMD
    where = f" on this {VENDORS.get(vendor, vendor)} processor" if vendor else ""
    cause = f"; {found.slower} is built with Intel's MKL, which takes a slower path on AMD processors" if amd else ""
    way = "on a processor of another vendor, or with" if amd else "with"
    return RunWarning(
        kind=Kind.UNEQUAL_BLAS,
        message=f"{found.slower} multiplies large matrices at {formats.flop_rate(found.rates[0])}, {found.faster} at "
        f"{formats.flop_rate(found.rates[1])}{where}: their times may compare the matrix libraries (BLAS), not the "
        f"frameworks; at the rate of {found.faster} a step of {found.slower} might take about "
        f"{formats.percent(found.saving, 0)} less{cause}",
        advice=f"compare {way} a build of {found.slower} on another library; the report has each contender's "
        "share of its own large product's rate",
        contender=found.slower,
    )


def unsettled(contender: str, repeat: int, seconds: float) -> RunWarning:
    """Return the warning that steps had not settled when the time for the warm-up was over."""
    return RunWarning(
        kind=Kind.UNSETTLED,
        message=f"{_trial(contender, repeat)}: steps had not settled after {formats.seconds(seconds)} of warm-up",
        advice="a larger measure.warmup_seconds, or a quieter machine: what is clocked may still be changing",
        contender=contender,
    )


def crowded(contender: str, repeat: int, share: float, threads: int | None, cores: int) -> RunWarning:
    """Return the warning that threads waited for a CPU for this share of the time, and not for those of others."""
    few = threads is not None and threads <= 1
    if threads is not None and threads > cores:
        advice = f"more threads than cores: runtime.threads={cores} or less"
    else:
        advice = "set pipeline.workers=0" if few else "set runtime.threads below the number of cores"
    return RunWarning(
        kind=Kind.CROWDED,
        message=f"{_trial(contender, repeat)}: for {formats.percent(share, 0)} of the time a thread was ready and had "
        "no CPU, though others used none: its own threads crowd each other",
        advice=advice,
        contender=contender,
    )


def interrupted(contender: str, repeat: int, rate: float, quietest: float) -> RunWarning:
    """Return the warning that a trial was interrupted so many times a second, and in its quietest repeat so many."""
    return RunWarning(
        kind=Kind.INTERRUPTED,
        message=f"{_trial(contender, repeat)}: interrupted {formats.significant(rate, 2)} times a second, "
        f"in its quietest repeat {formats.significant(quietest, 2)}",
        advice="something else wanted the CPUs: compare the repeats, and run again on a quiet machine",
        contender=contender,
    )


def page_faults(contender: str, repeat: int, times: int) -> RunWarning:
    """Return the warning that so many pages of memory were read from disk after the first step."""
    return RunWarning(
        kind=Kind.PAGE_FAULTS,
        message=f"{_trial(contender, repeat)}: {formats.count(times, 'page')} of memory had to be read from disk "
        "after the first step",
        advice="the data do not stay in memory: free some; a second run may find them there",
        contender=contender,
    )


def gpu_shared(contender: str, repeat: int, pids: Sequence[int], held: int) -> RunWarning:
    """Return the warning that others are on the GPU: processes by number, or only memory that they hold (bytes)."""
    who = "another process" if len(pids) == 1 else f"{len(pids)} other processes"
    named = f"{who} on the GPU (number {', '.join(map(str, pids[:5]))}{', …' if len(pids) > 5 else ''})"
    unseen = f"others hold {formats.size(held)} of the GPU's memory, in processes that cannot be seen from here"
    return RunWarning(
        kind=Kind.GPU_SHARED,
        message=f"{_trial(contender, repeat)}: {named if pids else unseen}",
        advice="end them, or choose another GPU with CUDA_VISIBLE_DEVICES: times and memory contain what they do",
        contender=contender,
    )


SLOWED = {
    "power": "its power limit",
    "heat": "heat",
    "voltage": "its voltage",
    "board": "a limit of the board",
    "hardware": "its hardware (heat or power)",
}
"""Why a GPU's clocks are held down, in words, by the keys of `bench.nvidia`."""


def gpu_slowed(contender: str, repeat: int, reasons: Mapping[str, float | None]) -> RunWarning:
    """Return the warning that the GPU's clocks were held down: by reason, for how long; None is seen, not counted."""
    why = [
        SLOWED[name] + ("" if seconds is None else f" for {formats.seconds(seconds)}")
        for name, seconds in reasons.items()
    ]
    cool = "cool it, or " if reasons.keys() & {"heat", "hardware"} else ""
    return RunWarning(
        kind=Kind.GPU_SLOWED,
        message=f"{_trial(contender, repeat)}: the GPU's clocks were held down by {', by '.join(why)}",
        advice=f"{cool}pin its clock lower (nvidia-smi --lock-gpu-clocks): slower, and steady",
        contender=contender,
    )


def governor(name: str) -> RunWarning:
    """Return the mild warning that the CPUs' clock follows their load."""
    return RunWarning(
        kind=Kind.GOVERNOR,
        message=f"the CPUs' clock follows their load (governor {name}): short phases may run below full speed",
        advice="cpupower frequency-set -g performance holds it",
    )


def busy_at_start(share: float, load: float | None, busiest: Mapping[str, float]) -> RunWarning:
    """Return the warning that others used this share of the CPUs before the first trial.

    `load` is the load average over a minute; `busiest` are names of processes with how many CPUs each took.
    """
    names = ", ".join(f"{name} {formats.percent(cpus, 0)} of one" for name, cpus in busiest.items())
    average = "" if load is None else f" (load average {load:.1f})"
    return RunWarning(
        kind=Kind.BUSY_AT_START,
        message=f"before the first trial other processes used {formats.percent(share, 0)} of the CPUs{average}"
        + (f": {names}" if names else ""),
        advice="end them and run again" if names else "end them, and run again; who they are cannot be seen from here",
    )


def gpu_busy_at_start(share: float) -> RunWarning:
    """Return the warning that something ran on the GPU for this share of the time before the first trial."""
    return RunWarning(
        kind=Kind.GPU_BUSY_AT_START,
        message=f"before the first trial the GPU was at work for {formats.percent(share, 0)} of the time",
        advice="end what runs there, or choose another GPU with CUDA_VISIBLE_DEVICES",
    )


def _trial(contender: str, repeat: int) -> str:
    """Say of what a warning speaks: a trial, or a repeat whose contenders took turns."""
    return f"{contender}, repeat {repeat + 1}" if contender else f"repeat {repeat + 1}"
