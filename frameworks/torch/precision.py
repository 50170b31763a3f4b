"""Precision: what layers compute in, and what weights, losses and optimizers are kept in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16}
"""By precision: what `torch.autocast` takes, as PyTorch's guide to mixed precision has it: weights stay in float32."""

INITIAL_SCALE, GROWTH_STEPS = 2.0**15, 2000
"""Of the loss scale, as Keras has them by default; PyTorch's own begins at 2^16."""


def use(precision: str) -> None:
    """Have what is built next compute in `precision`."""
    torch.set_default_dtype(torch.float64 if precision == "float64" else torch.float32)


def computing(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context of a forward pass; it may be entered again and again."""
    dtype = AUTOCAST.get(precision)
    return torch.autocast(device.type, dtype) if dtype else nullcontext()


def scaler(precision: str, device: torch.device) -> torch.amp.GradScaler | None:
    """Return what scales the loss; None where nothing does."""
    if precision != "float16":
        return None
    return torch.amp.GradScaler(device.type, init_scale=INITIAL_SCALE, growth_interval=GROWTH_STEPS)
