"""The one clock: monotonic seconds, phases that are never merged, and the compute clock's two modes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

now = perf_counter
"""Seconds on the clock that every number of either side is read from."""

SETTLED = 0.02
"""Steps have settled where the newer of two windows is no further than this from the older one, as a share, …"""

LEAST_WARMUP = 0.3
"""Seconds of warm-up at least, or half of what it may take: clock rates of processors take so long to rise."""

DOUBT = 2.0
"""… or no further than so many standard errors of what noise makes of such windows."""


@dataclass(slots=True)
class Phases:
    """Seconds by phase; entering one for the first time tells the parent, before the clock starts."""

    tell: Callable[..., None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Clock what happens inside as part of phase `name`."""
        if name not in self.seconds:
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


def delivery(
    batches: Iterable[object], synchronize: Callable[[], None], bound: float, least: int
) -> tuple[np.ndarray, int]:
    """Return the seconds per batch from the first one's arrival to the last one's, synchronised, and how many came.

    After `bound` seconds it ends, but not before `least` batches came after the first. The seconds have shape (1,);
    they are empty where none came.
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
    return np.array([(now() - start) / count] if count else []), count


@dataclass(frozen=True, kw_only=True, slots=True)
class Warmup:
    """How a steady state was reached."""

    steps: int
    seconds: float
    settled: bool
    """Whether the last two windows agreed; if not, the bound on the seconds ended the warm-up."""
    step_seconds: float
    """Median of the last window: what a step takes, roughly."""


def settle(step: Callable[[], object], synchronize: Callable[[], None], window: int, bound: float) -> Warmup:
    """Take steps in windows of `window` until two in a row take equally long, for about `bound` seconds at most.

    As pyperf does it, halves are compared; what noise alone makes of their medians is allowed for.
    """
    begin = now()
    older, steps, settled = latency(step, synchronize, window), window, False
    while (spent := now() - begin) < bound and not (settled and spent >= min(LEAST_WARMUP, bound / 2)):
        newer = latency(step, synchronize, window)
        settled, older, steps = _alike(older, newer), newer, steps + window
    return Warmup(steps=steps, seconds=now() - begin, settled=settled, step_seconds=float(np.median(older)))


def _alike(older: np.ndarray, newer: np.ndarray) -> bool:
    """Return whether two windows of step times, (n,), have the same median, as far as their own noise lets one see."""
    middle = float(np.median(older))
    apart = abs(float(np.median(newer)) - middle)
    # The standard error of a median is about 1.25 standard deviations over √n; the deviation is taken robustly.
    deviation = 1.4826 * max(float(np.median(np.abs(each - np.median(each)))) for each in (older, newer))
    error = 1.25 * deviation * np.sqrt(2 / len(newer))
    return bool(apart <= max(SETTLED * middle, DOUBT * error))


def handicapped(step: Callable[[], object], synchronize: Callable[[], None], share: float) -> Callable[[], object]:
    """Return a step that takes longer by `share`, for calibration: a planted slow-down must be found.

    Each step is waited for, so on a GPU the throughput clock of a handicapped step has the latency clock's waits.
    """

    def longer() -> object:
        begin = now()
        found = step()
        synchronize()
        end = begin + (now() - begin) * (1 + share)
        while now() < end:
            pass
        return found

    return longer if share else step
