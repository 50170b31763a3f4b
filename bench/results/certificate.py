"""The certificate: two fingerprints held against each other, and what departs named with its likely cause.

Pure: reads fingerprints that were kept, so runs made apart can be certified against each other later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.results import pixels
from bench.results.causes import cause
from bench.results.fingerprint import Fingerprint
from bench.results.pixels import REFERENCE
from bench.results.schema import NOTHING_LEFT, Check, Parity

JUDGE = 1e-9
"""Largest error allowed in float64: correct pairs stay below 1e-12, every known mistake is above 1e-8."""

JUDGE_UPDATE = 1e-7
"""The same for the first update, relative to itself: at a tiny rate the weights' own rounding is 1e-8 of it."""

UPDATE_MOST = 1e-5
"""The largest error of a first update ever allowed: an optimizer that divides by small gradients lifts their rounding,
and is then held to `NOISE_FACTOR` times what it differs by from itself."""

OWN_LOSS = "loss of its own outputs"
"""The quantity of the check that holds a contender's loss against what the spec means by it."""

SMOKE = "smoke: losses of the steps"
"""The quantity of the check in the run's own precision."""

NOISE_FACTOR = 10
"""In float64: how many times a contender's own noise a difference may be."""

SMOKE_FACTOR = {"float32": 5, "float16": 10, "bfloat16": 10}
"""In the run's own precision: the same. float32's hair is coarse: correct pairs were at most its noise apart."""

SMOKE_FLOOR = {"float32": (5e-6, 2e-5), "float16": (5e-4, 2e-3), "bfloat16": (1e-3, 5e-3)}
"""By precision, without and with batch norm, the least such tolerance: what correct pairs were measured to differ by,
times 10."""


def examine(contender: Fingerprint) -> list[Check]:
    """Return the checks of a contender alone against the spec: these name the side that is wrong."""
    make = _Maker(contender, replace(contender, contender=REFERENCE), "float64")
    return [
        make.check(
            quantity,
            None if not np.isfinite(error := float(contender.arrays[name][0])) else error,
            max(allowed, own),
            f"relative to {scale}" + (f"; tolerance: {NOISE_FACTOR}× its own noise" if own > allowed else ""),
            _own_cause(contender, quantity, name),
        )
        for quantity, name, scale, allowed, own in (
            ("weights as loaded", "reference/loaded", "the largest weight", JUDGE, 0.0),
            (OWN_LOSS, "reference/loss", "the loss", JUDGE, 0.0),
            ("learning rates", "reference/rates", "the largest rate", JUDGE, 0.0),
            ("first update", "reference/update", "the largest update", JUDGE_UPDATE, _update_noise(contender)),
        )
        if name in contender.arrays  # one that was kept by an earlier version has fewer
    ] + pixels.examine(contender)


def _update_noise(contender: Fingerprint) -> float:
    """Return what a contender's own noise allows of its first update."""
    noise = float(contender.arrays.get("noise/update", np.zeros(1))[0])
    return min(NOISE_FACTOR * noise, UPDATE_MOST)


def _own_cause(contender: Fingerprint, quantity: str, name: str) -> str:
    """Return why a contender alone departs from the spec; of a wrong loss it may be known exactly."""
    if quantity == OWN_LOSS and contender.mistake:
        return f"cause: {contender.mistake}"
    return cause(quantity, name, contender.layers, contender.update)


def certify(contender: Fingerprint, baseline: Fingerprint, precision: str) -> list[Check]:
    """Return every check of `contender` against `baseline`; `precision` is the run's own.

    Where both diverge, the steps before are compared: behind an overflow two correct contenders differ. Raises
    `ValueError` where the two were given different work.
    """
    if contender.content != baseline.content:
        raise ValueError(f"{contender.contender} and {baseline.contender} were given different work")
    steps = diverging_step(contender, baseline)
    told = told_steps(contender, baseline) if steps is None else None
    if steps is not None:  # the weights that made the first broken loss are broken already
        contender, baseline = (_first(each, losses=steps, weights=steps - 1) for each in (contender, baseline))
    elif told is not None:  # the loss of a step is that of the weights before it, and may be told worse than they are
        contender, baseline = (_first(each, losses=told, weights=told) for each in (contender, baseline))
    b = baseline.arrays
    norm = float(b["gradient_norm"][0])
    largest = max((_largest(b[name]) for name in b if name.startswith("weights/")), default=1.0)
    make = _Maker(contender, baseline, "float64")
    shift = abs(contender.num_parameters - baseline.num_parameters)
    detail = "" if not shift else f"{contender.num_parameters:,} against {baseline.num_parameters:,}: another network"
    checks = [
        make.check("trainable parameters", float(shift), 0.0, "count", detail),
        make.group("layer outputs", _layers(contender, baseline, "outputs/"), "the layer's largest output", None),
        make.group("loss", ["loss"], "the loss", None),
        make.group("gradients", _parameters(contender, baseline, "gradients/"), "the norm of all gradients", norm),
        *([make.group("learning rates", ["rates"], "the largest rate", None)] if "rates" in b else []),
        # Weights first: they name the step and the tensor, where a loss only shows that one of them is wrong.
        make.group("weights after each step", _weights(contender, baseline), "the largest weight", largest),
        make.group("losses of the steps", ["losses"], "the largest loss", None),
    ]
    if steps is None and told is None:
        checks.append(make.group("inference after the steps", ["inference"], "the largest output", None))
    if steps is None:
        checks.append(_smoke(contender, baseline, precision))
    return _name_the_first(checks) + pixels.certify(contender, baseline)


