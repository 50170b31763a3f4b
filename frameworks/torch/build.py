"""From the spec to a PyTorch model with its optimizer and loss."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from frameworks.contract import Request
from frameworks.spec import Network
from frameworks.torch import losses, network, optimizers, schedules
from frameworks.torch.network import Stages
from frameworks.torch.precision import computing, scaler
from frameworks.torch.weights import tensors

GRAPHS = ("reduce-overhead", "max-autotune")
"""Modes of `torch.compile` that take CUDA graphs."""


@dataclass(slots=True)
class Built:
    """A network ready to train."""

    model: nn.Module
    """What is called: the network, or its compiled form."""
    network: nn.Sequential
    stages: Stages
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
    schedule: schedules.Table | None
    """What each step's rate is looked up in; None where it is the optimizer's own."""

    def kept(self, outputs: Tensor) -> Tensor:
        """Return outputs that the model's next call does not overwrite."""
        return outputs.clone() if self.graphs else outputs


def build(request: Request, spec: Network, trace: bool, precision: str, device: torch.device) -> Built:
    """Return the model on its device; its weights are still PyTorch's own."""
    settings = request.settings
    last = bool(settings.get("channels_last")) and len(spec.input_shape) == 3
    sequential, stages = network.make(spec, request.samples, request.plants, channels_last=last)
    sequential = sequential.to(device)
    if last:
        sequential = sequential.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trainable = {
        name: each
        for name, (_, each) in tensors(stages).items()
        if isinstance(each, nn.Parameter) and each.requires_grad
    }
    optimizer, schedule = optimizers.make(request, trainable)
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
        schedule,
    )


def _fuse(optimizer: torch.optim.Optimizer) -> bool:
    """Have the optimizer update all weights by one kernel, where it knows how; return whether it does.

    A step reads the flag of its group. The constructor would also have the scaler of float16 leave its work to the
    kernel, past the hooks that clip and decay.
    """
    groups = [group for group in optimizer.param_groups if "fused" in group]
    for group in groups:
        group["fused"] = True
    if groups:  # the kernel reads the count of steps on the device; Adagrad makes it when it is constructed
        for parameter, state in optimizer.state.items():
            if "step" in state:
                state["step"] = state["step"].to(parameter.device)
    return bool(groups)
