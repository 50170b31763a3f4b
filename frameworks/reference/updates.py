"""One update of all tensors together, in numpy: clip, decay, L2, step. In this order, and on both sides.

Clipping needs all gradients at once; everything behind it is done tensor by tensor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from frameworks.reference.optimizers import OPTIMIZERS, Optimizer

Arrays = Mapping[str, np.ndarray]


def meaning(given: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer that a request's ``name`` and hyperparameters mean; `KeyError` for an unknown name."""
    return OPTIMIZERS[given["name"]](**{key: value for key, value in given.items() if key != "name"})


def kind(tensor: str) -> str:
    """Return what `Optimizer.exclude` calls a tensor: the last part of its name, such as ``bias``."""
    return tensor.rpartition("/")[2]


class Update:
    """The optimizer of a network: the state of every tensor."""

    def __init__(self, given: Mapping[str, Any], tensors: Iterable[str]) -> None:
        """Take a request's ``name`` and hyperparameters, and the trainable tensors by canonical name."""
        self.shared = meaning(given)
        self.each = {name: meaning(given) for name in tensors}

    def __call__(self, weights: Arrays, gradients: Arrays, rate: float | None = None) -> dict[str, np.ndarray]:
        """Return all weights after one step at `rate`, or at the learning rate."""
        shared, found = self.shared, {}
        at = shared.learning_rate if rate is None else rate
        for name, gradient in clipped(shared, gradients).items():
            value = weights[name]
            if kind(name) not in shared.exclude:
                value = value - at * shared.weight_decay * value
                gradient = gradient + shared.l2 * value
            found[name] = self.each[name].step(value, gradient, at)
        return found


def clipped(optimizer: Optimizer, gradients: Arrays) -> dict[str, np.ndarray]:
    """Return the gradients as an optimizer clips them: by value, each tensor's norm, or the norm of all together.

    A norm n above the limit c becomes c: g · c / max(n, c), with nothing added to n (PyTorch's own adds 1e-6).
    """
    if (limit := optimizer.clip_value) is not None:
        return {name: np.clip(gradient, -limit, limit) for name, gradient in gradients.items()}
    if (limit := optimizer.clip_norm) is not None:
        return {name: gradient * (limit / max(_norm([gradient]), limit)) for name, gradient in gradients.items()}
    if (limit := optimizer.clip_global_norm) is not None:
        scale = limit / max(_norm(gradients.values()), limit)
        return {name: gradient * scale for name, gradient in gradients.items()}
    return dict(gradients)


def _norm(gradients: Iterable[np.ndarray]) -> float:
    return float(np.sqrt(sum(float(np.sum(np.square(gradient))) for gradient in gradients)))
