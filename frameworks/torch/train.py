"""Training with a manual zero_grad/backward/step loop, and its step on one batch for the compute clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from frameworks.clock import now
from frameworks.contract import EpochHook
from frameworks.torch import device
from frameworks.torch.build import Built
from frameworks.torch.input import Samples, indices, moved
from frameworks.torch.resident import Resident
from frameworks.torch.sources import Source

KEPT = 256
"""Steps whose loss and metric the compute clock keeps at most, as an epoch would."""


class Step:
    """One training step. What it saw stays on the device: ``loss.item()`` would wait for it after every step."""

    def __init__(self, built: Built) -> None:
        self.losses: list[Tensor] = []
        """Each step's loss, ()."""
        self.hits: list[Tensor] = []
        """The task's metric of each step's samples, (batch,): whether their class was found, or how far off."""
        self.run = self._bind(built)

    def _bind(self, built: Built) -> Callable[[Tensor, Tensor], None]:
        """Return the step itself, everything it needs bound to local names."""
        model, criterion, optimizer, losses, hits = built.model, built.loss, built.optimizer, self.losses, self.hits
        metric, computing, scaler = built.metric, built.computing, built.scaler

        def run(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            outputs = model(x)
            loss = criterion(outputs, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            hits.append(metric(outputs, y))

        def mixed(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            with computing:
                outputs = model(x)
                loss = criterion(outputs, y)
            if scaler:
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
            else:
                loss.backward()
                optimizer.step()
            losses.append(loss.detach())
            hits.append(metric(outputs, y))

        return run if isinstance(computing, nullcontext) else mixed

    def bounded(self, call: Callable[[], object]) -> Callable[[], object]:
        """Return `call` for a clock that never ends an epoch: what it keeps is dropped now and then."""

        def bounded() -> object:
            if len(self.losses) >= KEPT:
                self.rewind()
            return call()

        return bounded

    def rewind(self) -> None:
        """Begin an epoch."""
        self.losses.clear()
        self.hits.clear()


def train(
    built: Built,
    source: Source,
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
        device.synchronize(on)
        begin = now()
        with source.named():
            for x, y in moved(source.batches(order, batch_size, drop_last, on), on):
                step.run(x, y)
        losses, right = torch.stack(step.losses), torch.cat(step.hits).sum()
        device.synchronize(on)
        seconds = now() - begin
        sizes = [len(part) for part in np.split(order[:count], range(batch_size, count, batch_size))]
        each = losses.cpu().numpy()
        loss, accuracy = float(np.average(each, weights=sizes)), float(right) / count
        if not hook(epoch, seconds, each if built.trace else None, loss, accuracy):
            break


def delivered(
    source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, on: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each batch of all epochs as the training step gets it, on the device."""
    with source.named():
        for order in orders:
            yield from moved(source.batches(order, batch_size, drop_last, on), on)


def step_function(
    built: Built, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, on: torch.device
) -> Callable[[], object]:
    """Return the training step, bound to the first batch, which lies on the device."""
    step = Step(built)
    built.model.train()
    if isinstance(source, Resident):
        index = indices(orders[0], batch_size, drop_last)[0].to(on)
        return step.bounded(lambda: step.run(*source.take(index)))
    with source.named():
        x, y = (part.to(on) for part in next(iter(source.batches(orders[0], batch_size, drop_last, on))))
    return step.bounded(lambda: step.run(x, y))


def gradients(built: Built, samples: Samples, on: torch.device) -> float:
    """Return the loss of one batch, and leave its gradients in the tensors."""
    built.network.train()
    built.network.zero_grad()
    x, y = (part.to(on) for part in samples.whole())
    loss: Tensor = built.loss(built.network(x), y)
    loss.backward()
    return float(loss)
