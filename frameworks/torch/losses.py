"""The losses, taken on logits, weighted where the request says so, and the metric beside each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from frameworks.contract import Request


class OneHot(nn.CrossEntropyLoss):
    """PyTorch's own with labels (n,) made one-hot (n, classes) where they lie."""

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of the batch, or the loss of each sample."""
        return super().forward(outputs, functional.one_hot(labels, outputs.shape[1]).to(torch.get_default_dtype()))


class BinaryCrossentropy(nn.BCEWithLogitsLoss):
    """PyTorch's own, for outputs (n, 1) and integer labels (n,)."""

    def __init__(self, reduction: str = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction=reduction)
        self.label_smoothing = label_smoothing

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of the batch, or the loss of each sample, (n, 1)."""
        targets = _like(labels, outputs)
        if self.label_smoothing:
            targets = targets * (1 - self.label_smoothing) + self.label_smoothing / 2
        return super().forward(outputs, targets)


class Focal(nn.Module):
    """Lin et al.'s, of logits (n, 1) or (n, classes), as `frameworks.reference` writes it.

    torchvision's takes probabilities (n, 1) first, of which little is left where a network is sure.
    """

    def __init__(self, reduction: str, focal_gamma: float, focal_alpha: float | None) -> None:
        super().__init__()
        self.reduction, self.gamma, self.alpha = reduction, focal_gamma, focal_alpha

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of the batch, or the loss of each sample, (n,)."""
        outputs, column = outputs.to(torch.get_default_dtype()), labels.long().unsqueeze(1)
        alpha: Tensor | float | None = self.alpha
        if outputs.shape[1] == 1:
            logit = torch.where(column == 1, outputs, -outputs).squeeze(1)
            if self.alpha is not None:
                alpha = torch.where(labels == 1, self.alpha, 1 - self.alpha)
        else:
            others = outputs.scatter(1, column, -torch.inf).logsumexp(1)
            logit = outputs.gather(1, column).squeeze(1) - others
        # softplus would be cut off at 20, with an error of 2e-9.
        losses = -functional.logsigmoid(logit) * torch.exp(self.gamma * functional.logsigmoid(-logit))
        losses = losses if alpha is None else losses * alpha
        return losses if self.reduction == "none" else losses.mean()


class OfTargets(nn.Module):
    """For outputs (n, 1) and targets (n,), which PyTorch's own would spread to (n, n) with but a warning."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of the batch, or the loss of each sample, (n, 1)."""
        return super().forward(outputs, _like(targets, outputs))  # type: ignore[misc, no-any-return]


class MeanSquaredError(OfTargets, nn.MSELoss):
    """PyTorch's own."""


class MeanAbsoluteError(OfTargets, nn.L1Loss):
    """PyTorch's own."""


class Huber(OfTargets, nn.HuberLoss):
    """PyTorch's own."""


class Weighted(nn.Module):
    """The sum of the weighted losses over the batch's size.

    A sample's weight is that of its class times its own, which lies beside its label. PyTorch's own ``weight=`` would
    divide by the sum of the weights.
    """

    classes: Tensor | None

    def __init__(self, each: nn.Module, class_weights: Sequence[float], sampled: bool, mean: bool = False) -> None:
        """Take the loss of `each` sample; `mean` divides by the sum of the weights instead, which is a mistake."""
        super().__init__()
        self.each, self.sampled, self.mean = each, sampled, mean
        self.register_buffer("classes", torch.tensor(class_weights) if class_weights else None, persistent=False)

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the loss of the batch; y (n,), or (n, 2) with a weight beside each label."""
        labels = labels_of(y, outputs.shape[1] > 1) if self.sampled else y
        weights: Tensor | None = y[:, 1] if self.sampled else None
        if self.classes is not None:
            own = self.classes[labels.long()]
            weights = own if weights is None else own * weights
        losses: Tensor = self.each(outputs, labels).flatten() * weights
        return losses.sum() / weights.sum() if self.mean and weights is not None else losses.mean()


class BroadcastMistake(nn.MSELoss):
    """What a regression falls into that hands (n,) to PyTorch's own: every output is held against every target."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over all pairs of the batch; PyTorch warns, once."""
        return super().forward(outputs, targets.to(outputs.dtype))


class SmoothMistake(OfTargets, nn.SmoothL1Loss):
    """What looks like Huber's loss: PyTorch's smooth one is that divided by delta."""


class SoftmaxMistake(nn.Module):
    """What a network falls into that ends in a softmax: PyTorch's cross-entropy takes another one."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of probabilities taken for logits."""
        return self.loss(outputs.softmax(1), labels)  # type: ignore[no-any-return]


def make(request: Request) -> nn.Module:
    """Return the loss that the request asks for."""
    weighted = bool(request.class_weights or request.samples.weights)
    loss = _loss(request, "none" if weighted else "mean")
    if "double_softmax" in request.plants:
        loss = SoftmaxMistake(loss)
    if not weighted:
        return loss
    mean = "class_weight_mean" in request.plants
    return Weighted(loss, request.class_weights, bool(request.samples.weights), mean)


def metric(request: Request) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the metric of training for each sample of outputs (n, outputs) and y; its mean is reported.

    Every sample counts alike in it.
    """
    measure, integer = METRICS[request.samples.task], request.samples.task != "regression"
    if not request.samples.weights:
        return measure
    return lambda outputs, y: measure(outputs, labels_of(y, integer))


def labels_of(y: Tensor, integer: bool) -> Tensor:
    """Return the labels of y (n, 2), which has a weight beside each."""
    return y[:, 0].long() if integer else y[:, 0]


def _loss(request: Request, reduction: str) -> nn.Module:
    name, options = request.loss, request.loss_options
    if name == "mean_squared_error" and "target_broadcast" in request.plants:
        return BroadcastMistake()
    if name == "huber" and "huber_delta" in request.plants:
        return SmoothMistake(reduction=reduction, beta=options["huber_delta"])
    return _LOSSES[name](reduction=reduction, **_keywords(options))


def _keywords(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a loss as PyTorch calls them."""
    return {"delta" if key == "huber_delta" else key: value for key, value in options.items()}


def _like(labels: Tensor, outputs: Tensor) -> Tensor:
    """Return labels (n,) in the shape of outputs (n, 1); `RuntimeError` where the numbers differ.

    In the type of weights and losses: that of the outputs may be a half, which targets are not to be rounded to.
    """
    return labels.to(torch.get_default_dtype()).view_as(outputs)


_LOSSES: dict[str, Callable[..., nn.Module]] = {
    "sparse_categorical_crossentropy": nn.CrossEntropyLoss,
    "categorical_crossentropy": OneHot,
    "binary_crossentropy": BinaryCrossentropy,
    "focal": Focal,
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
}

METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "classification": lambda outputs, labels: outputs.argmax(1) == labels,
    "binary": lambda outputs, labels: (outputs > 0).view_as(labels) == labels,
    "regression": lambda outputs, targets: (outputs.detach().view_as(targets) - targets).abs(),
}
"""By task: the metric of training for each sample of outputs (n, outputs) and labels (n,)."""
