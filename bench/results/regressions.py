"""Has anything become slower? One answer per contender, by the bound of its interval; for use in CI.

A slow-down is *shown* where the whole interval lies beyond the threshold: its lower bound does. Where only part of it
does, these repeats cannot tell, and that is said: it is no proof that nothing has changed. At 95 % and no change beyond
the threshold, a false alarm comes at most once in forty comparisons of the same work taken together, *if the machine
was equally fast both times*: what it drifts from one run to the other is in no variance, and no number of repeats shows
it. Where two contenders raced each other in both folders, the change of their ratio is free of it, and is held beside a
slow-down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bench.results import changes_words, reach
from bench.results import format as formats
from bench.results.changes import Change, Changes, Pair
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
    found = [_judged(change, pair, quantity, threshold) for change in changes.changes for pair in change.pairs]
    found += [Finding(answer=Answer.NONE, words=gap.words) for gap in changes.gaps]
    if not found:
        found = [Finding(answer=Answer.NONE, words=f"nothing could be compared with {changes.reference}")]
    order = list(Answer)
    return sorted(found, key=lambda item: order.index(item.answer))


def _judged(change: Change, pair: Pair, quantity: str, threshold: float) -> Finding:
    item = next((item for item in pair.times if item.quantity == quantity), None)
    verdict = answer(item, threshold) if item else Answer.NONE
    reasons = _reasons(pair, quantity, measured=item is not None)
    if reasons and verdict is not Answer.SLOWER:
        # What was left out may be what was slow: such a folder must not pass.
        verdict = Answer.NONE
    limit = formats.threshold(threshold)
    told = {
        Answer.SLOWER: f" (the whole interval lies beyond {limit} slower{_drifted(change, pair, quantity)})",
        Answer.WITHIN: f" (at most {limit} slower)",
        Answer.OPEN: f" (more than {limit} slower is possible, and not shown: more repeats narrow it)",
        Answer.NONE: f": {'; '.join(reasons)}" if reasons else "",
    }
    said = item.verdict if item else f"{pair.label} and {pair.against} cannot be compared in {quantity}"
    return Finding(answer=verdict, words=f"{said}{told[verdict]}")


def _reasons(pair: Pair, quantity: str, *, measured: bool) -> list[str]:
    """Return all that stands against a judgement; `measured` says whether there is a comparison at all."""
    found = [] if pair.certified else [f"not certified as the same work: {pair.parity.message}"]
    found += [why for entry in (pair.theirs, pair.ours) if (why := changes_words.lacking(entry, quantity))]
    if quantity == reach.QUANTITY and not measured and not found:
        found.append("not every repeat came to one and the same target")
    return found


def _drifted(change: Change, pair: Pair, quantity: str) -> str:
    """Return a remark where no ratio to who raced beside has changed: then all of the machine may have been slower."""
    races = [item for item in change.races if pair.label in (item.contender, item.baseline)]
    races = [item for item in races if item.shift.quantity == quantity]
    if not races or not all(_holds_one(item.shift) for item in races):
        return ""
    rivals = [item.baseline if item.contender == pair.label else item.contender for item in races]
    told = f"inside the runs no change of the ratio to {formats.listed(rivals)} is shown"
    return f"; {told}: the whole machine may have been slower"


def _holds_one(shift: Comparison) -> bool:
    if not shift.certified or shift.low is None or shift.high is None:
        return False
    return shift.low <= 1 <= shift.high and not formats.says_nothing(shift.low, shift.high)


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
