"""Who else works on the machine before a race begins: one look over a fifth of a second, and none while measuring."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench import cgroup, counters, machine, noise
from bench.nvidia import Device
from bench.results.schema import Contender, RunWarning

LOOK_SECONDS = 0.2

BUSY = 0.10
"""Share of the CPUs' time: twice what a trial may see, for a short look sees single bursts too."""

NAMED = 0.05
"""Share of one CPU from which a process is named, the three busiest at most."""

GPU_BUSY = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What was seen."""

    share: float | None
    """Of the CPUs' time that others used; None where the system does not count."""
    load: float | None
    """Load average over a minute: as late as it is long, and raised by a run of our own that has just ended."""
    busiest: dict[str, float] = field(default_factory=dict)
    """CPUs used, by the name of the program; other containers' cannot be seen."""
    gpu: float | None = None
    """Share of the time in which anything ran on the GPU."""


def look(gpu: Device | None = None) -> Look:
    """Look at the machine for `LOOK_SECONDS`, in which this process sleeps."""
    before, mine, began = counters.counters(), time.process_time(), time.monotonic()
    processes = _ticks()
    time.sleep(LOOK_SECONDS)
    later = _ticks()
    after, wall = counters.counters(), time.monotonic() - began
    offered = wall * min(before.cpus, after.cpus)
    busy = after.busy_seconds - before.busy_seconds - (time.process_time() - mine)
    ticks = os.sysconf("SC_CLK_TCK")
    used: dict[str, float] = {}
    for key, count in later.items():
        if key in processes:  # one that has come meanwhile has used little
            used[key[1]] = used.get(key[1], 0.0) + (count - processes[key]) / ticks / wall
    busiest = sorted(used.items(), key=lambda item: -item[1])[:3]
    return Look(
        share=min(1.0, max(0.0, busy / offered)) if offered > 0 else None,
        load=_load(),
        busiest={name: cpus for name, cpus in busiest if cpus >= NAMED},
        gpu=gpu.utilization() if gpu else None,
    )


def at_start(contenders: Sequence[Contender], say: Callable[[str], None]) -> list[RunWarning]:
    """Look at what the contenders will run on; return the warnings, and `say` each now: it is not too late."""
    on_gpu = any(item.settings.get("device") == "gpu" for item in contenders)
    found = warnings(look(machine.gpu() if on_gpu else None))
    for warning in found:
        say(f"{warning.message}; {warning.advice}")
    return found


def warnings(found: Look) -> list[RunWarning]:
    """Return what is to be said of a look."""
    said = []
    if found.share is not None and found.share > BUSY:
        said.append(noise.busy_at_start(found.share, found.load, found.busiest))
    if found.gpu is not None and found.gpu > GPU_BUSY:
        said.append(noise.gpu_busy_at_start(found.gpu))
    return said


def _ticks() -> dict[tuple[int, str], int]:
    """Return the CPU time of every other process that can be seen, in clock ticks, by number and name."""
    found = {}
    for path in counters.PROC.glob("[0-9]*/stat"):
        head, _, rest = cgroup.read(path).rpartition(")")
        number, _, name = head.partition(" (")
        fields = rest.split()
        if number.isdigit() and int(number) != os.getpid() and len(fields) > 12:
            # Names are the programs' own, without arguments: those may hold secrets.
            found[int(number), name[:40]] = int(fields[11]) + int(fields[12])
    return found


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None
