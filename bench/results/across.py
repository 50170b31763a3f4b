"""Runs made apart, compared: certified against each other by their kept fingerprints, unpaired in time.

A sweep over ``framework=tf,torch`` is such a case, and so are two folders. Whatever drifted between the runs is in
the difference, and every sentence says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.results import certificate, compare, fingerprint
from bench.results.fingerprint import Fingerprint
from bench.results.schema import Agreement, Check, Comparison, Contender, Parity, Results, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Across:
    """The contenders of several runs that were given the same work."""

    title: str
    comparison: list[Comparison]
    agreement: list[Agreement] = field(default_factory=list)
    parity: Parity | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    label: str
    folder: Path
    results: Results
    contender: Contender

    def trials(self) -> list[Trial]:
        """Return its trials under its label."""
        own = [trial for trial in self.results.trials if trial.contender == self.contender.name]
        return [replace(trial, contender=self.label) for trial in own]

    def fingerprint(self) -> Fingerprint:
        """Return what the gate kept; `ValueError` where it is missing or damaged."""
        return fingerprint.load(self.folder / "parity" / f"{Path(self.contender.name).name}.safetensors", self.label)


def across(runs: Sequence[tuple[Path, Results]]) -> list[Across]:
    """Return one comparison per kind of work that more than one run was given; runs are (folder, results)."""
    groups: dict[str, list[tuple[Path, Results]]] = {}
    for folder, results in runs:
        if results.content and results.contenders:
            groups.setdefault(results.content, []).append((folder, results))
    return [_group(group) for group in groups.values() if len(group) > 1]


def _group(group: list[tuple[Path, Results]]) -> Across:
    entries = _entries(group)
    baseline = entries[0]
    parity = _certify(entries)
    certified = parity.certified(baseline.label)
    trials = [trial for entry in entries for trial in entry.trials()]
    first = baseline.results
    data = first.dataset
    names = f"{first.model.name if first.model else 'model'} on {data.title if data else 'data'}"
    return Across(
        title=f"{names}, {len(group)} runs",
        comparison=compare.comparisons(trials, baseline=baseline.label, certified=certified, paired=False),
        agreement=compare.agreements(
            trials, baseline=baseline.label, certified=certified, paired=False, note=data.note if data else ""
        ),
        parity=parity,
    )


def _entries(group: list[tuple[Path, Results]]) -> list[_Entry]:
    """Return every contender of every run, told apart by its folder where a name comes twice."""
    names = Counter(contender.name for _, results in group for contender in results.contenders)
    return [
        _Entry(
            label=contender.name if names[contender.name] == 1 else f"{contender.name} ({folder.name})",
            folder=folder,
            results=results,
            contender=contender,
        )
        for folder, results in group
        for contender in results.contenders
    ]


def _certify(entries: list[_Entry]) -> Parity:
    checks: list[Check] = []
    prints: dict[str, Fingerprint] = {}
    troubles: list[str] = []
    for entry in entries:
        try:
            prints[entry.label] = entry.fingerprint()
        except ValueError as error:
            troubles.append(str(error))
    checks += [check for item in prints.values() for check in certificate.examine(item)]
    first = prints.get(entries[0].label)
    for item in prints.values():
        if first is not None and item is not first:
            precision = str(entries[0].results.conditions.get("precision", "float32"))
            try:
                checks += certificate.certify(item, first, precision)
            except ValueError as error:
                troubles.append(str(error))
    parity = certificate.conclude(checks, prints, {"corrected": [], "uncertified": []})
    if troubles:
        parity.passed = False
        parity.message = f"not certified: {'; '.join(troubles)}"
    return parity
