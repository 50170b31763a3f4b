"""The losses, taken on logits, and the trace of each step's loss that stays on the device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class Trace:
    """Each step's loss, left on the device.

    Nothing is fetched until the epoch's end; ``loss.item()`` would synchronise after every step.
    """

    def __init__(self, keep: bool) -> None:
        self.keep = keep
        self.losses: list[Tensor] = []
        """Appended to by the step, detached."""

    def rewind(self) -> None:
        """Begin the trace anew."""
        self.losses.clear()

    def fetch(self) -> np.ndarray | None:
        """Return the loss of each step since `rewind`, or None without a trace."""
        return torch.stack(self.losses).cpu().numpy() if self.keep and self.losses else None


LOSSES = {"sparse_categorical_crossentropy": nn.CrossEntropyLoss}
"""The losses by name."""
