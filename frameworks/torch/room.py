"""The PyTorch room: what `frameworks.contract.Room` asks for, each part in its own file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import torch

from frameworks.contract import Arrays, EpochHook, Request
from frameworks.spec import Network
from frameworks.torch import device as _device
from frameworks.torch import evaluate, products, schedules, train
from frameworks.torch import weights as _weights
from frameworks.torch.build import Built, build
from frameworks.torch.input import Samples, place
from frameworks.torch.precision import AUTOCAST
from frameworks.torch.sources import Source, source


class Room:
    """One network in PyTorch; see `frameworks.contract.Room`."""

    built: Built

    def __init__(self, request: Request, network: Network, *, precision: str, device: str) -> None:
        self.request, self.network, self.precision = request, network, precision
        _device.configure(request.settings, precision, device)
        self.device = _device.scope(device)
        self.inference_graphs = 0

    def environment(self) -> dict[str, Any]:
        """Return what is in force."""
        return _device.environment(self.device) | {"mode": self.mode, "precision": self.precision}

    @property
    def mode(self) -> str:
        """How steps run."""
        settings = self.request.settings
        how = f"torch.compile ({settings.get('compile_mode', 'default')})" if settings.get("compile") else "eager"
        more = {"fused optimizer": self.built.fused, "channels last": self.built.channels_last}
        return ", ".join(["manual loop", how, *(name for name, there in more.items() if there)])

    def synchronize(self) -> None:
        """Wait for the device."""
        _device.synchronize(self.device)

    def place(self, x: np.ndarray, y: np.ndarray, index: np.ndarray | None = None) -> Samples:
        """Return samples in PyTorch's memory."""
        return place(x, y, index, channels_first=self.request.samples.channels_first)

    def source(self, samples: Samples, split: str) -> Source:
        """Return what training reads from."""
        return source(self.request, samples, split, self.device)

    def batches(
        self, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool
    ) -> Iterator[tuple[Any, Any]]:
        """Return the input pipeline alone."""
        return train.delivered(source, orders, batch_size, drop_last, self.device)

    def build(self, weights: Arrays, trace_length: int) -> None:
        """Build and load."""
        torch.manual_seed(self.request.train["seed"])
        self.built = build(self.request, self.network, trace_length > 0, self.precision, self.device)
        self.start = weights
        self.load(weights)

    def num_parameters(self) -> int:
        """Count trainable parameters."""
        return sum(p.numel() for p in self.built.network.parameters() if p.requires_grad)

    def export(self, *, steps: int | None = None, batch_size: int = 0) -> Arrays:
        """Return all weights, or what a twin with biased moving variances would hold."""
        arrays = _weights.export(self.built.stages)
        if steps is None:
            return arrays
        return arrays | _weights.biased_variances(self.built.stages, self.start, steps, batch_size)

    def load(self, weights: Arrays) -> None:
        """Load weights by canonical name."""
        _weights.load(self.built.stages, weights, self.request.plants)

    def snapshot(self) -> tuple[Any, ...]:
        """Copy the state of model, optimizer and random generators."""
        built = self.built
        cuda = torch.cuda.get_rng_state_all() if self.device.type == "cuda" else None
        scale = built.scaler.state_dict() if built.scaler else None
        state = built.network.state_dict(), built.optimizer.state_dict(), scale, torch.get_rng_state(), cuda
        return _weights.on_host(deepcopy(state))  # type: ignore[no-any-return]

    def restore(self, state: tuple[Any, ...]) -> None:
        """Put it back."""
        network, optimizer, scale, cpu, cuda = deepcopy(state)
        self.built.network.load_state_dict(network)
        self.built.optimizer.load_state_dict(optimizer)
        if self.built.scaler:
            self.built.scaler.load_state_dict(scale)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    def step_function(
        self, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool
    ) -> Callable[[], object]:
        """Return the training step on one batch."""
        return train.step_function(self.built, source, orders, batch_size, drop_last, self.device)

    def steps_per_call(self) -> int:
        """Return 1: PyTorch is called for every step."""
        return 1

    def set_rate(self, rate: float) -> None:
        """Change the learning rate."""
        schedules.set_rate(self.built.optimizer, self.built.schedule, rate)

    def rates(self, steps: int) -> np.ndarray:
        """Return the learning rate of each step."""
        return schedules.rates(self.built.optimizer, self.built.schedule, steps)

    def train(self, source: Source, orders: np.ndarray, batch_size: int, drop_last: bool, hook: EpochHook) -> None:
        """Train with a manual loop."""
        train.train(self.built, source, orders, batch_size, drop_last, hook, self.device)

    def predict(self, samples: Samples, batch_size: int) -> Callable[[], np.ndarray]:
        """Run inference."""
        before = self._graphs()
        logits = evaluate.predict(self.built, samples, batch_size, self.device)
        self.synchronize()
        self.inference_graphs += self._graphs() - before
        return logits

    def inference(self, samples: Samples, size: int) -> Callable[[], object]:
        """Return the prediction of one batch."""
        return evaluate.inference_of(self.built, samples, size, self.device)

    def memory(self) -> dict[str, int]:
        """Return PyTorch's own count of device memory."""
        return _device.memory(self.device)

    def layer_outputs(self, samples: Samples) -> Arrays:
        """Return every layer's output in training mode."""
        return evaluate.layer_outputs(self.built, samples, self.device)

    def gradients(self, samples: Samples) -> tuple[float, Arrays]:
        """Return loss and gradients of one batch."""
        loss = train.gradients(self.built, samples, self.device)
        return loss, _weights.named_gradients(self.built.stages)

    def matrix_product(self, size: int) -> Callable[[], object]:
        """Return a large matrix product, compiled already where this contender compiles."""
        before = self._graphs()
        settings = self.request.settings
        mode = settings.get("compile_mode", "default") if settings.get("compile") else None
        dtype = AUTOCAST.get(self.precision, torch.get_default_dtype())
        product = products.matrix_product(size, dtype, self.device, mode)
        product()
        self.inference_graphs += self._graphs() - before
        return product

    def traces(self) -> int:
        """Count the graphs that torch.compile has made for training; eager code has none."""
        return self._graphs() - self.inference_graphs

    def _graphs(self) -> int:
        compiled = self.request.settings["compile"]
        return int(torch._dynamo.utils.counters["stats"]["unique_graphs"]) if compiled else 0
