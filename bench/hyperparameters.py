"""What an optimizer and a schedule may be told: checks raise `RequestError` with the key, the value, the remedy."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from bench.errors import RequestError, nearest, unknown
from frameworks.reference import OPTIMIZERS, SCHEDULES, float32, rates

FLOAT32_MOST = 3.4028235e38

Limit = tuple[str, Callable[[float], bool]]

ANY_SIZE: Limit = ("at least 0 and finite as a float32", lambda value: 0 <= value < math.inf)
DECAY: Limit = ("at least 0 and below 1 as a float32", lambda value: 0 <= value < 1)
"""At 1 nothing would ever be forgotten, and Adam would divide by zero."""
FALL: Limit = ("above 0 and below 1 as a float32", lambda value: 0 < value < 1)
CLIP: Limit = ("above 0 and finite as a float32; null clips nothing", lambda value: 0 < value < math.inf)
POWER: Limit = ("at most 0 and finite as a float32", lambda value: -math.inf < value <= 0)

LIMITS = dict.fromkeys(("momentum", "beta_1", "beta_2", "rho"), DECAY)
LIMITS |= dict.fromkeys(("clip_value", "clip_norm", "clip_global_norm"), CLIP)
LIMITS |= {"learning_rate_power": POWER, "factor": FALL}
"""By hyperparameter, what a number must be; the others must be of `ANY_SIZE`."""

COUNTS = {"every": 1, "patience": 1}
"""By parameter, the least whole number it may be; for the others that is 0."""

KINDS = ("kernel", "bias", "gamma", "beta")
"""Kinds of tensors that learn, by the last part of their names."""

UNSET: tuple[Any, ...] = (0.0, None, [])
"""What a hyperparameter is that does nothing."""

SHARED = ("weight_decay", "l2", "exclude", "clip_value", "clip_norm", "clip_global_norm")
"""Hyperparameters that every optimizer has, and most runs leave alone."""


def optimizer(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return name and hyperparameters, every one of them, as the float32 numbers that both sides will have."""
    settled = _settled("optimizer", given, OPTIMIZERS)
    if settled.get("nesterov") and not settled["momentum"]:
        raise RequestError("optimizer.nesterov=true: needs a momentum, as in optimizer.momentum=0.9")
    if settled.get("epsilon") == 0 and not settled.get("initial_accumulator_value"):
        raise RequestError(
            "optimizer.epsilon=0: must be above 0: a weight whose gradients are all 0 would move by 0 / 0; take 1.0e-8"
        )
    clips = [key for key in SHARED if key.startswith("clip_") and settled[key] is not None]
    if len(clips) > 1:
        raise RequestError(f"optimizer.{clips[1]}={settled[clips[1]]:g}: optimizer.{clips[0]} clips already; keep one")

    for kind in settled["exclude"]:
        if kind not in KINDS:
            raise unknown("optimizer.exclude", kind, KINDS)
    if settled["exclude"] and not settled["weight_decay"] and not settled["l2"]:
        raise RequestError(
            f"optimizer.exclude=[{','.join(settled['exclude'])}]: there is nothing to be left out of; "
            "set optimizer.weight_decay or optimizer.l2"
        )
    return settled


def schedule(
    given: Mapping[str, Any], optimizer: Mapping[str, Any], epochs: int, steps_per_epoch: int
) -> dict[str, Any]:
    """Return name and parameters of the schedule, with the steps of the whole training and of an epoch."""
    settled = _settled("schedule", given, SCHEDULES)
    length = {"steps": epochs * steps_per_epoch, "steps_per_epoch": steps_per_epoch}
    if settled["warmup_steps"] >= length["steps"]:
        raise RequestError(
            f"schedule.warmup_steps={settled['warmup_steps']}: the training has {length['steps']:,} steps; take fewer"
        )
    if settled.get("min_rate", 0.0) > optimizer["learning_rate"]:
        raise RequestError(
            f"schedule.min_rate={settled['min_rate']:g}: is above optimizer.learning_rate="
            f"{optimizer['learning_rate']:g}, from which the rate falls"
        )
    found = rates(settled | length, optimizer["learning_rate"])
    least = optimizer["learning_rate"] if found is None else found.min()
    if optimizer["name"] == "ftrl" and not least:
        raise RequestError("optimizer=ftrl: divides by its learning rate, which is 0 at some step of this run")
    return settled | length


def told(optimizer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's name and hyperparameters for people, without what does nothing."""
    own = {key: value for key, value in optimizer.items() if key not in SHARED}
    return own | {key: value for key, value in optimizer.items() if key in SHARED and value not in UNSET}


def told_schedule(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schedule's name and parameters for people; empty where the rate stays."""
    kept = {key: value for key, value in schedule.items() if value is not None and (key != "warmup_steps" or value)}
    if "at" in kept:
        kept.pop("every", None)  # which the epochs that are named go before
    return kept if schedule.get("name", "constant") != "constant" or kept.get("warmup_steps") else {}


def _settled(group: str, given: Mapping[str, Any], kinds: Mapping[str, type[Any]]) -> dict[str, Any]:
    """Return a group's name and every value it has, those that were not given at their defaults."""
    name = str(given.get("name"))
    if name not in kinds:
        raise unknown(f"{group}.name", name, kinds)
    fields = {item.name: item for item in dataclasses.fields(kinds[name]) if item.init}
    for key in given:
        if key not in fields and key != "name":
            raise RequestError(
                f"{group}.{key}: {name} has no such hyperparameter{nearest(key, fields)}; "
                f"{group}={name} chooses {name} with its own"
            )
    settled: dict[str, Any] = {"name": name}
    for key, item in fields.items():
        default = [] if item.default_factory is not dataclasses.MISSING else item.default
        value = given.get(key, default)
        if value is dataclasses.MISSING:
            raise RequestError(f"{group}.{key}: must be set, {name} needs it")
        settled[key] = _TAKE[str(item.type)](f"{group}.{key}", value)
    return settled


def _number(key: str, value: Any) -> float:
    """Return `value` as a float32 number; the limits hold for what it becomes, not for what was written."""
    where = f"{key}={value}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"{where}: must be a number")
    limit, holds = LIMITS.get(key.rpartition(".")[2], ANY_SIZE)
    rounded = float32(value) if abs(value) < FLOAT32_MOST else math.copysign(math.inf, value)
    if value and not rounded:
        raise RequestError(f"{where}: is 0 as a float32; take more, or 0 itself")
    if not holds(rounded):
        raise RequestError(f"{where}: must be {limit}")
    return rounded


def _number_or_none(key: str, value: Any) -> float | None:
    return None if value is None else _number(key, value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RequestError(f"{key}={value}: must be true or false")
    return value


def _count(key: str, value: Any) -> int:
    least = COUNTS.get(key.rpartition(".")[2], 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RequestError(f"{key}={value}: must be a whole number of at least {least}")
    return value


def _names(key: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise RequestError(f"{key}={value}: must be a list: {key}=[bias,gamma,beta]")
    return [str(item) for item in value]


def _epochs(key: str, value: Any) -> list[int] | None:
    if value is None:
        return None
    counts = isinstance(value, list) and value and all(type(item) is int and item > 0 for item in value)
    if not counts or sorted(set(value)) != value:
        raise RequestError(f"{key}={value}: must be numbers of epochs, each above the one before: {key}=[80,120]")
    return list(value)


_TAKE: dict[str, Callable[[str, Any], Any]] = {
    "float": _number,
    "float | None": _number_or_none,
    "bool": _flag,
    "int": _count,
    "list[str]": _names,
    "list[int] | None": _epochs,
}
"""By a field's type: how its value is taken."""
