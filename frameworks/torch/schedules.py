"""The learning rate of each step, in the meaning of `frameworks.reference`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch

from frameworks import reference
from frameworks.contract import Request


class Table:
    """A rate for each step, set before it; behind the table the last one holds.

    What PyTorch's schedulers do after a step, as a hook of the optimizer before it: the count of steps lies in the
    parameter groups, so the optimizer's state has it, and a step that a scaled loss skips is not counted.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, rates: np.ndarray, plants: Collection[str] = ()) -> None:
        """Take float32 rates (n,)."""
        self.rates: list[float] = rates.tolist()
        self.early = int("schedule_early" in plants)
        for group in optimizer.param_groups:
            group["taken"], group["held"] = 0, self.rates[-1]
        optimizer.register_step_pre_hook(self._before)

    def at(self, step: int, held: float) -> float:
        """Return the rate of a step, counted from 0."""
        step += self.early
        return self.rates[step] if step < len(self.rates) - 1 else held

    def _before(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = self.at(group["taken"], group["held"])
            group["taken"] += 1


def make(request: Request, optimizer: torch.optim.Optimizer) -> Table | None:
    """Return the request's schedule, at work; None where the rate stays, or only a plateau changes it."""
    schedule, rate = request.schedule, request.optimizer["learning_rate"]
    found = reference.rates(schedule, rate)
    if found is None:
        return None
    if "warmup_start" in request.plants:
        found = _linear_lr(schedule, rate)
    return Table(optimizer, found, request.plants)


def set_rate(optimizer: torch.optim.Optimizer, schedule: Table | None, rate: float) -> None:
    """Have the steps that follow take `rate`, once a warm-up is over."""
    for group in optimizer.param_groups:
        group["lr" if schedule is None else "held"] = rate


def rates(optimizer: torch.optim.Optimizer, schedule: Table | None, steps: int) -> np.ndarray:
    """Return the rate of each of the first `steps` steps as things stand, float32 (steps,)."""
    group = optimizer.param_groups[0]
    found = (group["lr"] if schedule is None else schedule.at(step, group["held"]) for step in range(steps))
    return np.fromiter(found, np.float32, steps)


def _linear_lr(schedule: Mapping[str, Any], rate: float) -> np.ndarray:
    """Return the rates with the warm-up of PyTorch's ``LinearLR`` as it comes: from a third of the rate on."""
    whole = reference.rates({**schedule, "sampled": 0}, rate)
    assert whole is not None
    warm = schedule["warmup_steps"]
    whole[:warm] = rate * (1 / 3 + 2 / 3 * np.arange(warm) / warm)
    return reference.thinned(whole, schedule.get("sampled", 0))
