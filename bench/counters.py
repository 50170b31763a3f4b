"""The system's own counters, read before and after a repeat: two reads, no sampling beside the measurement."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bench import cgroup
from bench.nvidia import Device, Reading

PROC = Path("/proc")
CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """What has been counted since the machine started; zeros where the system does not count."""

    busy_seconds: float = 0.0
    """CPU time spent by anybody on the CPUs that this process may use."""
    steal_seconds: float = 0.0
    """CPU time that the hypervisor gave to other guests, on the same CPUs."""
    cpus: int = 0
    """How many CPUs these are; 0 where the system does not count."""
    pages_out: int = 0
    """Pages written to swap."""
    throttled_seconds: float = 0.0
    """Time for which the control group was held back by its CPU limit."""
    hot: int = 0
    """Times that a core was slowed down for its temperature."""
    waiting_seconds: float | None = None
    """Time in which at least one thread, anybody's, was ready to run and had no CPU; None where it is not counted."""
    gpu: Reading | None = None
    """The same of the GPU that a trial takes."""


def counters(gpu: Device | None = None) -> Counters:
    """Read the counters now (well under a millisecond on a small machine); units as `Counters` says."""
    busy, steal, cpus = _cpu_seconds()
    return Counters(
        busy_seconds=busy,
        steal_seconds=steal,
        cpus=cpus,
        pages_out=_pages_out(),
        throttled_seconds=cgroup.throttled_seconds(),
        hot=_hot(),
        waiting_seconds=_waiting(),
        gpu=gpu.reading() if gpu else None,
    )


def _cpu_seconds() -> tuple[float, float, int]:
    """Return (busy, stolen, CPUs) over the CPUs of this process's affinity."""
    if not hasattr(os, "sched_getaffinity"):
        return 0.0, 0.0, 0
    mine = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = os.sysconf("SC_CLK_TCK")
    busy, steal, cpus = 0, 0, 0
    for line in cgroup.read(PROC / "stat").splitlines():
        name, *rest = line.split()
        if name in mine and len(rest) >= 8:
            user, nice, system, _, _, irq, softirq, stolen = (int(value) for value in rest[:8])
            busy += user + nice + system + irq + softirq
            steal += stolen
            cpus += 1
    return busy / ticks, steal / ticks, cpus


def _pages_out() -> int:
    for line in cgroup.read(PROC / "vmstat").splitlines():
        if line.startswith("pswpout "):
            return int(line.split()[1])
    return 0


def _waiting() -> float | None:
    """Return the total of the kernel's pressure-stall information for the CPU, "some"."""
    for line in cgroup.read(PROC / "pressure" / "cpu").splitlines():
        kind, *rest = line.split()
        total = dict(item.split("=") for item in rest).get("total", "")
        if kind == "some" and total.isdigit():
            return int(total) / 1e6
    return None


def _hot() -> int:
    paths = CPUS.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")
    return sum(int(text) for text in map(cgroup.read, paths) if text.isdigit())
