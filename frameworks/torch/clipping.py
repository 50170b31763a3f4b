"""Clipping of gradients, in the meaning of `frameworks.reference.updates`: before the step, on the device."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, nn

from frameworks.reference import Optimizer

Clip = Callable[[list[Tensor], float], None]


def clipping(meant: Optimizer, plants: Collection[str]) -> Callable[..., None] | None:
    """Return a hook that clips the gradients before an optimizer's step; None where nothing is clipped.

    The hook meets gradients that are no longer scaled, where a loss is.
    """
    limits = {_value: meant.clip_value, _norm: meant.clip_norm, _global_norm: meant.clip_global_norm}
    found = next(((clip, limit) for clip, limit in limits.items() if limit is not None), None)
    if found is None:
        return None
    clip, limit = found
    if "clip_epsilon" in plants:
        clip = {_norm: _stock_norm, _global_norm: _stock_global_norm}.get(clip, clip)

    def before(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        with torch.no_grad():
            clip([p for group in optimizer.param_groups for p in group["params"] if p.grad is not None], limit)

    return before


def _value(weights: list[Tensor], limit: float) -> None:
    nn.utils.clip_grad_value_(weights, limit)


def _norm(weights: list[Tensor], limit: float) -> None:
    gradients = [p.grad for p in weights if p.grad is not None]
    scales = torch._foreach_clamp_min(torch._foreach_norm(gradients), limit)
    torch._foreach_reciprocal_(scales)
    torch._foreach_mul_(scales, limit)
    torch._foreach_mul_(gradients, scales)


def _global_norm(weights: list[Tensor], limit: float) -> None:
    gradients = [p.grad for p in weights if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, limit / norm.clamp(min=limit))


def _stock_norm(weights: list[Tensor], limit: float) -> None:
    """What PyTorch offers, tensor by tensor: it adds 1e-6 to the norm."""
    for weight in weights:
        nn.utils.clip_grad_norm_([weight], limit)


def _stock_global_norm(weights: list[Tensor], limit: float) -> None:
    """What PyTorch offers: it adds 1e-6 to the norm."""
    nn.utils.clip_grad_norm_(weights, limit)
