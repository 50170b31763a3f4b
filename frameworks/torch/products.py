"""A large matrix product: what the library that multiplies matrices reaches in this very process."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def matrix_product(size: int, dtype: torch.dtype, on: torch.device, mode: str | None) -> Callable[[], Tensor]:
    """Return the product of two fixed matrices (size, size), to be called again and again; the result stays there.

    It is compiled in `mode`, one of `torch.compile`'s; None: not at all.
    """
    # A generator of its own: the training's must not notice.
    generator = torch.Generator(on).manual_seed(0)
    left, right = (torch.randn((size, size), dtype=dtype, device=on, generator=generator) for _ in range(2))
    function: Callable[[Tensor, Tensor], Tensor] = torch.compile(torch.mm, mode=mode) if mode else torch.mm
    return lambda: function(left, right)
