"""What training reads from, as the request's pipeline says."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from frameworks.augment import active
from frameworks.contract import Request
from frameworks.torch.input import Samples
from frameworks.torch.resident import resident
from frameworks.torch.settings import REFUSED


class Source(Protocol):
    """One input pipeline."""

    @property
    def reads(self) -> str:
        """When it reads: ``ahead``, beside the computation; ``in turn``, between two steps; ``in the step``."""

    def batches(
        self, order: np.ndarray, batch_size: int, drop_last: bool, device: torch.device
    ) -> Iterable[tuple[Tensor, Tensor]]:
        """Return the batches of one epoch; `order` (n,) counts the samples of the split from 0."""

    def named(self) -> AbstractContextManager[None]:
        """Return a context in which an unreadable sample is named."""


def source(request: Request, samples: Samples, split: str, device: torch.device) -> Source:
    """Return the source that the request asks for; `samples` are those of `split`."""
    pipeline: dict[str, Any] = request.pipeline | {"seed": request.train["seed"]}
    shape = tuple(request.samples.input_shape)
    name = pipeline.get("name", "memory")
    if name == "files":
        from frameworks.torch.files import Files

        return Files(request.samples, split, pipeline, shape)
    if name in REFUSED:
        raise ValueError(f"pipeline={name}: {REFUSED[name]}")
    samples = replace(samples, workers=pipeline.get("workers") or 0)
    if active(pipeline.get("augment", {})):
        # Here, because torchvision takes a while to import, and may not be installed where nobody needs it.
        from frameworks.torch.augment import augmentation

        changes = augmentation(pipeline["augment"], shape, pipeline["seed"], request.samples.brightest)
        samples = replace(samples, augment=changes)
    if name == "device":
        return resident(samples, device)
    return samples
