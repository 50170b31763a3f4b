"""What each schedule of the learning rate means, executably, in numpy: a table of rates, and reduce-on-plateau.

Steps count from 0. Warm-up over w steps: step t < w takes the learning rate · (t + 1) / w, so never 0, and the whole
of it at step w - 1. Rates are computed in float64 and rounded once to float32, as both sides store them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from frameworks.reference.optimizers import float32


@dataclass(kw_only=True, slots=True)
class Schedule:
    """What every schedule has: here, a rate that stays what it is."""

    warmup_steps: int = 0

    def factors(self, steps: np.ndarray, steps_per_epoch: int, total: int) -> np.ndarray:
        """Return what the learning rate is multiplied by at `steps` behind the warm-up, of `total` in all."""
        return np.ones(len(steps))

    def least(self) -> float:
        """Return the rate below which none falls."""
        return 0.0


@dataclass(kw_only=True, slots=True)
class Step(Schedule):
    """The rate falls by `factor` after every so many epochs, counted from the training's beginning."""

    factor: float
    every: int = 1
    """Epochs."""
    at: list[int] | None = None
    """Or after these numbers of epochs, in ascending order, whatever `every` says."""

    def factors(self, steps: np.ndarray, steps_per_epoch: int, total: int) -> np.ndarray:
        """Return powers of the factor: drops are named by epoch, so a warm-up does not put them off."""
        epochs = steps // steps_per_epoch
        drops = epochs // self.every if self.at is None else np.searchsorted(self.at, epochs, side="right")
        return np.power(self.factor, drops.astype(np.float64))


@dataclass(kw_only=True, slots=True)
class Exponential(Schedule):
    """The rate falls a little each step, by `factor` in an epoch, from the warm-up's end on."""

    factor: float

    def factors(self, steps: np.ndarray, steps_per_epoch: int, total: int) -> np.ndarray:
        """Return factor^(epochs since the warm-up)."""
        return np.power(self.factor, (steps - self.warmup_steps) / steps_per_epoch)


@dataclass(kw_only=True, slots=True)
class Cosine(Schedule):
    """Half a cosine from the learning rate, at the warm-up's end, down to `min_rate` behind the last step.

    Loshchilov and Hutter 2017, without restarts.
    """

    min_rate: float = 0.0

    def factors(self, steps: np.ndarray, steps_per_epoch: int, total: int) -> np.ndarray:
        """Return the share of the way that is left, between 0 and 1."""
        return 0.5 * (1 + np.cos(np.pi * (steps - self.warmup_steps) / (total - self.warmup_steps)))

    def least(self) -> float:
        """Return `min_rate`."""
        return self.min_rate


@dataclass(kw_only=True, slots=True)
class OnPlateau(Schedule):
    """The rate falls by `factor` when the validation loss has not for `patience` epochs: see `Plateau`."""

    factor: float
    patience: int
    min_delta: float = 0.0
    cooldown: int = 0
    min_rate: float = 0.0


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Schedule,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "plateau": OnPlateau,
}
"""The schedules by name; their fields are their parameters."""

LENGTH = ("steps", "steps_per_epoch", "sampled")
"""What a request's schedule says beside its name and parameters: the steps of the training, of an epoch; `sampled`."""


def scheduled(given: Mapping[str, Any]) -> Schedule:
    """Return the schedule that a request's mapping means; an empty one is constant."""
    parameters = {key: value for key, value in given.items() if key not in ("name", *LENGTH)}
    return SCHEDULES[given.get("name", "constant")](**parameters)


def changes(given: Mapping[str, Any]) -> bool:
    """Return whether the rate of a request's schedule can change at all."""
    return given.get("name", "constant") != "constant" or bool(given.get("warmup_steps"))


def rates(given: Mapping[str, Any], learning_rate: float) -> np.ndarray | None:
    """Return the rate of each step, float32 (steps,), of which the last holds for any step behind it.

    None where no step differs from the one before: a constant rate, or one that only a plateau changes. A plateau's
    table is its warm-up and one rate more, which holds until the plateau sets another.
    """
    schedule = scheduled(given)
    warm = schedule.warmup_steps
    if not changes(given) or (isinstance(schedule, OnPlateau) and not warm):
        return None
    total = warm + 1 if isinstance(schedule, OnPlateau) else given["steps"]
    steps, least = np.arange(total), schedule.least()
    found = least + (learning_rate - least) * schedule.factors(steps, given.get("steps_per_epoch", 1), total)
    found[:warm] = learning_rate * (steps[:warm] + 1) / max(warm, 1)
    return thinned(found.astype(np.float32), given.get("sampled", 0))


def thinned(rates: np.ndarray, count: int) -> np.ndarray:
    """Return `count` of the rates, evenly spread from the first to the last; all of them where it is 0."""
    places = np.linspace(0, len(rates) - 1, count).round().astype(np.int64)
    return rates[places] if count else rates


def sampled(given: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Return a request's schedule whose whole course fits into `count` steps: the gate looks at no more."""
    if given.get("name") == "plateau":
        return {**given, "warmup_steps": min(given["warmup_steps"], 2)}
    return {**given, "sampled": count} if changes(given) else dict(given)


@dataclass(slots=True)
class Plateau:
    """Reduce-on-plateau: fed the validation loss after each epoch, it returns the rate from then on.

    A loss is better if it is below the best so far by more than `min_delta`. After `patience` epochs in a row without a
    better one the rate becomes rate · factor, but not less than `min_rate`; the `cooldown` epochs behind that do not
    count. Keras's ``ReduceLROnPlateau`` with a cooldown of one more, and PyTorch's with a patience of one less.
    """

    schedule: OnPlateau
    rate: float
    _best: float = field(default=inf, init=False)
    _waited: int = field(default=0, init=False)
    _cooling: int = field(default=0, init=False)

    def after(self, loss: float) -> float:
        """Return the rate after an epoch with such a validation loss, as a float32 number."""
        schedule = self.schedule
        better = loss < self._best - schedule.min_delta
        if better:
            self._best = loss
        self._waited = 0 if better or self._cooling else self._waited + 1
        self._cooling = max(0, self._cooling - 1)
        if self._waited >= schedule.patience:
            self.rate = min(self.rate, float32(max(self.rate * schedule.factor, schedule.min_rate)))
            self._waited, self._cooling = 0, schedule.cooldown
        return self.rate


def plateau(given: Mapping[str, Any], learning_rate: float) -> Plateau | None:
    """Return the state of a request's plateau; None where it has none."""
    schedule = scheduled(given)
    return Plateau(schedule, learning_rate) if isinstance(schedule, OnPlateau) else None
