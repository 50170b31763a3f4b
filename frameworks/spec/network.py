"""The parsed network: a chain of layers that know their shapes, parameters and work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from frameworks.spec.initializers import initialize
from frameworks.spec.layers import Conv2D, Dropout, Flatten, Layer, Parameter, Shape

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Node:
    """One layer in its place."""

    name: str
    """Unique: the user's, or kind and count, such as ``dense_2``."""
    place: str
    """Where the spec says it: ``model.layers[3].dense``."""
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    flattened: Shape | None
    """The image (H, W, C) whose values the input vector still lists in order; None where it does not.

    A channels-first room lists them in another order, and reorders weights instead of activations.
    """

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The layer's tensors by canonical name, such as ``dense_2/kernel``."""
        return {f"{self.name}/{key}": value for key, value in self.layer.parameters(self.input_shape).items()}

    @property
    def num_parameters(self) -> int:
        """How many trainable numbers the layer has."""
        return sum(prod(value.shape) for value in self.parameters.values() if value.trainable)

    @property
    def passes_shift(self) -> bool:
        """Whether a constant added to each channel comes out as one; a convolution's zero padding has no part in it."""
        unpadded = isinstance(self.layer, Conv2D) and self.layer.pads(self.input_shape) == ((0, 0), (0, 0))
        return self.layer.passes_shift or unpadded

    @cached_property
    def output_flattened(self) -> Shape | None:
        """`flattened`, for the layer that follows."""
        if isinstance(self.layer, Flatten):
            return self.input_shape if len(self.input_shape) == 3 else self.flattened
        return self.flattened if self.output_shape == self.input_shape and self.layer.kind != "dense" else None


@dataclass(frozen=True, kw_only=True)
class Network:
    """A model spec bound to an input and a number of outputs; ends in logits, or in a regression's value."""

    name: str
    input_shape: Shape
    outputs: int
    nodes: tuple[Node, ...]
    probabilities: bool
    """Whether the spec ends in softmax (binary: sigmoid), which is taken off: predictions come out as probabilities."""

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every tensor by canonical name, in the order of the layers."""
        return {key: value for node in self.nodes for key, value in node.parameters.items()}

    @property
    def num_parameters(self) -> int:
        """How many trainable numbers there are."""
        return sum(node.num_parameters for node in self.nodes)

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample's forward pass."""
        return sum(node.layer.flops(node.input_shape) for node in self.nodes)

    @cached_property
    def layer_step_flops(self) -> dict[str, int]:
        """Floating-point operations of each layer's matrix products or convolutions in one training step, per sample.

        By the layer's name; two for a multiply-add. Besides the forward product there is one for the gradient of the
        weights and one for that of the input, each of the same size; but the latter only where something learns
        before the layer, for nothing else asks for it.
        """
        found, learns = {}, False
        for node in self.nodes:
            found[node.name] = 2 * node.layer.products(node.input_shape) * (3 if learns else 2)
            learns = learns or node.num_parameters > 0
        return found

    @property
    def step_flops(self) -> int:
        """The sum of `layer_step_flops`: what a framework's own counter of operations finds."""
        return sum(self.layer_step_flops.values())

    def initial_weights(self, seed: int) -> dict[str, np.ndarray]:
        """Return float32 arrays for every tensor, in Keras's layout, by canonical name."""
        return {k: initialize(k, v.initializer, v.shape, seed) for k, v in self.parameters.items()}

    def float32_constants(self) -> list[str]:
        """Return the layers inside which a framework keeps float32 constants even in float64."""
        return sorted({node.layer.kind for node in self.nodes if node.layer.float32_constants})

    def random_layers(self) -> list[str]:
        """Return the layers whose output in training is random: no gate can certify their masks."""
        return [node.name for node in self.nodes if isinstance(node.layer, Dropout) and node.layer.rate > 0]

    def idle_shifts(self) -> list[str]:
        """Return the biases whose gradient is zero in exact arithmetic: a batch norm behind them undoes any shift.

        What a framework computes for them is rounding noise, which Adam turns into steps of up to its rate.
        """
        found: list[str] = []
        waiting: list[str] = []
        for node in self.nodes:
            own = [name for name in node.parameters if name.endswith(("/bias", "/beta"))]
            if node.layer.kind == "batch_norm":
                found, waiting = found + waiting, own
            else:
                waiting = (waiting if node.passes_shift else []) + own
        return found

    def uneven_same(self) -> list[str]:
        """Return the convolutions whose ``same`` padding is uneven here: PyTorch's clock pays for it."""
        return [
            node.name
            for node in self.nodes
            if isinstance(node.layer, Conv2D)
            and node.layer.padding == "same"
            and max(node.layer.strides) > 1
            and any(before != after for before, after in node.layer.pads(node.input_shape))
        ]
