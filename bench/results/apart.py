"""Contenders of runs made apart: what each one's numbers hold under, and a certificate over kept fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.results import certificate, fingerprint, recorded
from bench.results.blocks import good, sound
from bench.results.fingerprint import Fingerprint
from bench.results.folder import inside
from bench.results.schema import NOTHING_LEFT, Check, Contender, Parity, Results, Trial
from bench.results.summary import SAID_ELSEWHERE

COUNTED = {"repeats"}
"""Conditions that every sentence states by itself."""

UNUSED = (None, False, 0, 1, "default", "auto", "fit")
"""Values of a setting that is not in use; `True` equals 1 and is none of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One contender of one run."""

    label: str
    """Its name among the others: it says the run where two have the contender."""
    run: str
    """The run's name."""
    folder: Path
    """The run's."""
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

    def planned(self) -> int | None:
        """Return how many repeats it was to have; None where that was not recorded."""
        found = self.results.conditions.get("repeats")
        return found if isinstance(found, int) else None

    def finished(self) -> int:
        """Return how many of its repeats ended well."""
        return len(good(self.results.trials, self.contender.name))

    def measured(self, quantity: str) -> int:
        """Return how many of these have a value of a quantity of time."""
        trials = good(self.results.trials, self.contender.name).values()
        return sum(sound(trial.quantity(quantity)) for trial in trials)

    def precision(self) -> str:
        """Return the precision it trained in."""
        return str(self.conditions().get("precision", "float32"))

    def fingerprint(self) -> Fingerprint:
        """Return what the gate kept; `ValueError` where it is missing, damaged, or outside the run's folder."""
        name = f"{Path(self.contender.name).name}.safetensors"
        try:
            path = inside(self.folder, "parity", name)
        except OSError as error:
            why = "is missing" if isinstance(error, FileNotFoundError) else f"may not be read ({error})"
            raise ValueError(f"the fingerprint of {self.label} {why}") from None
        return fingerprint.load(path, self.label)


def differences(entry: Entry, baseline: Entry) -> list[str]:
    """Return what was recorded differently for the two, most telling first: "another machine (cpu)", "threads 1
    against 2".
    """
    ours, theirs = entry.conditions(), baseline.conditions()
    keys = [key for key in ours | theirs if _differ(ours.get(key), theirs.get(key), both=key in ours and key in theirs)]
    conditions = [recorded.against(key, ours.get(key), theirs.get(key)) for key in keys]
    installed, other = entry.versions(), baseline.versions()
    packages = [key for key in installed if key in other and installed[key] != other[key]]
    versions = [recorded.against(key, installed[key], other[key]) for key in packages]
    both = entry.results, baseline.results
    return [*recorded.machine(*both), *conditions, *recorded.settings(*both), *versions, *recorded.surroundings(*both)]


def _differ(ours: object, theirs: object, *, both: bool) -> bool:
    """Return whether two settings differ; what one framework alone has is a difference only where it is in use."""
    if both:
        return ours != theirs
    return any(value is True or value not in UNUSED for value in (ours, theirs))


def certify(entries: Sequence[Entry]) -> Parity:
    """Return the certificate of `entries` against the first of them, from the fingerprints that their runs kept.

    Whose fingerprint is missing, damaged, or of other work has a check that failed, and is not certified.
    """
    baseline = entries[0]
    checks: list[Check] = []
    prints: dict[str, Fingerprint] = {}
    notes = _notes(entries)
    # A hostile fingerprint may hold anything: numbers that overflow, and shapes that fit nothing.
    with np.errstate(all="ignore"):
        for entry in entries:
            try:
                found = entry.fingerprint()
                checks += certificate.examine(found)
                prints[entry.label] = found
            except Exception as error:
                checks.append(_not_compared(entry, baseline, error))
        for entry in entries[1:]:
            precision, other = entry.precision(), baseline.precision()
            if precision != other:
                notes["uncertified"].append(f"{entry.label} ran in {precision}, {baseline.label} in {other}")
                precision = f"{precision} against {other}"
            if baseline.label not in prints or entry.label not in prints:
                continue
            try:
                checks += certificate.certify(prints[entry.label], prints[baseline.label], precision)
            except Exception as error:
                checks.append(_not_compared(entry, baseline, error))
        try:
            parity = certificate.conclude(checks, prints, notes)
        except Exception as error:
            return Parity(passed=False, message=f"not certified: not comparable ({type(error).__name__})")
    troubles = [check.detail for check in checks if check.quantity == NOTHING_LEFT]
    if troubles:
        parity.message = f"not certified: {'; '.join(troubles)}"
    return parity


def _not_compared(entry: Entry, baseline: Entry, error: Exception) -> Check:
    """Return the check that failed for want of a fingerprint: a refusal in its own words, a fault by its kind."""
    refused = type(error) is ValueError and str(error)
    why = refused or f"the fingerprint of {entry.label} cannot be compared ({type(error).__name__})"
    return certificate.nothing_left(entry.label, baseline.label, why)


def _notes(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Return what the runs' own certificates correct for and cannot certify, each note once."""
    parities = [entry.results.parity for entry in entries]
    return {
        "corrected": list(dict.fromkeys(note for parity in parities for note in parity.corrected)),
        "uncertified": list(dict.fromkeys(note for parity in parities for note in parity.uncertified)),
    }
