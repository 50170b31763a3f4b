"""What happened on the machine during a repeat, from counters read before and after it; `bench.noise` words it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench import noise
from bench.counters import Counters
from bench.nvidia import Process, Reading
from bench.results.schema import RunWarning

OTHER_LOAD = 0.05
"""Share of the CPUs' time used by others: about what a noticeable browser tab takes of two cores."""

STEAL = 0.01
"""Share of the CPU time that was wanted. On a shared virtual machine 0.1 to 0.2 % is an ordinary day; from 1 % on, one
step in a hundred may be hit, which is the tail of the latency clock."""

THROTTLED = 0.01
"""Share of a trial's wall time for which a limit held back the processes, or a GPU's clocks."""

SWAP_PAGES = 256
"""One MiB: less than that is the system's own housekeeping."""

CROWDED = 0.25
"""Share of the time in which a thread was ready and had no CPU, while others used none. With as many threads as cores,
on two cores, PyTorch reads up to 2 % and TensorFlow, whose pools together have more threads than that, 7 to 9 %."""

FAULTS = 10.0
"""Pages read from disk per second of a trial: 1 % of the time at 1 ms each, between flash (0.1 ms) and a disk (10)."""

CONTEXT_BYTES = 256 * 2**20
"""In use on a GPU where no process is shown: less than any process holds that computes there, more than a desktop's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What the trial itself took."""

    wall_seconds: float
    """Between the two readings."""
    cpu_seconds: float = 0.0
    """User and system time of its whole process tree."""
    late_faults: float = 0.0
    """Major page faults after its first step."""
    threads: int | None = None
    """Of one operation, as asked for; None where it is not known."""
    reasons: frozenset[str] = field(default_factory=frozenset)
    """Why the GPU's clocks were held down at any reading, as the keys of `nvidia.REASONS`."""


def between(before: Counters, after: Counters, spent: Spent, contender: str, repeat: int) -> list[RunWarning]:
    """Return what happened between two readings; nothing where the system does not count; `repeat` from 0."""
    found = _cpu(before, after, spent, contender, repeat)
    held = after.throttled_seconds - before.throttled_seconds
    if held > THROTTLED * spent.wall_seconds:
        found.append(noise.throttled(contender, repeat, held))
    if after.pages_out - before.pages_out >= SWAP_PAGES:
        found.append(noise.swapping(contender, repeat, after.pages_out - before.pages_out))
    if spent.late_faults > FAULTS * spent.wall_seconds:
        found.append(noise.page_faults(contender, repeat, round(spent.late_faults)))
    if after.hot > before.hot:
        found.append(noise.hot(contender, repeat, after.hot - before.hot))
    if before.gpu is not None and after.gpu is not None:
        found += _gpu(before.gpu, after.gpu, spent, contender, repeat)
    return found


def _cpu(before: Counters, after: Counters, spent: Spent, contender: str, repeat: int) -> list[RunWarning]:
    found = []
    cpus = min(before.cpus, after.cpus)
    offered = spent.wall_seconds * cpus
    if offered <= 0:
        return []
    busy = after.busy_seconds - before.busy_seconds
    others = (busy - spent.cpu_seconds) / offered
    if others > OTHER_LOAD:
        found.append(noise.other_load(contender, repeat, others))
    stolen = after.steal_seconds - before.steal_seconds
    # Of what was wanted, not of what there is: on many cores a trial of few threads would hide what it lost.
    if stolen > STEAL * (busy + stolen):
        found.append(noise.steal(contender, repeat, stolen / (busy + stolen)))
    if before.waiting_seconds is not None and after.waiting_seconds is not None:
        waited = (after.waiting_seconds - before.waiting_seconds) / spent.wall_seconds
        # Where others use the CPUs, it is they who are waited for.
        if waited > CROWDED and others <= OTHER_LOAD:
            found.append(noise.crowded(contender, repeat, waited, spent.threads, cpus))
    return found


def _gpu(before: Reading, after: Reading, spent: Spent, contender: str, repeat: int) -> list[RunWarning]:
    found = []
    others = _others(*(item.processes or () for item in (before, after)))
    unseen = min(before.memory_bytes or 0, after.memory_bytes or 0)
    if others or unseen > CONTEXT_BYTES:
        found.append(noise.gpu_shared(contender, repeat, [item.pid for item in others], unseen))
    counted = {name: after.held_seconds[name] - since for name, since in before.held_seconds.items()}
    slowed = {name: seconds for name, seconds in counted.items() if seconds > THROTTLED * spent.wall_seconds}
    # A flag of a moment says nothing that the counter of the same would not say better.
    flagged = spent.reasons - counted.keys() - ({"hardware"} if slowed else set())
    if slowed or flagged:
        found.append(noise.gpu_slowed(contender, repeat, slowed | dict.fromkeys(sorted(flagged))))
    return found


def _others(*readings: Iterable[Process]) -> list[Process]:
    """Return the processes of both readings, each once."""
    return list({item.pid: item for reading in readings for item in reading}.values())


def late_faults(usage: Mapping[str, float], at_first: int | None) -> float | None:
    """Return the major faults after the first step, of all in `usage`; None where they cannot be told apart."""
    total = usage.get("major_faults")
    return None if total is None or at_first is None else max(0.0, total - at_first)
