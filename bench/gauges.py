"""What is read beside a child when it says that a phase begins: no poller, nothing between two phases."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench import cgroup
from bench.launch import Listener
from bench.nvidia import Device

LEAST_SECONDS = 2.0
"""Shortest training whose energy is given: each end is late by up to 0.1 s, so the sum is within 5 % of its mean."""

PROC = Path("/proc")


class Gauge:
    """A listener that reads the GPU and the child's page faults when a phase begins, and hands on what was told.

    A reading takes well under a millisecond, on a core that the child may want: none falls inside a clocked block.
    Without a GPU (`device` None) nothing is asked of one.
    """

    def __init__(self, listen: Listener, device: Device | None) -> None:
        self._listen, self._device = listen, device
        self._before = device.memory_bytes() if device else None
        self._memory: list[int] = []
        self._energy: list[tuple[float, float | None]] = []  # (moment, joules): training's begin and end
        self._reasons: set[str] = set()
        self._pid: int | None = None
        self._phase = ""
        self._faults: int | None = None

    def __call__(self, told: dict[str, Any]) -> None:
        """Take what a child told."""
        if told["event"] == "process":
            self._pid = told["pid"]
        elif told["event"] == "phase":
            self._begin(str(told.get("name")))
        self._listen(told)

    def device_bytes(self) -> int | None:
        """Return the most memory of the GPU that the child was seen to hold, by the driver.

        That is what is in use at the beginning of a phase less what was in use before the child started: what
        another process takes or leaves meanwhile counts as the child's. Frameworks keep what they once took, so the
        later readings show the peak of all that came before them; only what the last phase takes in addition
        escapes.
        """
        if self._before is None or not self._memory:
            return None
        return max(0, max(self._memory) - self._before)

    def energy_joules(self) -> float | None:
        """Return what the board took from the beginning of training to that of the next phase: validation included.

        The whole board's counter, what it takes when idle and what others have it do included. None where nothing
        counts, where the counter stood still, and below `LEAST_SECONDS`: it moves in steps of up to 0.1 s.
        """
        if len(self._energy) < 2:
            return None
        (begin, first), (end, last) = self._energy
        if first is None or last is None or last <= first or end - begin < LEAST_SECONDS:
            return None
        return last - first

    def reasons(self) -> frozenset[str]:
        """Return why the GPU's clocks were held down at any of the readings, as the keys of `nvidia.REASONS`."""
        return frozenset(self._reasons)

    def faults_at_first(self) -> int | None:
        """Return the major page faults of the child up to the end of its first step: loading its libraries."""
        return self._faults

    def _begin(self, phase: str) -> None:
        if self._device is not None:
            self._read(self._device, phase)
        if self._phase == "first_step" and self._faults is None and self._pid is not None:
            self._faults = _major_faults(self._pid)
        self._phase = phase

    def _read(self, device: Device, phase: str) -> None:
        if (phase == "train" and not self._energy) or (self._phase == "train" and len(self._energy) == 1):
            self._energy.append((time.monotonic(), device.energy_joules()))
        used = device.memory_bytes()
        if used is not None:
            self._memory.append(used)
        self._reasons |= device.reasons()


def _major_faults(pid: int) -> int | None:
    """Return the major faults of a process and of its children that have ended; None where nothing counts them."""
    # The name in brackets may contain anything, blanks and brackets too.
    fields = cgroup.read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return int(fields[9]) + int(fields[10]) if len(fields) > 10 else None
