"""The training split on the device: a step picks its samples there, so that no input costs anything."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from frameworks.memory import refuse, refuse_if_larger
from frameworks.torch.input import Samples, indices

if TYPE_CHECKING:
    from frameworks.torch.augment import Augmentation


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """The source of pipeline ``device``."""

    x: Tensor
    """(n, C, H, W) or (n, F), on the device."""
    y: Tensor
    augment: Augmentation | None = None
    reads: str = "in the step"

    def batches(
        self, order: np.ndarray, batch_size: int, drop_last: bool, device: torch.device
    ) -> Iterable[tuple[Tensor, Tensor]]:
        """Return the batches of one epoch; `order` (n,) goes to the device at once."""
        index = indices(order, batch_size, drop_last)
        on_device = torch.cat(index).to(device).split(batch_size) if index else ()
        return map(self.take, on_device)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the samples of one batch, picked on the device."""
        x = self.x.index_select(0, index)  # for bytes, eight times as fast as x[index] on a CPU
        return (self.augment(x, index) if self.augment else x), self.y.index_select(0, index)

    def named(self) -> AbstractContextManager[None]:
        """Do nothing: there is no file that could be named for an error."""
        return nullcontext()


def resident(samples: Samples, device: torch.device) -> Resident:
    """Return the samples on the device; `MemoryError` where they do not fit."""
    size = len(samples) * samples.x[0].nbytes
    refuse_if_larger(size)
    try:
        x, y = (part.to(device) for part in samples.whole())
    except torch.OutOfMemoryError as error:
        raise refuse(size, "gpu") from error
    return Resident(x, y, samples.augment)