def diverging_step(contender: Fingerprint, baseline: Fingerprint) -> int | None:
    """Return how many steps both took before both losses were no longer finite; None where one stays finite."""
    losses = contender.arrays["losses"], baseline.arrays["losses"]
    broken = [np.flatnonzero(~np.isfinite(item)) for item in losses]
    return int(min(item[0] for item in broken)) if all(len(item) for item in broken) else None


def told_steps(contender: Fingerprint, baseline: Fingerprint) -> int | None:
    """Return after how many steps float64 can no longer tell whether two weights agree; None where it always can.

    In an untrained network of many layers a difference may grow a thousandfold with each step, a rounding as much as
    a mistake. What is compared is then the steps before; never less than the first.
    """
    found = [each.arrays["noise/weights"] for each in (contender, baseline) if "noise/weights" in each.arrays]
    if not found:
        return None
    lost = np.flatnonzero(np.max(found, axis=0) * NOISE_FACTOR > JUDGE)
    return max(1, int(lost[0])) if len(lost) else None


def _first(fingerprint: Fingerprint, losses: int, weights: int) -> Fingerprint:
    """Return the fingerprint with the losses of so many steps, and the weights after so many, alone."""
    kept = {
        name: value
        for name, value in fingerprint.arrays.items()
        if not name.startswith("weights/") or int(name.split("/")[1]) <= weights
    }
    return replace(fingerprint, arrays=kept | {"losses": kept["losses"][:losses]})


def nothing_left(contender: str, baseline: str, why: str) -> Check:
    """Return the check that failed for want of a fingerprint."""
    return Check(
        contender=contender,
        baseline=baseline,
        quantity=NOTHING_LEFT,
        precision="float64",
        error=None,
        tolerance=0.0,
        scale="",
        passed=False,
        detail=why,
    )


def _name_the_first(checks: list[Check]) -> list[Check]:
    """Return the checks with a cause at the first that fails alone: what fails behind it follows from it."""
    failed = [check for check in checks if not check.passed]
    for check in failed[1:]:
        check.detail = f"follows from the departure in {failed[0].quantity}"
    return checks


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the checks of one pair in one precision."""

    contender: Fingerprint
    baseline: Fingerprint
    precision: str

    def check(self, quantity: str, error: float | None, tolerance: float, scale: str, detail: str) -> Check:
        passed = error is not None and error <= tolerance
        names = (self.contender.contender, self.baseline.contender)
        return Check(
            contender=names[0],
            baseline=names[1],
            quantity=quantity,
            precision=self.precision,
            error=error,
            tolerance=tolerance,
            scale=scale,
            passed=passed,
            detail="" if passed else detail,
        )

    def group(self, quantity: str, names: Iterable[str], scale: str, unit: float | None) -> Check:
        """Hold tensors against each other in the network's order; the first that departs is named."""
        worst, first = 0.0, ""
        for name in names:
            error = _error(self.contender.arrays.get(name), self.baseline.arrays.get(name), unit)
            if error is None:
                return self.check(quantity, None, JUDGE, f"relative to {scale}", self._where(quantity, name))
            first = first or (name if error > JUDGE else "")
            worst = max(worst, error)
        return self.check(quantity, worst, JUDGE, f"relative to {scale}", self._where(quantity, first))

    def _where(self, quantity: str, name: str) -> str:
        layers, update = self.contender.layers, self.contender.update
        return cause(quantity, name, layers, update) if name else ""


