"""What follows from the results themselves, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.noise.kinds import Kind, place
from bench.results import format as formats
from bench.results.attained import Unequal
from bench.results.schema import Dataset, RunWarning, Trial

ENOUGH_REPEATS = 5
"""From here on Student's t is no longer the larger part of an interval's width."""

AMD = "AuthenticAMD"
VENDORS: dict[str | None, str] = {AMD: "AMD", "GenuineIntel": "Intel"}
"""How processors name their vendor, and how people do."""


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
        message=f"{place(contender, repeat)}: the training step was traced or compiled again "
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


def unsettled(contender: str, repeat: int, seconds: float) -> RunWarning:
    """Return the warning that steps had not settled when the time for the warm-up was over."""
    return RunWarning(
        kind=Kind.UNSETTLED,
        message=f"{place(contender, repeat)}: steps had not settled after {formats.seconds(seconds)} of warm-up",
        advice="a larger measure.warmup_seconds, or a quieter machine: what is clocked may still be changing",
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
        message=f"{place(trial.contender, trial.repeat)}: diverged; {trial.message}".removesuffix("; "),
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
