"""The parsed network: a tree of layers that know their shapes, parameters and work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from frameworks.spec import graph
from frameworks.spec.flattened import Shape
from frameworks.spec.initializers import initialize
from frameworks.spec.layer import Parameter
from frameworks.spec.layers import Convolution, Dropout
from frameworks.spec.node import Chain, Node, walk

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Chain", "Network", "Node"]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A model spec bound to an input and a number of outputs; ends in logits, or in a regression's value."""

    name: str
    input_shape: Shape
    outputs: int
    chain: Chain
    """The layers one behind the other; a join holds its branches."""
    probabilities: bool
    """Whether the spec ends in softmax (binary: sigmoid), which is taken off: predictions come out as probabilities."""

    @cached_property
    def nodes(self) -> Chain:
        """Every node in order of computation: those of a join's branches before the join."""
        return tuple(walk(self.chain))

    @cached_property
    def joins(self) -> Chain:
        """The nodes that have branches."""
        return tuple(node for node in self.nodes if node.branches)

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
        return sum(node.flops for node in self.nodes)

    @cached_property
    def layer_step_flops(self) -> dict[str, int]:
        """Floating-point operations of each layer's matrix products or convolutions in one training step, per sample.

        By the layer's name; `frameworks.spec.graph.step_flops` says what counts.
        """
        found: dict[str, int] = {}
        graph.step_flops(self.chain, False, found)
        return found

    @property
    def step_flops(self) -> int:
        """The sum of `layer_step_flops`: what a framework's own counter of operations finds."""
        return sum(self.layer_step_flops.values())

    def initial_weights(self, seed: int) -> dict[str, np.ndarray]:
        """Return float32 arrays for every tensor, in Keras's layout, by canonical name."""
        return {k: initialize(k, v.initializer, v.shape, seed, v.fans) for k, v in self.parameters.items()}

    def random_layers(self) -> list[str]:
        """Return the layers whose output in training is random: no gate can certify their masks."""
        return [node.name for node in self.nodes if isinstance(node.layer, Dropout) and node.layer.rate > 0]

    def idle_shifts(self) -> list[str]:
        """Return the biases whose gradient is zero in exact arithmetic: a batch norm behind them undoes any shift.

        What a framework computes for them is rounding noise, which Adam turns into steps of up to its rate.
        """
        return graph.idle_shifts(self.chain)

    def uneven_same(self) -> list[str]:
        """Return the convolutions whose ``same`` padding is uneven here: PyTorch's clock pays for it."""
        return [
            node.name
            for node in self.nodes
            if isinstance(node.layer, Convolution)
            and node.layer.padding == "same"
            and max(node.layer.strides) > 1
            and any(before != after for before, after in node.layer.pads(node.input_shape))
        ]

    def changed(self, change: Callable[[Node], Node]) -> Network:
        """Return the network with every node as `change` makes it; shapes, names and branches stay."""
        return replace(self, chain=_changed(self.chain, change))


def _changed(chain: Chain, change: Callable[[Node], Node]) -> Chain:
    return tuple(
        replace(change(node), branches=tuple(_changed(branch, change) for branch in node.branches)) for node in chain
    )
