"""Who works when: the children of a repeat take turns on the machine, one at work, the others asleep.

What is compared is clocked some tens of milliseconds apart, on the same machine in the same mood: another guest of the
host, heat or a changed clock rate, lasting for seconds, slows both. An idle child is blocked at its pipe, without CPU.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import turns


class GivenUpError(Exception):
    """The repeat was given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A contender that waits for a turn."""

    of: str
    """Its stage."""
    round: int
    """How many turns of that stage it had."""
    spent: float
    """Seconds that its clocks of the stage ran."""


STAGES = ("", "compute", "epoch", "predict")
"""What turns are for, in the order of a trial: starting, the clock of the step, training, the clock of prediction."""


class Relay:
    """Grants turns to the contenders of one repeat; each has a thread here that waits for it.

    Who is further on waits for the others: all start, then all are clocked side by side, then all train, and so on,
    however many turns each takes in between.
    """

    def __init__(self, names: Sequence[str], repeat: int, measure: Mapping[str, Any]) -> None:
        self._names, self._repeat, self._measure = list(names), repeat, measure
        self._changed = threading.Condition()
        self._living = set(names)
        self._asks: dict[str, Ask] = {}
        """What those who wait wait for."""
        self._had: Counter[tuple[str, str]] = Counter()
        """By contender and stage, how many turns it had, or has now."""
        self._decided: dict[tuple[str, int], bool] = {}
        """By stage and round, whether there is one."""
        self._closed = False

    def take(self, name: str, of: str = "", spent: float = 0.0) -> bool:
        """Wait until it is this contender's turn; return whether there is another round of `of`.

        `spent` is how many seconds its clocks of `of` ran so far.
        """
        with self._changed:
            ask = self._asks[name] = Ask(of=of, round=self._had[name, of], spent=spent)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._next() == name)
            if self._closed:
                raise GivenUpError(name)
            found = self._another(ask)
            self._had[name, of] += 1
            del self._asks[name]
            return found

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
        return min(self._living, key=self._place)

    def _place(self, name: str) -> tuple[int, int, int]:
        """Return the place in the queue: A B, B A, A B, … so that a steady drift cancels."""
        ask = self._asks[name]
        stage = STAGES.index(ask.of)
        in_round = turns.order(self._names, self._repeat + stage + ask.round).index(name)
        return stage, ask.round, in_round

    def _another(self, ask: Ask) -> bool:
        """Decide, once for all contenders, whether there is another round: by whose clocks ran least."""
        key = ask.of, ask.round
        if key not in self._decided:
            spent = min(other.spent for other in self._asks.values() if other.of == ask.of)
            bound = float(self._measure["predict_seconds" if ask.of == "predict" else "seconds"])
            self._decided[key] = more(ask.round, spent, bound, self._measure)
        return self._decided[key]


def more(rounds: int, spent: float, bound: float, measure: Mapping[str, Any]) -> bool:
    """Return whether contenders take another round of turns after `rounds` of them, `spent` seconds of clocks each."""
    return rounds < measure["turns"] and (rounds < measure["min_turns"] or spent < bound)
