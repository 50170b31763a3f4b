"""Runs made apart, compared: certified against each other by their kept fingerprints, unpaired in time.

A sweep over ``framework=tf,torch`` is such a case, and so are two folders. Whatever drifted between the runs is in
the difference, and every sentence says so; what the runs recorded differently is named there too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.results import certificate, compare, fingerprint
from bench.results import format as formats
from bench.results.fingerprint import Fingerprint
from bench.results.schema import Agreement, Check, Comparison, Contender, Parity, Results, Trial
from bench.results.summary import SAID_ELSEWHERE

COUNTED = {"repeats"}
"""Conditions that every sentence states by itself."""

MACHINE = ("cpu", "cores", "gpus")
"""Facts of a machine that make it another one."""


UNUSED = (None, False, 0, 1, "default")
"""Values of a setting that is not in use; `True` equals 1 and is none of them."""


UNUSED = (None, False, 0, 1, "default")
"""Values of a setting that is not in use; `True` equals 1 and is none of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Across:
    """The contenders of several runs that were given the same work."""

    title: str
    comparison: list[Comparison]
    agreement: list[Agreement] = field(default_factory=list)
    parity: Parity | None = None
    differences: dict[str, list[str]] = field(default_factory=dict)
    """By contender: settings, versions and machine that were not the baseline's; only contenders that have any."""


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

    def conditions(self) -> dict[str, Any]:
        """Return what its numbers hold under: the run's conditions, and its own settings over them."""
        found = self.results.conditions | {k: v for k, v in self.contender.settings.items() if v is not None}
        return {key: value for key, value in found.items() if key not in SAID_ELSEWHERE | COUNTED}

    def versions(self) -> dict[str, str]:
        """Return the versions of its own packages and of the harness, without those of other contenders."""
        others = {package for contender in self.results.contenders for package in contender.versions}
        common = {k: v for k, v in self.results.versions.items() if k not in others and ": " not in k}
        return common | self.contender.versions

    def precision(self) -> str:
        """Return the precision it trained in."""
        return str(self.conditions().get("precision", "float32"))

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
    apart = {entry.label: found for entry in entries[1:] if (found := _differences(entry, baseline))}
    first = baseline.results
    data = first.dataset
    names = f"{first.model.name if first.model else 'model'} on {data.title if data else 'data'}"
    return Across(
        title=f"{names}, {len(group)} runs",
        comparison=compare.comparisons(trials, baseline=baseline.label, certified=certified, paired=False, apart=apart),
        agreement=compare.agreements(
            trials,
            baseline=baseline.label,
            certified=certified,
            paired=False,
            note=data.remark if data else "",
            apart=apart,
        ),
        parity=parity,
        differences=apart,
    )


def _differences(entry: _Entry, baseline: _Entry) -> list[str]:
    """Return what was recorded differently for the two, in short: "threads 1 against 2", "another machine (cpu)"."""
    ours, theirs = entry.conditions(), baseline.conditions()
    keys = [key for key in ours | theirs if _differ(ours.get(key), theirs.get(key), both=key in ours and key in theirs)]
    found = [_against(key, ours.get(key), theirs.get(key)) for key in keys]
    installed, other = entry.versions(), baseline.versions()
    packages = [key for key in installed if key in other and installed[key] != other[key]]
    found += [_against(key, installed[key], other[key]) for key in packages]
    machines = entry.results.machine, baseline.results.machine
    facts = [key for key in MACHINE if (machines[0].get(key) or None) != (machines[1].get(key) or None)]
    return [*found, f"another machine ({', '.join(facts)})"] if facts else found


def _differ(ours: object, theirs: object, *, both: bool) -> bool:
    """Return whether two settings differ; what one framework alone has is a difference only where it is in use."""
    if both:
        return ours != theirs
    return any(value is True or value not in UNUSED for value in (ours, theirs))


def _against(key: str, ours: object, theirs: object) -> str:
    return f"{key.replace('_', ' ')} {formats.plain(ours)} against {formats.plain(theirs)}"


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
    baseline = entries[0]
    first = prints.get(baseline.label)
    notes = _notes(entries)
    for entry in entries[1:]:
        precision, other = entry.precision(), baseline.precision()
        if precision != other:
            notes["uncertified"].append(f"{entry.label} ran in {precision}, {baseline.label} in {other}")
            precision = f"{precision} against {other}"
        if first is not None and entry.label in prints:
            try:
                checks += certificate.certify(prints[entry.label], first, precision)
            except ValueError as error:
                troubles.append(str(error))
    parity = certificate.conclude(checks, prints, notes)
    if troubles:
        parity.passed = False
        parity.message = f"not certified: {'; '.join(troubles)}"
    return parity


def _notes(entries: list[_Entry]) -> dict[str, list[str]]:
    """Return what the runs' own certificates correct for and cannot certify, each note once."""
    parities = [entry.results.parity for entry in entries]
    return {
        "corrected": list(dict.fromkeys(note for parity in parities for note in parity.corrected)),
        "uncertified": list(dict.fromkeys(note for parity in parities for note in parity.uncertified)),
    }
