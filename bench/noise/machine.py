"""What the machine did meanwhile, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.noise.kinds import Kind, place
from bench.results import format as formats
from bench.results.schema import RunWarning


def other_load(contender: str, repeat: int, share: float) -> RunWarning:
    """Return the warning that others used this share (of one) of the CPUs' time during a trial."""
    return RunWarning(
        kind=Kind.OTHER_LOAD,
        message=f"{place(contender, repeat)}: other processes used {formats.percent(share, 0)} of the CPU time",
        advice="close them and run again: contenders suffer differently under load, so their ratios change with it",
        contender=contender,
    )


def steal(contender: str, repeat: int, share: float) -> RunWarning:
    """Return the warning that the hypervisor gave this share (of one) of the CPUs' time to other guests."""
    return RunWarning(
        kind=Kind.STEAL,
        message=f"{place(contender, repeat)}: the host took {formats.percent(share)} of the CPU time for others",
        advice="on a shared virtual machine only more repeats help",
        contender=contender,
    )


def throttled(contender: str, repeat: int, seconds: float) -> RunWarning:
    """Return the warning that a CPU limit held the processes back for so long."""
    return RunWarning(
        kind=Kind.THROTTLED,
        message=f"{place(contender, repeat)}: held back for {formats.seconds(seconds)} by the container's CPU limit",
        advice="set runtime.threads to the limit or less, or raise the limit",
        contender=contender,
    )


def hot(contender: str, repeat: int, times: int) -> RunWarning:
    """Return the warning that cores were slowed down for their temperature so many times."""
    return RunWarning(
        kind=Kind.HOT,
        message=f"{place(contender, repeat)}: cores were slowed down for heat, {formats.count(times, 'time')}",
        advice="cool the machine, or pin its clock rate",
        contender=contender,
    )


def swapping(contender: str, repeat: int, pages: int) -> RunWarning:
    """Return the warning that memory was written to disk: `pages` of 4 KiB."""
    return RunWarning(
        kind=Kind.SWAPPING,
        message=f"{place(contender, repeat)}: {pages * 4 / 1024:,.0f} MiB of memory were swapped out to disk",
        advice="free memory, or take a smaller train.batch_size",
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
        message=f"{place(contender, repeat)}: for {formats.percent(share, 0)} of the time a thread was ready and had "
        "no CPU, though others used none: its own threads crowd each other",
        advice=advice,
        contender=contender,
    )


def interrupted(contender: str, repeat: int, rate: float, quietest: float) -> RunWarning:
    """Return the warning that a trial was interrupted so many times a second, and in its quietest repeat so many."""
    return RunWarning(
        kind=Kind.INTERRUPTED,
        message=f"{place(contender, repeat)}: interrupted {formats.significant(rate, 2)} times a second, "
        f"in its quietest repeat {formats.significant(quietest, 2)}",
        advice="something else wanted the CPUs: compare the repeats, and run again on a quiet machine",
        contender=contender,
    )


def page_faults(contender: str, repeat: int, times: int) -> RunWarning:
    """Return the warning that so many pages of memory were read from disk after the first step."""
    return RunWarning(
        kind=Kind.PAGE_FAULTS,
        message=f"{place(contender, repeat)}: {formats.count(times, 'page')} of memory had to be read from disk "
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
        message=f"{place(contender, repeat)}: {named if pids else unseen}",
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
        message=f"{place(contender, repeat)}: the GPU's clocks were held down by {', by '.join(why)}",
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


def unlocked() -> RunWarning:
    """Return the warning that nothing kept other runs of Parallax from measuring at the same time."""
    return RunWarning(
        kind=Kind.UNLOCKED,
        message="the machine could not be locked: another run of Parallax may have measured at the same time",
        advice="the screen named the lock file and what is wrong with it; until that is mended run one at a time",
    )
