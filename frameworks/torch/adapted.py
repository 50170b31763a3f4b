"""The optimizers that are not PyTorch's own: Ftrl, which it does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Ftrl(torch.optim.Optimizer):
    """Follow the regularized leader, in the meaning of `frameworks.reference.Ftrl`; ``weight_decay`` is L2."""

    def __init__(self, params: Any, *, lr: float, weight_decay: float = 0.0, **given: float) -> None:
        """Take the hyperparameters of `frameworks.reference.Ftrl`, all of them."""
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, **given})
        for group in self.param_groups:
            for weight in group["params"]:
                begin = group["initial_accumulator_value"]
                self.state[weight] = {"sum": torch.full_like(weight, begin), "linear": torch.zeros_like(weight)}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._step(group, weights, [weight.grad for weight in weights])

    def _step(self, group: dict[str, Any], weights: list[Tensor], gradients: Any) -> None:
        power, rate = -group["learning_rate_power"], group["lr"]
        sums = [self.state[weight]["sum"] for weight in weights]
        linear = [self.state[weight]["linear"] for weight in weights]
        if group["weight_decay"]:
            gradients = torch._foreach_add(gradients, weights, alpha=group["weight_decay"])
        before = torch._foreach_pow(sums, power)
        torch._foreach_addcmul_(sums, gradients, gradients)
        root = torch._foreach_pow(sums, power)
        # z gains g + (2 · shrinkage - (root - before) / rate) · w
        gained = torch._foreach_sub(before, root)
        torch._foreach_div_(gained, rate)
        torch._foreach_add_(gained, 2 * group["l2_shrinkage_regularization_strength"])
        torch._foreach_add_(linear, gradients)
        torch._foreach_addcmul_(linear, gained, weights)
        # w becomes (clip(z, ±l1) - z) / ((root + β) / rate + 2 · l2)
        torch._foreach_div_(root, rate)
        torch._foreach_add_(root, group["beta"] / rate + 2 * group["l2_regularization_strength"])
        most = group["l1_regularization_strength"]
        found = torch._foreach_clamp_max(torch._foreach_clamp_min(linear, -most), most)
        torch._foreach_sub_(found, linear)
        torch._foreach_div_(found, root)
        torch._foreach_copy_(weights, found)
