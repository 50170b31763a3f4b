"""The losses, taken on logits."""

from __future__ import annotations

from torch import nn

LOSSES = {"sparse_categorical_crossentropy": nn.CrossEntropyLoss}
"""The losses by name."""
