"""From the spec to a PyTorch model with its optimizer and loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from frameworks.contract import Request
from frameworks.spec import Network, Node
from frameworks.torch import layers, losses, optimizers


@dataclass(slots=True)
class Built:
    """A network ready to train."""

    model: nn.Module
    """What is called: the network, or its compiled form."""
    network: nn.Sequential
    stages: list[tuple[Node, list[nn.Module]]]
    """Each node of the spec with its modules."""
    optimizer: torch.optim.Optimizer
    loss: nn.Module
    metric: Callable[[Tensor, Tensor], Tensor]
    """The task's metric for each sample of outputs and labels."""
    trace: bool
    """Whether each step's loss is reported."""


def build(request: Request, network: Network, trace: bool, device: torch.device) -> Built:
    """Return the model on its device; its weights are still PyTorch's own."""
    stages = [(node, layers.make(node, request.plants)) for node in network.nodes]
    scale = layers.Scale(request.samples.scale, request.samples.offset, network.input_shape)
    sequential = nn.Sequential(
        scale,
        *(module for _, stage in stages for module in stage),
        *layers.ending(network.nodes[-1]),
    ).to(device)
    hyperparameters: dict[str, Any] = dict(request.optimizer)
    name = hyperparameters.pop("name")
    optimizer = optimizers.make(name, hyperparameters, sequential.parameters(), request.plants)
    loss = losses.make(request.loss, request.plants)
    model: Any = torch.compile(sequential) if request.settings.get("compile") else sequential
    return Built(model, sequential, stages, optimizer, loss, losses.METRICS[request.loss], trace)
