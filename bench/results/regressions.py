"""Has anything become slower? One answer per contender, by the bound of its interval; for use in CI.

A slow-down is *shown* where the whole interval lies beyond the threshold: its lower bound does. Where only part of it
does, these repeats cannot tell, and that is said: it is no proof that nothing has changed. At 95 % and no change beyond
the threshold, a false alarm comes at most once in forty comparisons of the same work taken together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bench.results import format as formats
from bench.results.changes import Changes, Pair
from bench.results.schema import Comparison

USUAL = 0.05
"""Threshold of a slow-down that a report lists first, where none was asked for."""


class Answer(Enum):
    """What the interval of one comparison says of a threshold."""

    SLOWER = "slower"
    WITHIN = "not slower"
    OPEN = "not resolved"
    NONE = "cannot be judged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The answer for one contender of one folder, or for what could not be compared."""

    answer: Answer
    words: str


def answer(item: Comparison, threshold: float) -> Answer:
    """Return what `item` says of a slow-down by more than `threshold`, a share of one."""
    if not item.certified or item.low is None or item.high is None:
        return Answer.NONE
    if item.low > 1 + threshold:
        return Answer.SLOWER
    return Answer.WITHIN if item.high <= 1 + threshold else Answer.OPEN


def regressions(changes: Changes, threshold: float) -> list[Comparison]:
    """Return every comparison that shows a slow-down beyond `threshold`, the largest first, whatever the quantity."""
    found = [item for item in changes.times if answer(item, threshold) is Answer.SLOWER]
    return sorted(found, key=lambda item: -(item.low or 0.0))


def judge(changes: Changes, quantity: str, threshold: float) -> list[Finding]:
    """Return a finding per contender and later folder for `quantity`, slow-downs first, and one per gap."""
    found = [_judged(pair, quantity, threshold) for change in changes.changes for pair in change.pairs]
    found += [Finding(answer=Answer.NONE, words=gap.words) for gap in changes.gaps]
    if not found:
        found = [Finding(answer=Answer.NONE, words=f"nothing could be compared with {changes.reference}")]
    order = list(Answer)
    return sorted(found, key=lambda item: order.index(item.answer))


def _judged(pair: Pair, quantity: str, threshold: float) -> Finding:
    item = next((item for item in pair.times if item.quantity == quantity), None)
    if item is None:
        return Finding(answer=Answer.NONE, words=f"{pair.label} and {pair.against}: neither measured {quantity}")
    verdict = answer(item, threshold)
    limit = formats.percent(threshold, 1).replace(".0 ", " ")
    why = ""
    if not item.certified:
        why = f": not certified as the same work: {pair.parity.message}"
    elif verdict is Answer.NONE:
        why = ": one repeat on a side gives no interval"
    told = {
        Answer.SLOWER: f" (the whole interval lies beyond {limit} slower)",
        Answer.WITHIN: f" (at most {limit} slower)",
        Answer.OPEN: f" (more than {limit} slower is possible, and not shown: more repeats narrow it)",
        Answer.NONE: why,
    }
    return Finding(answer=verdict, words=f"{item.verdict}{told[verdict]}")


def exit_status(findings: Sequence[Finding], *, strict: bool = False) -> int:
    """Return 1 where a slow-down is shown (`strict`: or not resolved), 2 where something could not be judged, else 0.

    A slow-down that is shown outweighs what could not be judged.
    """
    answers = {item.answer for item in findings}
    if Answer.SLOWER in answers:
        return 1
    if Answer.NONE in answers or not answers:
        return 2
    return int(strict and Answer.OPEN in answers)
