"""Watches for a child that hangs: one that had the machine for long, and told nothing."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType


class Watch:
    """Calls `end` once, from a thread of its own, after `patience` seconds without a sign of life; a context manager.

    The thread sleeps until that can be the case at the earliest: with a patience of minutes it takes no CPU.
    """

    def __init__(self, patience: float, end: Callable[[], None]) -> None:
        self._patience, self._end = patience, end
        self._heard = time.monotonic()
        self._asleep = False
        self._over = threading.Event()
        self.hung = False
        """Whether it came to that."""

    def __enter__(self) -> Watch:
        self._heard = time.monotonic()
        if math.isfinite(self._patience):
            threading.Thread(target=self._wait, name="watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def heard(self, *, asleep: bool = False) -> None:
        """Note a sign of life; who is `asleep` waits for its turn, and may be silent for as long as that takes."""
        self._heard, self._asleep = time.monotonic(), asleep

    def _wait(self) -> None:
        left = self._patience
        while not self._over.wait(left):
            left = self._patience if self._asleep else self._heard + self._patience - time.monotonic()
            if left <= 0:
                self.hung = True
                self._end()
                return
