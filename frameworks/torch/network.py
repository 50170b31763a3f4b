"""From the spec's tree to one PyTorch module."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from torch import nn

from frameworks.contract import Data
from frameworks.spec import Chain, Network, Node
from frameworks.torch import joins, layers
from frameworks.torch.modules import ChannelsLast, Scale

Stages = list[tuple[Node, list[nn.Module]]]
"""Each node of the spec with its modules, in order of computation; the node's weights lie in the last of them."""


def make(network: Network, data: Data, plants: Collection[str], *, channels_last: bool) -> tuple[nn.Sequential, Stages]:
    """Return the network, its input scaled, and its stages; the weights are still PyTorch's own."""
    if "flatten_order" in plants:
        network = network.changed(lambda node: replace(node, flattened=()) if node.parameters else node)
    stages: Stages = []
    modules = _chain(network.chain, plants, stages)
    scale = Scale(data.scale, data.offset, network.input_shape, channels_last=channels_last)
    return nn.Sequential(scale, *modules, *ending(network.chain[-1])), stages


def _chain(chain: Chain, plants: Collection[str], stages: Stages) -> list[nn.Module]:
    """Return the modules of a chain, one behind the other."""
    modules: list[nn.Module] = []
    for node in chain:
        if node.branches:
            made = [joins.make(node, [_chain(branch, plants, stages) for branch in node.branches])]
        else:
            made = layers.make(node, plants)
        stages.append((node, made))
        modules += made
    return modules


def ending(last: Node) -> list[nn.Module]:
    """Return what follows the last node: elsewhere weights are reordered instead, but here none follow."""
    return [ChannelsLast(last.output_flattened)] if last.output_flattened else []
