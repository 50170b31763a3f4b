"""From the spec to a PyTorch model with its optimizer and loss."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from frameworks.contract import Request
from frameworks.spec import Network, Node
from frameworks.torch import layers, losses, optimizers
from frameworks.torch.precision import computing, scaler

GRAPHS = ("reduce-overhead", "max-autotune")
"""Modes of `torch.compile` that take CUDA graphs."""


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
    channels_last: bool
    """Whether images and kernels of convolutions lie so."""
    fused: bool
    """Whether the optimizer updates all weights by one kernel."""
    graphs: bool
    """Whether CUDA graphs run the model: then every call has its outputs in the same memory."""
    computing: AbstractContextManager[object]
    """The context of a forward pass."""
    scaler: torch.amp.GradScaler | None
    """What scales the loss; None where nothing does."""

    def kept(self, outputs: Tensor) -> Tensor:
        """Return outputs that the model's next call does not overwrite."""
        return outputs.clone() if self.graphs else outputs


def build(request: Request, network: Network, trace: bool, precision: str, device: torch.device) -> Built:
    """Return the model on its device; its weights are still PyTorch's own."""
    settings = request.settings
    stages = [(node, layers.make(node, request.plants)) for node in network.nodes]
    last = bool(settings.get("channels_last")) and len(network.input_shape) == 3
    scale = layers.Scale(request.samples.scale, request.samples.offset, network.input_shape, channels_last=last)
    sequential = nn.Sequential(
        scale,
        *(module for _, stage in stages for module in stage),
        *layers.ending(network.nodes[-1]),
    ).to(device)
    if last:
        sequential = sequential.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    hyperparameters: dict[str, Any] = dict(request.optimizer)
    name = hyperparameters.pop("name")
    optimizer = optimizers.make(name, hyperparameters, sequential.parameters(), request.plants)
    fused = bool(settings.get("fused")) and _fuse(optimizer)
    loss = losses.make(request).to(device)
    model: Any = sequential
    if settings.get("compile"):
        model = torch.compile(sequential, mode=settings.get("compile_mode", "default"))
    return Built(
        model,
        sequential,
        stages,
        optimizer,
        loss,
        losses.metric(request),
        trace,
        last,
        fused,
        bool(settings.get("compile")) and device.type == "cuda" and settings.get("compile_mode") in GRAPHS,
        computing(precision, device),
        scaler(precision, device),
    )


def _fuse(optimizer: torch.optim.Optimizer) -> bool:
    """Have the optimizer update all weights by one kernel, where it knows how; return whether it does.

    A step reads the flag of its group, as the constructor's `fused` would leave it.
    """
    groups = [group for group in optimizer.param_groups if "fused" in group]
    for group in groups:
        group["fused"] = True
    return bool(groups)
