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
    """One training step. What it saw stays on the device: ``loss.item()`` would wait for it after every step."""

    def __init__(self, built: Built) -> None:
        self.losses: list[Tensor] = []
        """Each step's loss, ()."""
        self.hits: list[Tensor] = []
        """Each step's samples, whether their class was found, (batch,)."""
        self.run = self._bind(built)

    def _bind(self, built: Built) -> Callable[[Tensor, Tensor], None]:
        """Return the step itself, everything it needs bound to local names."""
        model, criterion, optimizer, losses, hits = built.model, built.loss, built.optimizer, self.losses, self.hits

        def run(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            outputs = model(x)
            loss = criterion(outputs, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            hits.append(outputs.argmax(1) == y)

        return run

    def rewind(self) -> None:
        """Begin an epoch."""
        self.losses.clear()
        self.hits.clear()


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
    step = Step(built)
    count = orders.shape[1] // batch_size * batch_size if drop_last else orders.shape[1]
    for epoch, order in enumerate(orders):
        built.model.train()
        step.rewind()
        loader = batches(samples, order, batch_size, drop_last, on)
        device.synchronize(on)
        begin = now()
        for x, y in moved(loader, on):
            step.run(x, y)
        losses, right = torch.stack(step.losses), torch.cat(step.hits).sum()
        device.synchronize(on)
        seconds = now() - begin
        sizes = [len(part) for part in np.split(order[:count], range(batch_size, count, batch_size))]
        each = losses.cpu().numpy()
        loss, accuracy = float(np.average(each, weights=sizes)), float(right) / count
        if not hook(epoch, seconds, each if built.trace else None, loss, accuracy):
            break


def step_function(built: Built, samples: Samples, index: np.ndarray, on: torch.device) -> Callable[[], object]:
    """Return the training step, bound to one batch on the device."""
    x, y = repeated(samples, index, on)
    step = Step(built)
    built.model.train()
    return lambda: step.run(x, y)


def gradients(built: Built, samples: Samples, on: torch.device) -> float:
    """Return the loss of one batch, and leave its gradients in the tensors."""
    built.network.train()
    built.network.zero_grad()
    loss: Tensor = built.loss(built.network(samples.x.to(on)), samples.y.to(on))
    loss.backward()
    return float(loss)
