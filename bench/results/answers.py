"""What contenders answered for the test samples, classes or values, and how far two sets of answers are apart.

Two trainings of one network never answer alike, whatever trains them: another seed alone changes some answers. So what
changes between contenders, at the same seed, is told beside what changes between seeds, with the same contender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ByRepeat = Mapping[int, Array]
"""A contender's answers by repeat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Apart:
    """How far answers are apart, pair by pair: of two contenders in the same repeat, or of one's repeats."""

    one: str
    other: str
    """The same contender, where its repeats are held against each other."""
    values: tuple[float, ...]
    """By pair: samples that got another class; in a regression the mean absolute difference of the values."""

    @property
    def mean(self) -> float:
        """The mean over pairs."""
        return float(np.mean(self.values))


def answers(predictions: Array, task: str) -> Array:
    """Return what `predictions` (n, outputs) amount to, (n,): int64 classes, or in a regression float64 values.

    Of probabilities the class of the largest one; of the one probability of a binary task, whether it exceeds a half.
    """
    if task == "regression":
        return np.asarray(predictions[:, 0], np.float64)
    if task == "binary":
        return np.asarray(predictions[:, 0] > 0.5, np.int64)
    return np.asarray(predictions.argmax(axis=1), np.int64)


def seeds(name: str, found: ByRepeat) -> Apart | None:
    """Return how far each two repeats of contender `name` are apart; None where it has fewer than two."""
    values = [_apart(one, other) for one, other in combinations(found.values(), 2)]
    return Apart(one=name, other=name, values=tuple(values)) if values else None


def contenders(one: str, other: str, found: Mapping[str, ByRepeat]) -> Apart | None:
    """Return how far two contenders are apart in each repeat that both have; None where there is none."""
    shared = [repeat for repeat in found[one] if repeat in found[other]]
    values = [_apart(found[one][repeat], found[other][repeat]) for repeat in shared]
    return Apart(one=one, other=other, values=tuple(values)) if values else None


def disputed(found: Mapping[str, ByRepeat]) -> Array:
    """Return the rows of the samples for which contenders named different classes in one repeat at least, int64.

    Those that were disputed in most repeats come first; among equals, in the order of the test split.
    """
    repeats = sorted({repeat for mine in found.values() for repeat in mine})
    votes = [_differ([mine[repeat] for mine in found.values() if repeat in mine]) for repeat in repeats]
    if not votes:
        return np.empty(0, np.int64)
    count = np.sum(votes, axis=0)
    order = np.argsort(-count, kind="stable")
    return np.asarray(order[count[order] > 0], np.int64)


def _differ(answered: Sequence[Array]) -> Array:
    """Return where not all of (n,) are the same."""
    stacked = np.stack(answered)
    return np.asarray((stacked != stacked[0]).any(axis=0))


def _apart(one: Array, other: Array) -> float:
    if one.dtype.kind == "f":
        return float(np.mean(np.abs(one - other)))
    return float(np.count_nonzero(one != other))
