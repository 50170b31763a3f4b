"""Seeds against frameworks: on how many test samples contenders disagree, beside how many one's own repeats do."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean

from bench.results import answers as pure
from bench.results import format as formats
from bench.results.answers import Apart
from reports.answers import Answers
from reports.confusion import told
from reports.format import part, scientific

MOST_CONTENDERS = 8
"""Pairs grow with the square of these: the table holds the pairs of the first ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One pair of contenders in the same repeats, or one contender's repeats among themselves."""

    one: str
    other: str
    pairs: int
    mean: str
    range: str
    """The least and the most of all pairs."""
    share: str
    """Of the test samples; empty in a regression."""
    length: float
    """Of its bar: the mean as a share of the largest."""

    @property
    def own(self) -> bool:
        """Whether it is one contender against itself, with another seed."""
        return self.one == self.other


@dataclass(kw_only=True, slots=True)
class ApartView:
    """How far the answers of a run are apart."""

    rows: list[Row] = field(default_factory=list)
    what: str = ""
    """What the numbers are."""
    sentences: list[str] = field(default_factory=list)


def view(known: Answers, things: str) -> ApartView:
    """Return how far the contenders of a run are apart, and their repeats; `things` is what its samples are."""
    names = list(known.found)[:MOST_CONTENDERS]
    between = [item for one, other in combinations(names, 2) if (item := pure.contenders(one, other, known.found))]
    within = [item for name in names if (item := pure.seeds(name, known.found[name]))]
    if not between and not within:
        return ApartView()
    samples = len(known.labels)
    largest = max(item.mean for item in (*between, *within)) or 1.0
    return ApartView(
        rows=[_row(item, known, largest) for item in (*between, *within)],
        what="mean absolute difference of predictions" if known.regression else f"of {samples:,} test {things}",
        sentences=[_told(item, within, known, things) for item in between] or [_alone(within[0], known, things)],
    )


def _row(item: Apart, known: Answers, largest: float) -> Row:
    low, high = (_number(value, known) for value in (min(item.values), max(item.values)))
    return Row(
        one=item.one,
        other=item.other,
        pairs=len(item.values),
        mean=_number(item.mean, known),
        range=low if low == high else f"{low}–{high}",
        share="" if known.regression or not item.mean else part(item.mean / len(known.labels)),
        length=item.mean / largest,
    )


def _number(value: float, known: Answers) -> str:
    """Return a count of samples, or a distance of values in the target's own units."""
    if not known.regression:
        return told(value)
    return scientific(value) if 0 < value < 1e-3 else formats.significant(value)


def _told(item: Apart, within: list[Apart], known: Answers, things: str) -> str:
    """Return how far two contenders are apart in a sentence, with the yardstick that their own seeds are."""
    pair = f"{item.one} and {item.other}"
    repeats = f" ({formats.count(len(item.values), 'repeat')})"
    if known.regression:
        begun = f"In the same repeat {pair} predict values {_number(item.mean, known)} apart on average{repeats}"
    else:
        begun = f"In the same repeat {pair} disagree on {_of(item.mean, known, things)}{repeats}"
    own = [other for other in within if other.one in (item.one, item.other)]
    if not own:
        return f"{begun}; with one repeat each there is no telling what another seed alone would change."
    yards = formats.listed([f"two repeats of {other.one} on {_number(other.mean, known)}" for other in own])
    if known.regression:
        yards = yards.replace(" on ", " are ") + " apart"
    return f"{begun}; {yards}: {_judged(item.mean, [other.mean for other in own])}."


def _of(mean: float, known: Answers, things: str) -> str:
    return f"{_number(mean, known)} of {len(known.labels):,} test {things}"


def _judged(between: float, own: list[float]) -> str:
    """Return what the yardstick says: a description of these repeats, no test."""
    if between < 0.8 * min(own):
        return "another seed changes more answers than the other contender does"
    if between > 1.25 * max(own):
        return "more than another seed changes"
    return f"about what another seed changes (mean {formats.significant(fmean(own))})"


def _alone(own: Apart, known: Answers, things: str) -> str:
    if known.regression:
        what = f"predict values {_number(own.mean, known)} apart"
    else:
        what = f"disagree on {_of(own.mean, known, things)}"
    return f"Two repeats of {own.one} {what} on average: so much is the seed."
