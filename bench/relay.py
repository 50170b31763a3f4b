"""Who works when: the children of a repeat take turns on the machine, one at work, the others asleep.

What is compared is clocked a few milliseconds apart, on the same machine in the same mood: another guest of the host,
heat or a changed clock rate, lasting for seconds, slows both. An idle child is blocked at its pipe and takes no CPU.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from bench import turns
from frameworks.line import more


class GivenUpError(Exception):
    """The repeat was given up."""


class Relay:
    """Grants turns to the contenders of one repeat; each has a thread here that waits for it."""

    def __init__(self, names: Sequence[str], repeat: int, measure: Mapping[str, Any]) -> None:
        self._names, self._repeat, self._measure = list(names), repeat, measure
        self._changed = threading.Condition()
        self._turn = dict.fromkeys(names, 0)
        """How many turns each had, or has now."""
        self._asks: dict[str, tuple[str, float]] = {}
        """What those who wait wait for, and how long their clocks of it ran."""
        self._living = set(names)
        self._rounds: dict[str, int] = {}
        self._decided: dict[tuple[str, int], bool] = {}
        self._closed = False

    def take(self, name: str, of: str = "", spent: float = 0.0) -> bool:
        """Wait until it is this contender's turn; return whether there is another round of `of`.

        `spent` is how many seconds its clocks of `of` ran so far.
        """
        with self._changed:
            self._asks[name] = (of, spent)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._next() == name)
            if self._closed:
                raise GivenUpError(name)
            decided = self._another(of, self._turn[name])
            self._turn[name] += 1
            del self._asks[name]
            return decided

    def leave(self, name: str) -> None:
        """Say that this contender's process has ended."""
        with self._changed:
            self._living.discard(name)
            self._asks.pop(name, None)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer: the repeat was given up, and its processes are being ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> str | None:
        """Return whose turn it is; None while somebody is at work."""
        if self._asks.keys() != self._living or not self._living:
            return None
        return min(self._living, key=lambda name: (self._turn[name], self._place(name)))

    def _place(self, name: str) -> int:
        """Return the place in this turn: A B, B A, A B, … so that a steady drift cancels."""
        return turns.order(self._names, self._repeat + self._turn[name]).index(name)

    def _another(self, of: str, turn: int) -> bool:
        """Decide, once for all contenders, whether there is another round of `of`: by whose clocks ran least."""
        if (of, turn) not in self._decided:
            rounds = self._rounds.get(of, 0)
            spent = min(seconds for what, seconds in self._asks.values() if what == of)
            self._decided[of, turn] = more(rounds, spent, self._bound(of), self._measure)
            self._rounds[of] = rounds + 1
        return self._decided[of, turn]

    def _bound(self, of: str) -> float:
        """Return for how many seconds the clocks of `of` are to run."""
        return float(self._measure["predict_seconds" if of == "predict" else "seconds"])
