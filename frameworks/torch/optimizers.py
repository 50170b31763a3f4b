"""The optimizers, in the meaning of `frameworks.reference`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import torch
from torch import nn


def make(
    name: str, hyperparameters: dict[str, Any], parameters: Iterable[nn.Parameter], plants: Collection[str]
) -> torch.optim.Optimizer:
    """Return the optimizer called `name`: PyTorch's own, told every number."""
    given = dict(hyperparameters)
    rate = given.pop("learning_rate")
    if name == "adam":
        betas = (given["beta_1"], given["beta_2"])
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=given["epsilon"], weight_decay=0)
    return torch.optim.SGD(parameters, lr=rate, dampening=0, weight_decay=0, **given)
