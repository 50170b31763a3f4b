"""What is read beside a child when it says that a phase begins: no poller, nothing between two phases."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import cgroup
from bench.launch import Listener
from bench.nvidia import Device

LEAST_SECONDS = 2.0
"""Shortest training whose energy is given: each end is late by up to 0.1 s, so the sum is within 5 % of its mean."""

PROC = Path("/proc")


class Board:
    """One GPU, shared by the children of a repeat, of whom one works at a time: what it grew by is that one's."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._last = device.memory_bytes()

    def grown(self) -> int | None:
        """Return how many more bytes are in use than at the last reading by any child."""
        used, last = self.device.memory_bytes(), self._last
        self._last = used
        return None if used is None or last is None else used - last


class Gauge:
    """A listener that reads the GPU and the child's page faults when a phase begins, and hands on what was told.

    A reading takes well under a millisecond, on a core that the child may want: none falls inside a clocked block.
    Without a GPU (`board` None) nothing is asked of one.
    """

    def __init__(self, listen: Listener, board: Board | None) -> None:
        self._listen, self._board = listen, board
        self._held: int | None = None
        self._peak: int | None = None
        self._energy: list[tuple[float, float]] = []  # seconds and joules of each span of training
        self._span: tuple[float, float | None] | None = None  # moment and counter where the present one began
        self._counts = True
        self._reasons: set[str] = set()
        self._pid: int | None = None
        self._phase = self._asked = ""
        self._faults: int | None = None

    def __call__(self, told: dict[str, Any]) -> None:
        """Take what a child told."""
        if told["event"] == "process":
            self._pid = told["pid"]
        elif told["event"] == "phase":
            self._begin(str(told.get("name")))
        self._listen(told)

    def turn(self, take: Callable[[str, float], bool], of: str, spent: float) -> bool:
        """Hand over to the other children with `take`, and return what it returns, when it is this one's turn again.

        Nothing is read at the turns of milliseconds: of those for one thing, the first alone, and those of training.
        """
        board, training = self._board, self._span is not None
        if board is None or (of == self._asked and not training):
            return take(of, spent)
        self._asked = of
        self._grow(board)
        if training:
            self._stop(board)
        answer = take(of, spent)
        board.grown()  # by others, meanwhile
        if training:
            self._start(board)
        return answer

    def end(self) -> None:
        """Say that the child has ended, before another one's turn: its memory is free again."""
        if self._board is not None:
            self._board.grown()

    def device_bytes(self) -> int | None:
        """Return the most memory of the GPU that the child was seen to hold, by the driver.

        That is by what the memory in use has grown while it was at work, at the beginning of a phase: what another
        program takes or leaves meanwhile counts as the child's. Frameworks keep what they once took, so the later
        readings show the peak of all that came before them; only what the last phase takes in addition escapes.
        """
        return self._peak

    def energy_joules(self) -> float | None:
        """Return what the board took while this child trained, from the beginning to that of the next phase.

        Validation is included, and so is the whole board: what it takes when idle, and what others have it do. None
        where nothing counts, where the counter stood still, and where the child's turns were shorter than
        `LEAST_SECONDS` in the mean: the counter moves in steps of up to 0.1 s, at both ends of each.
        """
        seconds, joules = (sum(values) for values in zip(*self._energy, strict=True)) if self._energy else (0.0, 0.0)
        if not self._counts or joules <= 0 or seconds < LEAST_SECONDS * len(self._energy) or self._span is not None:
            return None
        return joules

    def reasons(self) -> frozenset[str]:
        """Return why the GPU's clocks were held down at any of the readings, as the keys of `nvidia.REASONS`."""
        return frozenset(self._reasons)

    def faults_at_first(self) -> int | None:
        """Return the major page faults of the child up to the end of its first step: loading its libraries."""
        return self._faults

    def _begin(self, phase: str) -> None:
        if self._board is not None:
            if self._span is not None:
                self._stop(self._board)
                self._span = None
            if phase == "train":
                self._start(self._board)
            self._grow(self._board)
            self._reasons |= self._board.device.reasons()
        if self._phase == "first_step" and self._faults is None and self._pid is not None:
            self._faults = _major_faults(self._pid)
        self._phase = phase

    def _start(self, board: Board) -> None:
        self._span = time.monotonic(), board.device.energy_joules()

    def _stop(self, board: Board) -> None:
        assert self._span is not None
        (moment, before), now = self._span, board.device.energy_joules()
        self._counts = self._counts and before is not None and now is not None
        self._energy.append((time.monotonic() - moment, (now or 0.0) - (before or 0.0)))

    def _grow(self, board: Board) -> None:
        grown = board.grown()
        if grown is not None:
            self._held = (self._held or 0) + grown
            self._peak = max(self._peak or 0, self._held)


def _major_faults(pid: int) -> int | None:
    """Return the major faults of a process and of its children that have ended; None where nothing counts them."""
    # The name in brackets may contain anything, blanks and brackets too.
    fields = cgroup.read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return int(fields[9]) + int(fields[10]) if len(fields) > 10 else None
