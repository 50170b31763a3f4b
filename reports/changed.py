"""Folders held against each other: for the page, and in short for the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.results import format as formats
from bench.results import regressions
from bench.results.across import Across
from bench.results.changes import Change, Changes, Pair, changes
from bench.results.format import count, plain
from bench.results.matching import Run, Side
from bench.results.regressions import Answer, Finding
from bench.results.schema import METRICS, Comparison, RunWarning
from reports import load

MOST_LINES = 60
"""Lines of one kind that the screen shows; the report has them all."""

NOT_COMPARED, NOTE = "not_compared", "comparison_note"
"""Kinds of what the exports say beside a comparison: what is missing in it, and what else a reader must know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """One folder in the table of what was compared."""

    name: str
    reference: bool
    runs: str
    """How many, and how they ended."""
    began: str
    frameworks: str
    machine: str
    command: str
    """That of its first run."""
    compared: bool
    """Whether anything of it was."""
    differs: list[str]
    """What its contenders ran under that the reference's did not, all of it: a sentence has the first of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """Everything that is shown of folders held against each other."""

    changes: Changes
    folders: list[Folder]
    limit: str
    """The threshold of a slow-down, in words: "5 %"."""
    judged: int
    """Comparisons of times that are certified and have an interval."""
    unjudged: int
    """The other ones."""
    regressions: list[Comparison]
    findings: list[Finding] = field(default_factory=list)
    """The answers, where the exit status is to say whether something has become slower."""


def compare(runs: Sequence[load.Run], quantity: str, threshold: float | None) -> Changed | None:
    """Return the comparison of the folders that `runs` come from with the first of them; None where it is alone.

    With a `threshold` (a share of one), every contender is judged by `quantity` of `schema.TIMES`.
    """
    sides = _sides(runs)
    if len(sides) < 2:
        return None
    found = changes(sides)
    limit = regressions.USUAL if threshold is None else threshold
    answers = Counter(regressions.answer(item, limit) for item in found.times)
    return Changed(
        changes=found,
        folders=[_folder(side, found, place == 0) for place, side in enumerate(sides)],
        limit=formats.threshold(limit),
        judged=answers.total() - answers[Answer.NONE],
        unjudged=answers[Answer.NONE],
        regressions=regressions.regressions(found, limit),
        findings=[] if threshold is None else regressions.judge(found, quantity, threshold),
    )


def _sides(runs: Sequence[load.Run]) -> list[Side]:
    return [
        Side(
            name=name,
            runs=[
                Run(name=run.name, folder=run.folder, results=run.results)
                for run in runs
                if run.side == name and run.results
            ],
            unreadable=[(run.name, run.problem) for run in runs if run.side == name and not run.results],
        )
        for name in dict.fromkeys(run.side for run in runs)
    ]


def _folder(side: Side, found: Changes, reference: bool) -> Folder:
    results = [run.results for run in side.runs]
    lost = sum(why != load.EMPTY for _, why in side.unreadable)
    ends = Counter([item.status for item in results]) + Counter({"no results": lost})
    several = ends.total() > 1
    runs = ", ".join(f"{number} {status}" for status, number in ends.items()) if several else next(iter(ends), "")
    pairs = [pair for change in found.changes if change.side == side.name for pair in change.pairs]
    more = f" (and {len(results) - 1} more)" if len(results) > 1 else ""
    return Folder(
        name=side.name,
        reference=reference,
        runs=f"{count(ends.total(), 'run')}: {runs}" if ends else "none",
        began=min((item.started for item in results if item.started), default="")[:16].replace("T", " "),
        frameworks="; ".join(dict.fromkeys(item.framework for result in results for item in result.contenders)),
        machine="; ".join(dict.fromkeys(_machine(item.machine) for item in results)),
        command=f"{results[0].command}{more}" if results else "",
        compared=reference or bool(pairs),
        differs=list(dict.fromkeys(said for pair in pairs for said in pair.differences)),
    )


def _machine(facts: dict[str, object]) -> str:
    """Return a machine in a few words: "AMD EPYC, 2 cores, no GPU"."""
    gpus = facts.get("gpus") or facts.get("gpu")
    cores = facts.get("cores")
    parts = [plain(facts.get("cpu") or "unknown processor"), f"{plain(cores)} cores" if cores else ""]
    return ", ".join(filter(None, [*parts, plain(gpus) if gpus else "no GPU"]))


def screen(found: Changed, status: int | None = None) -> list[str]:
    """Return the comparison in lines for the screen: what differs, the answers or the times per step, and the gaps."""
    lines = [f"compared with {found.changes.reference}; the runs were made apart: machine drift not controlled"]
    lines += [f"{folder.name}: {_differing(folder)}" for folder in found.folders if not folder.reference]
    if found.findings:
        lines += _most([f"{item.answer.value}: {item.words}" for item in found.findings])
    else:
        lines += _most([f"SLOWER by more than {found.limit}: {item.verdict}" for item in found.regressions])
        every = [line for change in found.changes.changes for pair in change.pairs for line in _pair(pair)]
        lines += _most([line for line in every if line not in {f"• {item.verdict}" for item in found.regressions}])
    steps = [item for change in found.changes.changes for item in change.shifts if item.quantity == "step_seconds"]
    lines += _most([f"• {item.verdict}" for item in steps])
    lines += _most([] if found.findings else [f"! {gap.words}" for gap in found.changes.gaps])
    lines += _most([f"! {note}" for note in found.changes.notes])
    if found.findings:
        lines.append(_sum(found, status))
    return lines


def _differing(folder: Folder) -> str:
    if not folder.compared:
        return "nothing in it could be compared"
    return ", ".join(folder.differs) or "nothing else differs that was recorded"


def _pair(pair: Pair) -> list[str]:
    times = [item.verdict for item in pair.times if item.quantity == "step_seconds"]
    qualities = [item.verdict for item in pair.qualities if item.quantity in METRICS]
    trouble = [] if pair.certified else [f"! {pair.label} is not certified: {pair.parity.message}"]
    return [*trouble, *(f"• {verdict}" for verdict in (*times, *qualities))]


def _sum(found: Changed, status: int | None) -> str:
    answers = Counter(item.answer for item in found.findings)
    told = ", ".join(f"{answers[answer]} {answer.value}" for answer in Answer if answers[answer])
    return f"judged by a slow-down of more than {found.limit}: {told}" + (
        f" (exit status {status})" if status is not None else ""
    )


def _most(lines: list[str]) -> list[str]:
    rest = len(lines) - MOST_LINES
    return lines if rest <= 0 else [*lines[:MOST_LINES], f"… and {rest} more in the report"]


def groups(found: Changed) -> list[Across]:
    """Return what the exports have of it: the answers and the gaps, a group per pair, and the changed ratios."""
    gaps = [gap.words for gap in found.changes.gaps]
    answers = [f"{item.answer.value}: {item.words}" for item in found.findings if item.words not in gaps]
    warnings = [RunWarning(kind=NOT_COMPARED, message=words) for words in gaps]
    warnings += [RunWarning(kind=NOTE, message=note) for note in found.changes.notes]
    told = Across(
        title=f"folders held against {found.changes.reference}",
        warnings=warnings,
        answers=[_sum(found, None), *answers] if found.findings else [],
    )
    apart = [group for change in found.changes.changes for group in _groups(change, found.changes.reference)]
    return [told, *apart] if told.answers or told.warnings else apart


def _groups(change: Change, reference: str) -> list[Across]:
    pairs = [
        Across(
            title=f"{change.work}, {pair.label} against {pair.against}",
            comparison=pair.times,
            agreement=pair.qualities,
            parity=pair.parity,
            differences={pair.label: pair.differences} if pair.differences else {},
        )
        for pair in change.pairs
    ]
    title = f"{change.work}, ratios within the runs of {change.side} against those of {reference}"
    return [*pairs, Across(title=title, comparison=change.shifts)] if change.shifts else pairs
