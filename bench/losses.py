"""The loss of a run: one that fits the dataset's task, with the parameters that it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from bench.datasets import Prepared
from bench.errors import RequestError, either
from frameworks.reference import LOSSES, OPTIONS, TASKS

_LIMITS: dict[str, tuple[Callable[[float], bool], str]] = {
    "label_smoothing": (lambda share: 0 <= share < 1, "at least 0 and below 1"),
    "focal_gamma": (lambda gamma: 0 <= gamma < math.inf, "at least 0 and finite"),
    "focal_alpha": (lambda alpha: 0 < alpha < 1, "above 0 and below 1; null leaves it out"),
    "huber_delta": (lambda delta: 0 < delta < math.inf, "above 0 and finite"),
}
"""What the parameters of losses can be, and in words."""


def loss_of(given: str, prepared: Prepared) -> str:
    """Return the loss that is asked for, ``auto`` settled; refuse one whose numbers would mean nothing for the task."""
    usual = TASKS[prepared.task]
    if given == "auto":
        return usual
    fitting = [name for name, loss in LOSSES.items() if prepared.task in loss.tasks]
    if given not in fitting:
        raise RequestError(
            f"train.loss={given}: does not fit {prepared.name}, a {prepared.task} task; take {either(fitting)}, or "
            f"leave it at auto, which takes {usual} there"
        )
    return given


def options_of(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the loss in force; refuse those that are set for another, and what none can be.

    ``train`` is the resolved node of the config, its loss settled.
    """
    loss = train["loss"]
    for key, default in OPTIONS.items():
        if key not in LOSSES[loss].options and train[key] != default:
            takers = [name for name, each in LOSSES.items() if key in each.options]
            raise RequestError(
                f"train.{key}={train[key]}: is a parameter of {either(takers)}, and this run's loss is {loss}; leave "
                f"it at {'null' if default is None else default}"
            )
    for key in LOSSES[loss].options:
        (allowed, words), value = _LIMITS[key], train[key]
        if value is not None and not allowed(value):
            raise RequestError(f"train.{key}={value:g}: must be {words}")
    return {key: train[key] for key in LOSSES[loss].options}
