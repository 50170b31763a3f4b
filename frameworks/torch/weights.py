"""Weights by canonical name: into PyTorch tensors and out of them, between Keras's layout and PyTorch's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from frameworks.contract import Arrays
from frameworks.spec import Node
from frameworks.spec.flattened import Flattened
from frameworks.spec.layers import DepthwiseConv2D
from frameworks.spec.norms import BatchNorm, LayerNorm

Stages = Iterable[tuple[Node, list[nn.Module]]]

_NAMES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def tensors(stages: Stages) -> dict[str, tuple[Node, Tensor]]:
    """Return every tensor of the network by canonical name, with the node it belongs to."""
    return {
        name: (node, getattr(modules[-1], _NAMES[name.split("/")[1]]))
        for node, modules in stages
        for name in node.parameters
    }


def on_host(state: Any) -> Any:
    """Return a state with all its tensors in host memory: a copy on the device would count as the training's."""
    if isinstance(state, Tensor):
        return state.cpu()
    if isinstance(state, dict):
        return {key: on_host(value) for key, value in state.items()}
    return type(state)(map(on_host, state)) if isinstance(state, list | tuple) else state


def load(stages: Stages, arrays: Arrays, plants: Collection[str] = ()) -> None:
    """Copy every array into its tensor."""
    for name, (node, tensor) in tensors(stages).items():
        value = arrays[name]
        if "depthwise_order" in plants and isinstance(node.layer, DepthwiseConv2D) and value.ndim == 4:
            native = value.transpose(3, 2, 0, 1).reshape(tensor.shape)
        else:
            native = value.reshape(tensor.shape) if "kernel_order" in plants else to_native(value, node)
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(np.array(native)))


def export(stages: Stages) -> Arrays:
    """Return every tensor in Keras's layout."""
    return {name: to_canonical(tensor, node) for name, (node, tensor) in tensors(stages).items()}


def named_gradients(stages: Stages) -> Arrays:
    """Return the gradients of the trainable tensors in Keras's layout."""
    return {n: to_canonical(t.grad, node) for n, (node, t) in tensors(stages).items() if t.grad is not None}


def to_native(value: np.ndarray, node: Node) -> np.ndarray:
    """Return a tensor of `node` in PyTorch's layout: (H, W, in, out) as (out, in, H, W), (in, out) as (out, in).

    A depthwise kernel (H, W, in, multiplier) becomes (in * multiplier, 1, H, W). Behind a flatten, rows are listed
    channels first: weights are reordered once, so no activation ever is.
    """
    if isinstance(node.layer, DepthwiseConv2D) and value.ndim == 4:
        return value.transpose(2, 3, 0, 1).reshape(-1, 1, *value.shape[:2])
    if value.ndim == 4:
        return value.transpose(3, 2, 0, 1)
    if node.flattened and _per_input(value, node):
        value = value[channels_first(node.flattened)]
    return value.T


def to_canonical(tensor: Tensor, node: Node) -> np.ndarray:
    """Return a tensor of `node` in Keras's layout, as a copy: the inverse of `to_native`."""
    value = tensor.detach().cpu().numpy()
    if isinstance(node.layer, DepthwiseConv2D) and value.ndim == 4:
        return value.reshape(node.input_shape[2], -1, *value.shape[2:]).transpose(2, 3, 0, 1).copy()
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0).copy()
    value = value.T
    if node.flattened and _per_input(value, node):
        value = value[np.argsort(channels_first(node.flattened))]
    return value.copy()


def channels_first(flattened: Flattened) -> np.ndarray:
    """Return, for each place of a vector whose images are listed channels first, its place in the spec's order."""
    places: list[np.ndarray] = []
    begin = 0
    for part in flattened:
        here = np.arange(begin, begin + prod(part)).reshape(part)
        places.append((here.transpose(2, 0, 1) if len(part) == 3 else here).ravel())
        begin += prod(part)
    return np.concatenate(places)


def _per_input(value: np.ndarray, node: Node) -> bool:
    """Return whether the first axis counts the node's inputs: a kernel's rows, or a norm's vectors."""
    return value.ndim == 2 or isinstance(node.layer, BatchNorm | LayerNorm)


def biased_variances(stages: Stages, start: Arrays, steps: int, batch_size: int) -> Arrays:
    """Return the moving variances that a twin with biased batch variances holds after `steps` steps from `start`.

    PyTorch takes the unbiased variance into the moving one, Keras the biased: a factor of n / (n - 1) on what was
    taken in. The timed code stays stock; this is the gate's correction, exact while n is the same at every step.
    """
    corrected: Arrays = {}
    for node, modules in stages:
        if isinstance(node.layer, BatchNorm) and node.trainable:
            name = f"{node.name}/moving_variance"
            count = batch_size * prod(node.input_shape[:-1])
            kept = node.layer.momentum**steps * start[name]
            variance = to_canonical(tensors([(node, modules)])[name][1], node)
            corrected[name] = (variance - kept) * (count - 1) / count + kept
    return corrected
