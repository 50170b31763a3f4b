"""How much memory a trial took, by the kernel's own high-water marks: nothing is sampled."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def resident() -> int | None:
    """Return the bytes of memory this process has now; None where the system does not say."""
    return _field("self", "VmRSS")


def footprint() -> dict[str, int]:
    """Return in bytes the most memory this process ever had (``peak``) and its living workers had (``workers``).

    The mark is that of the process's own memory (``VmHWM``): the one that the system hands to a parent
    (``ru_maxrss``) begins with what the parent had when it started the child. Workers' marks are added up, so pages
    that they share count once for each. Empty where the system gives no marks.
    """
    own = _field("self", "VmHWM")
    if own is None:
        return {}
    marks = [mark for pid in _descendants(os.getpid()) if (mark := _field(str(pid), "VmHWM")) is not None]
    return {"peak": own, "workers": sum(marks)}


def cpu_seconds_of_workers() -> float:
    """Return the CPU time of living workers: a parent is told of those alone that have ended."""
    ticks = 0
    for pid in _descendants(os.getpid()):
        try:
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except (OSError, ValueError, IndexError):
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def _field(process: str, name: str) -> int | None:
    """Return a size of ``/proc/<process>/status`` in bytes."""
    try:
        lines = dict(line.split(":", 1) for line in (PROC / process / "status").read_text().splitlines())
        return int(lines[name].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _descendants(process: int) -> list[int]:
    """Return the processes that `process` began, and theirs."""
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything; behind it come state and parent.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found, waiting = [], [process]
    while waiting:
        begun = children.get(waiting.pop(), [])
        found += begun
        waiting += begun
    return found
