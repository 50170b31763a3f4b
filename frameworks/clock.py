"""The one clock: monotonic seconds, phases that are never merged, and the compute clock's two modes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

now = perf_counter
"""Seconds on the clock that every number of either side is read from."""


@dataclass(slots=True)
class Phases:
    """Seconds by phase; entering one tells the parent, before the clock starts."""

    tell: Callable[..., None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Clock what happens inside as part of phase `name`."""
        self.tell("phase", name=name)
        start = now()
        try:
            yield
        finally:
            self.add(name, now() - start)

    def add(self, name: str, seconds: float) -> None:
        """Add seconds that were clocked elsewhere."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


def latency(step: Callable[[], object], synchronize: Callable[[], None], steps: int) -> np.ndarray:
    """Return the seconds of each of `steps` steps, the device synchronised after every one."""
    stamps = np.empty(steps + 1)
    synchronize()
    stamps[0] = now()
    for index in range(steps):
        step()
        synchronize()
        stamps[index + 1] = now()
    return np.diff(stamps)


def throughput(step: Callable[[], object], synchronize: Callable[[], None], steps: int) -> np.ndarray:
    """Return the seconds per step of one block of `steps` steps, synchronised only at its ends; shape (1,)."""
    synchronize()
    start = now()
    for _ in range(steps):
        step()
    synchronize()
    return np.array([(now() - start) / steps])


def delivery(batches: Iterable[object], synchronize: Callable[[], None], bound: float, least: int) -> np.ndarray:
    """Return the seconds per batch from the first one's arrival to the last one's, synchronised; shape (1,).

    After `bound` seconds it ends, but not before `least` batches came after the first. Empty where none did.
    """
    arriving = iter(batches)
    next(arriving, None)
    synchronize()
    start, count = now(), 0
    for _ in arriving:
        count += 1
        if count >= least and now() - start > bound:
            break
    synchronize()
    return np.array([(now() - start) / count] if count else [])


def in_blocks(clock: Callable[[int], np.ndarray], steps: int, blocks: int, fresh: Callable[[], None]) -> np.ndarray:
    """Return what `clock` reads over `steps` steps in `blocks` parts, each begun from the state that `fresh` makes.

    A batch that is repeated for hundreds of steps is learnt by heart: gradients vanish, an optimizer's moments become
    denormal numbers, and what is clocked is how fast these are. Training never gets there.
    """
    readings = []
    for _ in range(blocks):
        fresh()
        readings.append(clock(max(1, steps // blocks)))
    return np.concatenate(readings)


def budget(step_seconds: float, measure: dict[str, Any]) -> int:
    """Return how many steps fit the bound on one clock's seconds, within the bounds on steps."""
    wanted = int(measure["seconds"] / max(step_seconds, 1e-9))
    return int(min(max(wanted, measure["min_steps"]), measure["steps"]))
