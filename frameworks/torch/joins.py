"""Each join of the spec as one module, which holds its branches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from frameworks.spec import Node
from frameworks.spec import joins as spec
from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.layer import Layer
from frameworks.torch.modules import ChannelsLast


class Add(nn.Module):
    """The sum of two branches of one input."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        """Return what both branches end in."""
        total: Tensor = self.left(x) + self.right(x)
        return total


class Multiply(nn.Module):
    """The product of two branches of one input."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        """Return what both branches end in, or the greater of the two."""
        product: Tensor = self.left(x) * self.right(x)
        return product


class Concat(nn.Module):
    """Branches of one input, one after the other: channels of images, or vectors."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, C, H, W) or (batch, N)."""
        return torch.cat([branch(x) for branch in self.branches], 1)


def make(node: Node, branches: Sequence[list[nn.Module]]) -> nn.Module:
    """Return the module of a join; each of the branches is the modules of its layers."""
    ends = zip(branches, node.ends, strict=True)
    return _MAKERS[type(node.layer)]([_one([*made, *_ending(node, *end)]) for made, end in ends])


def _one(modules: list[nn.Module]) -> nn.Module:
    """Return a branch as one module; without a layer it is the input itself."""
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules) if modules else nn.Identity()


def _ending(node: Node, shape: Shape, flattened: Flattened) -> list[nn.Module]:
    """Return what brings the end of a branch to what is joined: the spec's order, or an image of one pixel."""
    last: list[nn.Module] = []
    if flattened and not node.output_flattened:
        last.append(ChannelsLast(flattened))
    if len(shape) < len(node.output_shape):
        last.append(nn.Unflatten(1, (shape[0], 1, 1)))
    return last


_MAKERS: dict[type[Layer], Callable[[list[nn.Module]], nn.Module]] = {
    spec.Add: lambda branches: reduce(Add, branches),
    spec.Multiply: lambda branches: reduce(Multiply, branches),
    spec.Concat: Concat,
}
