"""The optimizers, in the meaning of `frameworks.reference`: PyTorch's own, told every number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import nn

from frameworks import reference
from frameworks.contract import Request
from frameworks.reference import Adam, Nadam, Optimizer
from frameworks.torch import schedules
from frameworks.torch.adapted import Ftrl
from frameworks.torch.clipping import clipping
from frameworks.torch.schedules import Table

Groups = list[dict[str, Any]]

NADAM_DECAY = 1.0
"""PyTorch's ``momentum_decay`` at which its momentum is that of the paper, and of Keras; its default is 0.004."""


def make(request: Request, parameters: Mapping[str, nn.Parameter]) -> tuple[torch.optim.Optimizer, Table | None]:
    """Return the optimizer of trainable tensors, by canonical name, and the schedule of its rate."""
    meant, plants = reference.meaning(request.optimizer), request.plants
    if "coupled_decay" in plants:
        meant.l2, meant.weight_decay = meant.weight_decay, 0.0
    decoupled = isinstance(meant, Adam | Nadam) and meant.weight_decay > 0 and not meant.l2
    groups = _groups(meant, parameters, meant.weight_decay if decoupled else meant.l2)
    optimizer = _MAKERS[request.optimizer["name"]](groups, meant, decoupled, plants)
    # Hooks run in this order before each step: what decays needs the step's rate.
    schedule = schedules.make(request, optimizer)
    if clip := clipping(meant, plants):
        optimizer.register_step_pre_hook(clip)
    if meant.weight_decay and not decoupled:
        for index, group in enumerate(optimizer.param_groups):
            group["decay"] = 0.0 if index else meant.weight_decay
        optimizer.register_step_pre_hook(_decay)
    return optimizer, schedule


def _groups(meant: Optimizer, parameters: Mapping[str, nn.Parameter], decay: float) -> Groups:
    """Return PyTorch's groups of parameters: those that decay, and those that are left out of it, if there are any.

    What PyTorch calls ``weight_decay`` is L2, but for Adam and Nadam where they are told to decouple it.
    """
    exclude = meant.exclude if meant.weight_decay or meant.l2 else []
    left_out = [p for name, p in parameters.items() if reference.kind(name) in exclude]
    rest = [p for name, p in parameters.items() if reference.kind(name) not in exclude]
    groups: Groups = [{"params": rest, "weight_decay": decay}]
    return groups + ([{"params": left_out, "weight_decay": 0.0}] if left_out else [])


def _decay(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
    """Decay the weights at the step's rate, for optimizers whose own decay is L2."""
    for group in optimizer.param_groups:
        if group["decay"] and (weights := [p for p in group["params"] if p.grad is not None]):
            with torch.no_grad():
                torch._foreach_mul_(weights, 1 - group["lr"] * group["decay"])


def _sgd(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    dampening = meant.momentum if "dampening" in plants else 0
    own = {"momentum": meant.momentum, "dampening": dampening, "nesterov": meant.nesterov and not dampening}
    return torch.optim.SGD(groups, lr=meant.learning_rate, **own)


def _adam(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    return kind(groups, lr=meant.learning_rate, betas=(meant.beta_1, meant.beta_2), eps=meant.epsilon)


def _nadam(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    return torch.optim.NAdam(
        groups,
        lr=meant.learning_rate,
        betas=(meant.beta_1, meant.beta_2),
        eps=meant.epsilon,
        momentum_decay=0.004 if "nadam_momentum" in plants else NADAM_DECAY,
        decoupled_weight_decay=decoupled,
    )


def _adamax(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    betas = meant.beta_1, meant.beta_2
    return torch.optim.Adamax(groups, lr=meant.learning_rate, betas=betas, eps=meant.epsilon)


def _rmsprop(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    own = {"momentum": meant.momentum, "centered": meant.centered}
    return torch.optim.RMSprop(groups, lr=meant.learning_rate, alpha=meant.rho, eps=meant.epsilon, **own)


def _adagrad(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    # √(a + ε) is PyTorch's √a + 0 for a sum that begins at a₀ + ε.
    begin = 0.0 if "adagrad_accumulator" in plants else meant.initial_accumulator_value
    return torch.optim.Adagrad(groups, lr=meant.learning_rate, initial_accumulator_value=begin + meant.epsilon, eps=0)


def _adadelta(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    return torch.optim.Adadelta(groups, lr=meant.learning_rate, rho=meant.rho, eps=meant.epsilon)


def _ftrl(groups: Groups, meant: Any, decoupled: bool, plants: Collection[str]) -> torch.optim.Optimizer:
    return Ftrl(groups, lr=meant.learning_rate, **meant.own())


_MAKERS: dict[str, Callable[[Groups, Any, bool, Collection[str]], torch.optim.Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adam,
    "nadam": _nadam,
    "adamax": _adamax,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "ftrl": _ftrl,
}
