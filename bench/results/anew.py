"""The statistics of a run, computed anew from its raw trials: what a file says of them is not taken on trust."""

from __future__ import annotations

from bench.results import compare
from bench.results.schema import Results


def compute(results: Results) -> None:
    """Replace the comparisons and agreements of `results` by those that its trials give; none without a baseline."""
    trials, baseline = results.trials, results.baseline
    results.comparison, results.agreement = [], []
    if baseline not in {trial.contender for trial in trials}:
        return
    certified = results.parity.certified(baseline)
    note = results.dataset.mark if results.dataset else ""
    results.comparison = compare.comparisons(trials, baseline=baseline, certified=certified)
    results.agreement = compare.agreements(trials, baseline=baseline, certified=certified, note=note)
