"""Who of one folder of results is held against whom of another: the same contender at the same work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bench.results import changes_words, content
from bench.results import format as formats
from bench.results.across import work
from bench.results.apart import Entry
from bench.results.schema import Contender, Results


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of a folder."""

    name: str
    """Unique among all runs of all folders."""
    folder: Path
    results: Results


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A folder as it was named: one run, or those of a sweep."""

    name: str
    runs: Sequence[Run]
    unreadable: Sequence[tuple[str, str]] = ()
    """(name, why) of runs that left nothing to read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """What could not be compared."""

    what: str
    why: str
    instead: str = ""
    """What it is held against, which is not its namesake; empty where it is held against nothing."""

    @property
    def words(self) -> str:
        """In a sentence."""
        told = f"is held against {self.instead}, not a namesake" if self.instead else "is not compared"
        return f"{self.what} {told}: {self.why}"


Matched: TypeAlias = tuple[Entry, Entry]
"""A contender of a later folder, and its namesake in the reference."""

Named: TypeAlias = dict[tuple[str, str], list[Entry]]
"""Contenders by name and backend: whoever shares both is a namesake."""


def match(side: Side, reference: Side) -> tuple[dict[str, list[Matched]], list[Gap], list[str]]:
    """Return the namesakes by the hash of their work, what could not be matched, and what a reader must know beside."""
    ours, theirs = _by_content(side), _by_content(reference)
    gaps = _other_work(side, reference, ours, theirs)
    found: dict[str, list[Matched]] = {}
    notes: list[str] = []
    for kind in (kind for kind in theirs if kind in ours):
        pairs, lost, new = _namesakes(side, reference, ours[kind], theirs[kind])
        gaps += lost
        notes += new
        if pairs:
            found[kind] = pairs
    return found, gaps, notes


def _by_content(side: Side) -> dict[str, list[Run]]:
    """Return the runs that can be compared by what they were given to do."""
    found: dict[str, list[Run]] = {}
    for run in side.runs:
        if run.results.content and run.results.contenders:
            found.setdefault(run.results.content, []).append(run)
    return found


def _other_work(side: Side, reference: Side, found: dict[str, list[Run]], known: dict[str, list[Run]]) -> list[Gap]:
    """Name every run without a counterpart, against what comes nearest to it."""
    gaps = [
        Gap(what=_called(run), why=changes_words.contentless(run.results))
        for one in (reference, side)
        for run in one.runs
        if not (run.results.content and run.results.contenders)
    ]
    told: set[str] = set()
    for kind, runs in found.items():
        if kind in known:
            continue
        candidates = [run for other in known if other not in found for run in known[other]] or list(reference.runs)
        for run in runs:
            why = f"no run in {reference.name} to hold it against"
            if candidates:
                nearest = min(candidates, key=lambda other: len(content.differences(run.results, other.results)))
                why = f"{content.why(run.results, nearest.results)} (nearest in {reference.name}: {_called(nearest)})"
                told.add(nearest.name)
            gaps.append(Gap(what=_called(run), why=why))
    return gaps + [
        Gap(what=_called(run), why=f"no run of the same work in {side.name}")
        for kind, runs in known.items()
        if kind not in found
        for run in runs
        if run.name not in told
    ]


def _called(run: Run) -> str:
    return f"{run.name} ({work(run.results)})"


def _namesakes(
    side: Side, reference: Side, ours: list[Run], theirs: list[Run]
) -> tuple[list[Matched], list[Gap], list[str]]:
    """Return the namesakes of one kind of work, contenders of the reference that have none, and what is new.

    Where a folder has a contender more than once (a sweep over threads), the one with equal conditions is meant.
    """
    one, other = _named(ours), _named(theirs)
    names = [dict.fromkeys(name for name, _ in found) for found in (one, other)]
    title = work(theirs[0].results)
    pairs: list[Matched] = []
    gaps: list[Gap] = []
    if not names[0].keys() & names[1].keys():
        # A lone TensorFlow here, a lone PyTorch there: all there is to compare is the one with the other.
        pairs = [(entry, _baseline(theirs, other)) for entries in one.values() for entry in entries]
    for key, entries in other.items():
        for entry in entries:
            rivals = one.get(key, [])
            if len(entries) > 1 or len(rivals) > 1:
                rivals = [item for item in rivals if item.conditions() == entry.conditions()]
                twins = [item for item in entries if item.conditions() == entry.conditions()]
                rivals = rivals if len(twins) == 1 else []
            if len(rivals) == 1:
                pairs.append((rivals[0], entry))
                continue
            instead = formats.listed([mine.label for mine, rival in pairs if rival is entry])
            others = [items[0].contender for items in one.values()]
            why = changes_words.unmatched(entry.contender, others, side.name, reference.name)
            gaps.append(Gap(what=f"{entry.label}, {title},", why=why, instead=instead))
    new = [name for name in names[0] if name not in names[1]]
    return pairs, gaps, [changes_words.new(new, side.name, reference.name, title)] if new else []


def _baseline(runs: list[Run], named: Named) -> Entry:
    """Return what the others of the reference are compared with."""
    every = [entry for entries in named.values() for entry in entries]
    return next((entry for entry in every if entry.contender.name == runs[0].results.baseline), every[0])


def _named(runs: list[Run]) -> Named:
    found: Named = {}
    for run in runs:
        for contender in run.results.contenders:
            found.setdefault((contender.name, contender.backend), []).append(_entry(run, contender))
    return found


def _entry(run: Run, contender: Contender) -> Entry:
    return Entry(
        label=f"{contender.name} ({run.name})",
        run=run.name,
        folder=run.folder,
        results=run.results,
        contender=contender,
    )
