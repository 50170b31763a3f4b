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

from bench.results import changes_words, compare, reach, shifts
from bench.results.across import work
from bench.results.apart import Entry, certify, differences
from bench.results.matching import Gap, Matched, Side, match
from bench.results.schema import TIMES, Agreement, Comparison, Parity


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A contender of a later folder against its namesake in the reference."""

    ours: Entry
    theirs: Entry
    parity: Parity
    differences: list[str]
    """Settings, versions and machine that are not the reference's."""
    times: list[Comparison]
    qualities: list[Agreement]

    @property
    def contender(self) -> str:
        """The later folder's, by its name alone."""
        return self.ours.contender.name

    @property
    def label(self) -> str:
        """The same with the run's name."""
        return self.ours.label

    @property
    def against(self) -> str:
        """The reference's, with the run's name."""
        return self.theirs.label

    @property
    def certified(self) -> bool:
        """Whether both did the same work, by their fingerprints."""
        return self.label in self.parity.certified(self.against)


@dataclass(frozen=True, kw_only=True, slots=True)
class Race:
    """Two contenders that raced each other in one run, there and here."""

    contender: str
    baseline: str
    """Both by their labels in the later folder."""
    shift: Comparison
    """How their ratio has changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One kind of work in one later folder."""

    side: str
    work: str
    pairs: list[Pair]
    races: list[Race] = field(default_factory=list)

    @property
    def shifts(self) -> list[Comparison]:
        """How the ratios between contenders of one run have changed."""
        return [race.shift for race in self.races]

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


def changes(sides: Sequence[Side]) -> Changes:
    """Return what every later folder of `sides` says against the first of them."""
    reference, *later = sides
    gaps: list[Gap] = [Gap(what=name, why=why) for side in sides for name, why in side.unreadable]
    notes = [note for side in sides for run in side.runs if (note := changes_words.unfinished(run.name, run.results))]
    matched: list[tuple[Side, str, list[Matched]]] = []
    for side in later:
        found, lost, new = match(side, reference)
        gaps += lost
        notes += new
        matched += [(side, kind, pairs) for kind, pairs in found.items()]
    sizes, races = Counter[str](), Counter[str]()
    for _, kind, pairs in matched:
        sizes[kind] += len(pairs)
        races[kind] += len(shifts.raced(pairs))
    made = [_change(side, pairs, sizes[kind], races[kind]) for side, kind, pairs in matched]
    return Changes(reference=reference.name, changes=made, gaps=gaps, notes=list(dict.fromkeys(notes)))


def _change(side: Side, pairs: list[Matched], family: int, ratios: int) -> Change:
    """Return what one kind of work says; `family` and `ratios` count pairs, and changed ratios, of all sides."""
    made = [_pair(ours, theirs, family) for ours, theirs in pairs]
    certified = {item.label for item in made if item.certified}
    return Change(
        side=side.name,
        work=work(pairs[0][1].results),
        pairs=made,
        races=[
            Race(contender=contender[0].label, baseline=baseline[0].label, shift=shift)
            for contender, baseline in shifts.raced(pairs)
            for quantity in TIMES
            if quantity != reach.QUANTITY
            if (shift := shifts.shift(contender, baseline, quantity, ratios, certified))
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
        ours=ours,
        theirs=theirs,
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
