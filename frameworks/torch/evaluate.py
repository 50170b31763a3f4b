"""Inference: logits of all samples, and the outputs of every layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from frameworks.contract import Arrays
from frameworks.spec import Node
from frameworks.torch.build import Built
from frameworks.torch.input import Samples
from frameworks.torch.weights import channels_first


def predict(built: Built, samples: Samples, batch_size: int, on: torch.device) -> Callable[[], np.ndarray]:
    """Run the forward pass over all samples, batch by batch; the result fetches the logits (n, classes)."""
    built.model.eval()
    with torch.inference_mode(), built.computing:
        logits = [built.kept(built.model(part.to(on))) for part in samples.parts(batch_size)]
    return lambda: torch.cat(logits).to(torch.get_default_dtype()).cpu().numpy()


def inference_of(built: Built, samples: Samples, size: int, on: torch.device) -> Callable[[], object]:
    """Return the forward pass of one batch of `size` samples, which lies on the device."""
    part = samples.x.index_select(0, torch.from_numpy(np.resize(samples.index.numpy(), size))).to(on)
    built.model.eval()

    def forward() -> Tensor:
        with torch.inference_mode(), built.computing:
            return built.model(part)  # type: ignore[no-any-return]

    return forward


def layer_outputs(built: Built, samples: Samples, on: torch.device) -> Arrays:
    """Return each layer's output in training mode, by the layer's name, channels last."""
    built.network.train()
    outputs: Arrays = {}
    hooks = [modules[-1].register_forward_hook(partial(_note, outputs, node)) for node, modules in built.stages]
    try:
        with torch.no_grad():
            built.network(samples.whole()[0].to(on))
    finally:
        for hook in hooks:
            hook.remove()
    return outputs


def _note(outputs: Arrays, node: Node, module: nn.Module, given: object, values: Tensor) -> None:
    outputs[node.name] = channels_last(values, node)


def channels_last(values: Tensor, node: Node) -> np.ndarray:
    """Return a layer's output in Keras's layout."""
    array = values.detach().cpu().numpy()
    if array.ndim == 4:
        return array.transpose(0, 2, 3, 1)
    if node.output_flattened:
        return array[:, np.argsort(channels_first(node.output_flattened))]
    return array
