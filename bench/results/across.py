"""Runs of one folder made apart, compared: certified by their kept fingerprints, unpaired in time.

A sweep over ``framework=tf,torch`` is such a case. Whatever drifted between the runs is in the difference, and every
sentence says so; what the runs recorded differently is named there too. `bench.results.changes` holds one folder
against another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.results import compare
from bench.results.apart import Entry, certify, differences
from bench.results.schema import Agreement, Comparison, Parity, Results, RunWarning


@dataclass(frozen=True, kw_only=True, slots=True)
class Across:
    """The contenders of several runs that were given the same work; or what is said of several runs beside."""

    title: str
    comparison: list[Comparison] = field(default_factory=list)
    agreement: list[Agreement] = field(default_factory=list)
    parity: Parity | None = None
    differences: dict[str, list[str]] = field(default_factory=dict)
    """By contender: settings, versions and machine that were not the baseline's; only contenders that have any."""
    warnings: list[RunWarning] = field(default_factory=list)
    """What could not be compared, and what a reader must know beside."""
    answers: list[str] = field(default_factory=list)
    """Whether anything has become slower, where that was asked."""


def across(runs: Sequence[tuple[Path, Results]]) -> list[Across]:
    """Return one comparison per kind of work that more than one run was given; runs are (folder, results)."""
    groups: dict[str, list[tuple[Path, Results]]] = {}
    for folder, results in runs:
        if results.content and results.contenders:
            groups.setdefault(results.content, []).append((folder, results))
    return [_group(group) for group in groups.values() if len(group) > 1]


def work(results: Results) -> str:
    """Return what a run's contenders were given to do, in short: "mlp on Handwritten digits"."""
    data = results.dataset
    named = (data.title or data.name) if data else ""
    return f"{results.model.name if results.model else 'model'} on {named or 'data'}"


def _group(group: list[tuple[Path, Results]]) -> Across:
    entries = _entries(group)
    baseline = entries[0]
    parity = certify(entries)
    certified = parity.certified(baseline.label)
    trials = [trial for entry in entries for trial in entry.trials()]
    apart = {entry.label: found for entry in entries[1:] if (found := differences(entry, baseline))}
    first = baseline.results
    return Across(
        title=f"{work(first)}, {len(group)} runs",
        comparison=compare.comparisons(trials, baseline=baseline.label, certified=certified, paired=False, apart=apart),
        agreement=compare.agreements(
            trials,
            baseline=baseline.label,
            certified=certified,
            paired=False,
            note=first.dataset.remark if first.dataset else "",
            apart=apart,
        ),
        parity=parity,
        differences=apart,
    )


def _entries(group: list[tuple[Path, Results]]) -> list[Entry]:
    """Return every contender of every run, told apart by its folder where a name comes twice."""
    names = Counter(contender.name for _, results in group for contender in results.contenders)
    return [
        Entry(
            label=contender.name if names[contender.name] == 1 else f"{contender.name} ({folder.name})",
            run=folder.name,
            folder=folder,
            results=results,
            contender=contender,
        )
        for folder, results in group
        for contender in results.contenders
    ]
