"""Training with a manual zero_grad/backward/step loop, and its step on one batch for the compute clock."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from frameworks.clock import now
from frameworks.contract import EpochHook
from frameworks.torch import device
from frameworks.torch.build import Built
from frameworks.torch.input import Samples, batches, moved, repeated


class Step:
    """One training step; counts what is right and keeps the loss on the device, as Keras's metrics do."""

    def __init__(self, built: Built, on: torch.device) -> None:
        self.trace = built.trace
        self.right = torch.zeros((), dtype=torch.int64, device=on)
        self.total = torch.zeros((), device=on)
        self.run = self._bind(built)

    def _bind(self, built: Built) -> Callable[[Tensor, Tensor], None]:
        """Return the step itself, everything it needs bound to local names."""
        model, criterion, optimizer, keep = built.model, built.loss, built.optimizer, built.trace.keep
        right, total, losses = self.right, self.total, built.trace.losses

        def run(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            outputs = model(x)
            loss = criterion(outputs, y)
            loss.backward()
            optimizer.step()
            right.add_((outputs.argmax(1) == y).sum())
            if keep:
                losses.append(loss.detach())
            else:
                total.add_(loss.detach(), alpha=len(y))

        return run

    def rewind(self) -> None:
        """Begin an epoch."""
        self.right.zero_()
        self.total.zero_()
        self.trace.rewind()


def train(
    built: Built,
    samples: Samples,
    orders: np.ndarray,
    batch_size: int,
    drop_last: bool,
    hook: EpochHook,
    on: torch.device,
) -> None:
    """Train one epoch per row of `orders`."""
    step = Step(built, on)
    count = orders.shape[1] // batch_size * batch_size if drop_last else orders.shape[1]
    for epoch, order in enumerate(orders):
        built.model.train()
        step.rewind()
        loader = batches(samples, order, batch_size, drop_last, on)
        device.synchronize(on)
        begin = now()
        for x, y in moved(loader, on):
            step.run(x, y)
        device.synchronize(on)
        seconds = now() - begin
        losses, accuracy = built.trace.fetch(), float(step.right) / count
        sizes = [len(part) for part in np.split(order[:count], range(batch_size, count, batch_size))]
        loss = float(step.total) / count if losses is None else float(np.average(losses, weights=sizes))
        if not hook(epoch, seconds, losses, loss, accuracy):
            break


def step_function(built: Built, samples: Samples, index: np.ndarray, on: torch.device) -> Callable[[], object]:
    """Return the training step, bound to one batch on the device."""
    x, y = repeated(samples, index, on)
    step = Step(built, on)
    built.model.train()
    return lambda: step.run(x, y)


def gradients(built: Built, samples: Samples, on: torch.device) -> float:
    """Return the loss of one batch, and leave its gradients in the tensors."""
    built.network.train()
    built.network.zero_grad()
    loss: Tensor = built.loss(built.network(samples.x.to(on)), samples.y.to(on))
    loss.backward()
    return float(loss)
