"""One folder of results held against another: the same contenders on the same work, before and after, here and there.

The first folder is the reference. Two runs are held against each other where they were given the same work, by the
hash of its content; a contender against its namesake, certified by the fingerprints that both kept. The intervals are
unpaired: what changed on the machine between the two is in them. Where both runs raced the same two contenders, the
change of their ratio is told as well: each ratio was taken inside its run, so that a machine that has become slower for
both is not in it. What cannot be compared is named with the reason, never left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.results import changes_words, compare, content, reach, stats
from bench.results.across import work
from bench.results.apart import Entry, certify, differences
from bench.results.schema import TIMES, Agreement, Comparison, Contender, Parity, Results


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
class Pair:
    """A contender of a later folder against its namesake in the reference."""

    label: str
    against: str
    """Both with the run's name."""
    parity: Parity
    differences: list[str]
    """Settings, versions and machine that are not the reference's."""
    times: list[Comparison]
    qualities: list[Agreement]

    @property
    def certified(self) -> bool:
        """Whether both did the same work, by their fingerprints."""
        return self.label in self.parity.certified(self.against)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One kind of work in one later folder."""

    side: str
    work: str
    pairs: list[Pair]
    shifts: list[Comparison] = field(default_factory=list)
    """How the ratios between contenders of one run have changed."""

    @property
    def times(self) -> list[Comparison]:
        """Every time of every pair."""
        return [item for pair in self.pairs for item in pair.times]

    @property
    def qualities(self) -> list[Agreement]:
        """Every quality of every pair."""
        return [item for pair in self.pairs for item in pair.qualities]

    @property
    def corrected(self) -> list[str]:
        """Known differences that the gate corrects for, each once."""
        return list(dict.fromkeys(note for pair in self.pairs for note in pair.parity.corrected))

    @property
    def uncertified(self) -> list[str]:
        """What cannot be certified, each once."""
        return list(dict.fromkeys(note for pair in self.pairs for note in pair.parity.uncertified))


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """What could not be compared."""

    side: str
    what: str
    why: str

    @property
    def words(self) -> str:
        """In a sentence."""
        return f"{self.what} is not compared: {self.why}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """Everything that later folders say against the first."""

    reference: str
    changes: list[Change]
    gaps: list[Gap]
    notes: list[str]
    """What a reader must know beside: contenders that are new, runs that did not end well."""

    @property
    def times(self) -> list[Comparison]:
        """Every comparison of a contender's times with its namesake's."""
        return [item for change in self.changes for item in change.times]


_Matched = tuple[Entry, Entry]
"""A contender of a later folder, and its namesake in the reference."""


def changes(sides: Sequence[Side]) -> Changes:
    """Return what every later folder of `sides` says against the first of them."""
    reference, *later = sides
    gaps: list[Gap] = [Gap(side=side.name, what=name, why=why) for side in sides for name, why in side.unreadable]
    notes = [note for side in sides for run in side.runs if (note := changes_words.unfinished(run.name, run.results))]
    matched: list[tuple[Side, str, list[_Matched]]] = []
    known = _by_content(reference)
    for side in later:
        found = _by_content(side)
        gaps += _other_work(side, reference, found, known)
        for kind in (kind for kind in known if kind in found):
            pairs, lost, new = _match(side, reference, found[kind], known[kind])
            gaps += lost
            notes += new
            if pairs:
                matched.append((side, kind, pairs))
    sizes, raced = Counter[str](), Counter[str]()
    for _, kind, pairs in matched:
        sizes[kind] += len(pairs)
        raced[kind] += len(_raced(pairs))
    made = [_change(side, pairs, sizes[kind], raced[kind]) for side, kind, pairs in matched]
    return Changes(reference=reference.name, changes=made, gaps=gaps, notes=list(dict.fromkeys(notes)))


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
        Gap(side=one.name, what=_called(run), why=changes_words.contentless(run.results))
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
            gaps.append(Gap(side=side.name, what=_called(run), why=why))
    return gaps + [
        Gap(side=side.name, what=_called(run), why=f"no run of the same work in {side.name}")
        for kind, runs in known.items()
        if kind not in found
        for run in runs
        if run.name not in told
    ]


def _called(run: Run) -> str:
    return f"{run.name} ({work(run.results)})"


def _match(
    side: Side, reference: Side, ours: list[Run], theirs: list[Run]
) -> tuple[list[_Matched], list[Gap], list[str]]:
    """Return the namesakes of one kind of work, contenders of the reference that have none, and what is new.

    Where a folder has a contender more than once (a sweep over threads), the one with equal conditions is meant.
    """
    one, other = _named(ours), _named(theirs)
    title = work(theirs[0].results)
    pairs: list[_Matched] = []
    gaps: list[Gap] = []
    if not set(one) & set(other):
        # A lone TensorFlow here, a lone PyTorch there: all there is to compare is the one with the other.
        pairs = [(entry, _baseline(theirs, other)) for entries in one.values() for entry in entries]
    for name, entries in other.items():
        for entry in entries:
            rivals = one.get(name, [])
            if len(entries) > 1 or len(rivals) > 1:
                rivals = [item for item in rivals if item.conditions() == entry.conditions()]
                twins = [item for item in entries if item.conditions() == entry.conditions()]
                rivals = rivals if len(twins) == 1 else []
            if len(rivals) == 1:
                pairs.append((rivals[0], entry))
                continue
            why = changes_words.unmatched(name, list(one), len(one.get(name, [])), side.name)
            gaps.append(Gap(side=side.name, what=f"{entry.label}, {title},", why=why))
    new = [name for name in one if name not in other]
    return pairs, gaps, [changes_words.new(new, side.name, reference.name, title)] if new else []


def _baseline(runs: list[Run], named: dict[str, list[Entry]]) -> Entry:
    """Return what the others of the reference are compared with."""
    return named.get(runs[0].results.baseline, next(iter(named.values())))[0]


def _named(runs: list[Run]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for run in runs:
        for contender in run.results.contenders:
            found.setdefault(contender.name, []).append(_entry(run, contender))
    return found


def _entry(run: Run, contender: Contender) -> Entry:
    return Entry(
        label=f"{contender.name} ({run.name})",
        run=run.name,
        folder=run.folder,
        results=run.results,
        contender=contender,
    )


def _change(side: Side, pairs: list[_Matched], family: int, shifts: int) -> Change:
    """Return what one kind of work says; `family` and `shifts` count pairs, and changed ratios, of all sides."""
    made = [_pair(ours, theirs, family) for ours, theirs in pairs]
    certified = {item.label for item in made if item.certified}
    return Change(
        side=side.name,
        work=work(pairs[0][1].results),
        pairs=made,
        shifts=[
            shift
            for contender, baseline in _raced(pairs)
            for quantity in TIMES
            if quantity != reach.QUANTITY
            if (shift := _shift(contender, baseline, quantity, shifts, certified))
        ],
    )


def _pair(ours: Entry, theirs: Entry, family: int) -> Pair:
    parity = certify([theirs, ours])
    trials = [*theirs.trials(), *ours.trials()]
    certified = parity.certified(theirs.label)
    apart = differences(ours, theirs)
    data = theirs.results.dataset
    told = {ours.label: apart}
    return Pair(
        label=ours.label,
        against=theirs.label,
        parity=parity,
        differences=apart,
        times=compare.comparisons(
            trials, baseline=theirs.label, certified=certified, paired=False, apart=told, family=family
        ),
        qualities=compare.agreements(
            trials,
            baseline=theirs.label,
            certified=certified,
            paired=False,
            note=data.remark if data else "",
            apart=told,
            family=family,
        ),
    )


def _raced(pairs: list[_Matched]) -> list[tuple[_Matched, _Matched]]:
    """Return (contender, baseline) for all who raced each other in one run, there and here."""
    races: dict[tuple[Path, Path], list[_Matched]] = {}
    for pair in pairs:
        races.setdefault((pair[0].folder, pair[1].folder), []).append(pair)
    found = []
    for race in races.values():
        first = next((pair for pair in race if pair[1].contender.name == pair[1].results.baseline), race[0])
        found += [(pair, first) for pair in race if pair is not first and _namesakes(pair) and _namesakes(first)]
    return found


def _namesakes(pair: _Matched) -> bool:
    return pair[0].contender.name == pair[1].contender.name


def _shift(
    contender: _Matched, baseline: _Matched, quantity: str, family: int, certified: set[str]
) -> Comparison | None:
    """Return how the ratio of two contenders has changed; None where one run did not measure it."""
    name, other = contender[0].contender.name, baseline[0].contender.name
    now, before = (
        compare.ratios(entry.results.trials, name, other, quantity) for entry in (contender[0], contender[1])
    )
    if not now or not before:
        return None
    interval = stats.unpaired_ratio(now, before, stats.together(family))
    sound = {contender[0].label, baseline[0].label} <= certified
    ratios = stats.geometric_mean(before), stats.geometric_mean(now)
    return Comparison(
        contender=f"{name} ÷ {other} ({contender[0].run})",
        baseline=f"{name} ÷ {other} ({contender[1].run})",
        quantity=quantity,
        ratio=interval.estimate,
        low=interval.low,
        high=interval.high,
        repeats=interval.repeats,
        paired=False,
        certified=sound,
        verdict=changes_words.shift(
            f"{name} ÷ {other}", quantity, interval, ratios, (len(now), len(before)), family=family, certified=sound
        ),
        family=family,
    )
