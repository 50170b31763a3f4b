"""The trials as witnesses: what really ran, held against the certificate that may have been earned before."""

from __future__ import annotations

from collections.abc import Sequence

from bench.results.schema import Check, Results, Trial

WITNESS = 1e-3
"""Largest relative difference of the first two losses of two real trainings in float32."""

DETAIL = "what ran is not what was certified: look at environment and versions"


def hold(results: Results) -> None:
    """Add the witnesses' checks to the certificate of `results`; a failed one takes it away."""
    precisions = {str(item.settings.get("precision", "float32")) for item in results.contenders} or {"float32"}
    if precisions != {"float32"}:
        return  # another first update can be less than what a reduced precision rounds
    found = checks(results.trials, results.baseline, "float32")
    results.parity.checks += found
    for check in found:
        if not check.passed:
            results.parity.passed = False
            told = f"{check.contender} and {check.baseline} begin to train differently: {check.detail}"
            results.parity.message = f"{told}; {results.parity.message}"


def checks(trials: Sequence[Trial], baseline: str, precision: str) -> list[Check]:
    """Return, per contender, how far the first two losses of its trials are from the baseline's with the same seed.

    A fingerprint may have been computed before; these are the trials themselves. One update lies between the two.
    """
    theirs = {trial.seed: trial.first_losses for trial in trials if trial.contender == baseline}
    errors: dict[str, list[float]] = {}
    for trial in trials:
        other = theirs.get(trial.seed, [])
        if trial.contender != baseline and trial.first_losses and len(other) == len(trial.first_losses):
            apart = [abs(a - b) / max(abs(b), 1e-12) for a, b in zip(trial.first_losses, other, strict=True)]
            errors.setdefault(trial.contender, []).append(max(apart))
    return [
        Check(
            contender=name,
            baseline=baseline,
            quantity="first losses of the trials",
            precision=precision,
            error=max(found),
            tolerance=WITNESS,
            scale="relative to the loss; far above rounding, far below what another first update makes",
            passed=max(found) <= WITNESS,
            detail="" if max(found) <= WITNESS else DETAIL,
        )
        for name, found in errors.items()
    ]