def _error(a: np.ndarray | None, b: np.ndarray | None, unit: float | None) -> float | None:
    """Return the largest difference over `unit`, or over the largest value of `b`; None where there is none.

    Values that are infinite or not a number on both sides alike are passed over: there both went the same way.
    """
    if a is None or b is None or a.shape != b.shape:
        return None
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return None
    difference = np.abs(a[finite] - b[finite]).max(initial=0.0)
    scale = unit if unit is not None and np.isfinite(unit) else _largest(b)
    return float(difference / scale) if scale > 0 else float(difference)


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _smoke(contender: Fingerprint, baseline: Fingerprint, precision: str) -> Check:
    """Hold the losses of a few steps in the run's own precision against the contenders' own noise up to that step.

    The noise may leap at some step, where a relu within a rounding of 0 flips: the steps before are held to less.
    """
    own = [each.arrays["smoke/own/losses"] for each in (contender, baseline)]
    largest = _largest(own[1]) or 1.0
    noise = np.zeros(own[1].shape)
    for losses, fingerprint in zip(own, (contender, baseline), strict=True):
        for run in np.atleast_2d(fingerprint.arrays["smoke/perturbed/losses"]):
            found = np.minimum(_distances(run, losses) / largest, 1.0)
            noise = np.maximum(noise, np.maximum.accumulate(found))
    batch_norm = any(kind == "batch_norm" for _, kind in contender.layers)
    floor = max(SMOKE_FLOOR[each][batch_norm] for each in precision.split(" against "))
    factor = max(SMOKE_FACTOR[each] for each in precision.split(" against "))
    allowed = np.maximum(factor * noise, floor)
    errors = _distances(*own) / largest
    step = int(np.argmax(errors / allowed))
    error, tolerance = float(errors[step]), float(allowed[step])
    origin = f"the {precision} floor"
    if tolerance > floor:
        origin = f"{factor}× their own noise of {noise[step]:.0e} at step {step + 1}"
    scale = f"relative to the largest loss; tolerance: {origin}"
    detail = f"float64 agrees and this does not at step {step + 1}: look at the mode or the device"
    known = error if np.isfinite(error) else None
    return _Maker(contender, baseline, precision).check(SMOKE, known, tolerance, scale, detail)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how far each value is from the other: 0 where both went the same way, infinite where one alone did."""
    if a.shape != b.shape:
        return np.full(b.shape, np.inf)
    with np.errstate(invalid="ignore"):
        found = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    return np.where(np.isnan(found), np.inf, found)


def _layers(contender: Fingerprint, baseline: Fingerprint, prefix: str) -> list[str]:
    return [prefix + name for name in dict((*contender.layers, *baseline.layers))]


def _parameters(contender: Fingerprint, baseline: Fingerprint, prefix: str) -> list[str]:
    """Return the tensors that either has under `prefix`, in the order of the layers."""
    order = {name: index for index, (name, _) in enumerate(contender.layers)}
    names = [name for name in dict.fromkeys([*contender.arrays, *baseline.arrays]) if name.startswith(prefix)]
    return sorted(names, key=lambda name: order.get(name.removeprefix(prefix).split("/")[0], 0))


def _weights(contender: Fingerprint, baseline: Fingerprint) -> list[str]:
    found = {*contender.arrays, *baseline.arrays}
    steps = sorted({int(name.split("/")[1]) for name in found if name.startswith("weights/")})
    return [name for step in steps for name in _parameters(contender, baseline, f"weights/{step}/")]


def conclude(checks: list[Check], fingerprints: Mapping[str, Fingerprint], notes: Mapping[str, Any]) -> Parity:
    """Return the certificate over all `checks`; `notes` has what is corrected and what cannot be certified."""
    modes = {name: fingerprint.mode for name, fingerprint in fingerprints.items()}
    uncertified = [*notes["uncertified"], *pixels.notes(fingerprints)]
    parity = Parity(checks=checks, modes=modes, corrected=notes["corrected"], uncertified=uncertified)
    judged = [check for check in checks if check.precision == "float64" and check.tolerance > 0]
    failed = [check for check in checks if not check.passed]
    if failed:
        parity.passed = False
        wrong = {check.contender for check in failed if check.baseline == REFERENCE}
        # Who meets the spec is not accused of differing from one who does not.
        for check in failed:
            if check.baseline in wrong and check.contender not in wrong:
                check.detail = f"follows from what {check.baseline} alone gets wrong"
        told = [check for check in failed if check.baseline not in wrong or check.contender in wrong]
        parity.message = "; ".join(_sentence(check) for check in _first_of_each(told))
    elif all(check.baseline == REFERENCE for check in checks):
        parity.message = "a lone contender: nothing to compare with; its fingerprint is kept"
    else:
        parity.passed = True
        nearest = max(judged, key=lambda check: (check.error or 0.0) / check.tolerance)
        parity.message = (
            f"certified in float64: nearest to its limit is {nearest.quantity}, error {nearest.error or 0.0:.1e} "
            f"where {nearest.tolerance:.0e} is allowed ({len(checks)} checks passed)"
        )
    return parity


def _first_of_each(failed: list[Check]) -> list[Check]:
    """Return the first failed check of each contender, against the spec and against the baseline."""
    return list({(check.contender, check.baseline): check for check in reversed(failed)}.values())[::-1]


def _sentence(check: Check) -> str:
    if check.quantity == NOTHING_LEFT:
        return f"{check.contender} left no fingerprint; {check.detail}"
    error = "cannot be compared" if check.error is None else f"error {check.error:.1e}, allowed {check.tolerance:.0e}"
    other = "the spec means" if check.baseline == REFERENCE else f"{check.baseline} does"
    found = f"{check.contender} does not compute what {other}: {check.quantity} ({error})"
    return f"{found}; {check.detail}" if check.detail else found
