"""The losses, taken on logits, and the metric beside each."""

from __future__ import annotations

from collections.abc import Callable, Collection

from torch import Tensor, nn


class BinaryCrossentropy(nn.BCEWithLogitsLoss):
    """PyTorch's own, for outputs (n, 1) and integer labels (n,)."""

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of the batch."""
        return super().forward(outputs, _like(labels, outputs))


class MeanSquaredError(nn.MSELoss):
    """PyTorch's own, for outputs (n, 1) and targets (n,): which it would spread to (n, n) with but a warning."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of the batch."""
        return super().forward(outputs, _like(targets, outputs))


class BroadcastMistake(nn.MSELoss):
    """What a regression falls into that hands (n,) to PyTorch's own: every output is held against every target."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over all pairs of the batch; PyTorch warns, once."""
        return super().forward(outputs, targets.to(outputs.dtype))


def make(name: str, plants: Collection[str]) -> nn.Module:
    """Return the loss called `name`."""
    mistaken = name == "mean_squared_error" and "target_broadcast" in plants
    return BroadcastMistake() if mistaken else _LOSSES[name]()


def _like(labels: Tensor, outputs: Tensor) -> Tensor:
    """Return labels (n,) in the shape and type of outputs (n, 1); `RuntimeError` where the numbers differ."""
    return labels.to(outputs.dtype).view_as(outputs)


_LOSSES: dict[str, Callable[[], nn.Module]] = {
    "sparse_categorical_crossentropy": nn.CrossEntropyLoss,
    "binary_crossentropy": BinaryCrossentropy,
    "mean_squared_error": MeanSquaredError,
}

METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sparse_categorical_crossentropy": lambda outputs, labels: outputs.argmax(1) == labels,
    "binary_crossentropy": lambda outputs, labels: (outputs > 0).view_as(labels) == labels,
    "mean_squared_error": lambda outputs, targets: (outputs.detach().view_as(targets) - targets).abs(),
}
"""By loss: the metric of training for each sample of outputs (n, outputs) and labels (n,); its mean is reported."""
