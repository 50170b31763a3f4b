"""Each layer of the spec as PyTorch modules; every default comes from the spec, none from PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from frameworks.spec import Node
from frameworks.spec import activations as act
from frameworks.spec import layers as spec
from frameworks.spec.padding import Pads
from frameworks.torch.weights import channels_first

Layers = list[nn.Module]


class Scale(nn.Module):
    """The model's input: pixels or features as numbers, ``x * scale + offset``, on the device."""

    scale: Tensor | float
    offset: Tensor | float

    def __init__(
        self, scale: Sequence[float], offset: Sequence[float], input_shape: spec.Shape, *, channels_last: bool = False
    ) -> None:
        """Take one number for all, or one for each channel or feature, of samples (H, W, C) or (F,)."""
        super().__init__()
        self.format = torch.channels_last if channels_last else torch.preserve_format
        self.shifts = any(offset)
        for name, numbers in (("scale", scale), ("offset", offset)):
            if len(numbers) == 1:
                setattr(self, name, numbers[0])
            else:
                each = torch.tensor(numbers).view(-1, *(1 for _ in input_shape[1:]))
                self.register_buffer(name, each, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return (batch, C, H, W) or (batch, F) in the precision of the model."""
        scaled = values.to(torch.get_default_dtype(), memory_format=self.format) * self.scale
        return scaled + self.offset if self.shifts else scaled


class GlobalAvgPool2d(nn.Module):
    """The mean over height and width, as a vector."""

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, C)."""
        return image.mean((2, 3))


class ChannelsLast(nn.Module):
    """Logits in the spec's order, where a network ends in a flattened image: labels count on it."""

    order: Tensor

    def __init__(self, image: spec.Shape) -> None:
        super().__init__()
        order = torch.from_numpy(np.argsort(channels_first(image)))
        self.register_buffer("order", order, persistent=False)

    def forward(self, logits: Tensor) -> Tensor:
        """Return (batch, H * W * C)."""
        return logits[:, self.order]


class UnevenAvgPool2d(nn.Module):
    """Mean of the real cells of each window, for uneven padding, which AvgPool2d does not know."""

    def __init__(self, layer: spec.AvgPool2D, pads: Pads) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d(_sides(pads))
        self.sum = nn.AvgPool2d(layer.pool_size, layer.step, divisor_override=1)

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, C, H', W')."""
        ones = torch.ones_like(image[:1, :1])
        total: Tensor = self.sum(self.pad(image))
        mean: Tensor = total / self.sum(self.pad(ones))
        return mean


def make(node: Node, plants: Collection[str]) -> Layers:
    """Return the modules of one node, in order; the node's weights lie in the last of them."""
    return _MAKERS[type(node.layer)](node, node.layer, plants)


def ending(last: Node) -> Layers:
    """Return what follows the last node: elsewhere weights are reordered instead, but here none follow."""
    image = last.output_flattened
    return [ChannelsLast(image)] if image and image[2] > 1 and image[0] * image[1] > 1 else []


def _dense(node: Node, layer: spec.Dense, plants: Collection[str]) -> Layers:
    return [nn.Linear(node.input_shape[0], layer.units, bias=layer.use_bias)]


def _conv2d(node: Node, layer: spec.Conv2D, plants: Collection[str]) -> Layers:
    pads = layer.pads(node.input_shape)
    if "padding" in plants:
        pads = _symmetric_mistake(layer)
    even = all(before == after for before, after in pads)
    unit = layer.padding == "same" and layer.strides == (1, 1)
    padding = "same" if unit and not even else tuple(before for before, _ in pads) if even else 0
    convolution = nn.Conv2d(
        node.input_shape[2],
        layer.filters,
        layer.kernel_size,
        stride=layer.strides,
        padding=padding,  # type: ignore[arg-type]  # a pair, or "same"
        bias=layer.use_bias,
    )
    return [convolution] if even or unit else [nn.ZeroPad2d(_sides(pads)), convolution]


def _symmetric_mistake(layer: spec.Conv2D) -> Pads:
    if layer.padding != "same":
        return (0, 0), (0, 0)
    high, wide = ((size - 1) // 2 for size in layer.kernel_size)
    return (high, high), (wide, wide)


def _max_pool2d(node: Node, layer: spec.MaxPool2D, plants: Collection[str]) -> Layers:
    pads = layer.pads(node.input_shape)
    if all(before == after for before, after in pads):
        return [nn.MaxPool2d(layer.pool_size, layer.step, padding=(pads[0][0], pads[1][0]))]
    if _ceiled(pads, layer.step):
        return [nn.MaxPool2d(layer.pool_size, layer.step, ceil_mode=True)]
    return [nn.ConstantPad2d(_sides(pads), float("-inf")), nn.MaxPool2d(layer.pool_size, layer.step)]


def _avg_pool2d(node: Node, layer: spec.AvgPool2D, plants: Collection[str]) -> Layers:
    pads = layer.pads(node.input_shape)
    if all(before == after for before, after in pads):
        padding = (pads[0][0], pads[1][0])
        return [nn.AvgPool2d(layer.pool_size, layer.step, padding=padding, count_include_pad=False)]
    if _ceiled(pads, layer.step):
        return [nn.AvgPool2d(layer.pool_size, layer.step, ceil_mode=True)]
    return [UnevenAvgPool2d(layer, pads)]


def _ceiled(pads: Pads, step: tuple[int, int]) -> bool:
    """Return whether ``ceil_mode`` pads alike: it adds at the end what a last stride needs, at stride 1 nothing."""
    return pads == ((0, 1), (0, 1)) and min(step) > 1


def _sides(pads: Pads) -> tuple[int, int, int, int]:
    """Return left, right, top, bottom: PyTorch counts from the last axis."""
    return (*pads[1], *pads[0])


def _global_avg_pool2d(node: Node, layer: spec.GlobalAvgPool2D, plants: Collection[str]) -> Layers:
    return [GlobalAvgPool2d()]


def _flatten(node: Node, layer: spec.Flatten, plants: Collection[str]) -> Layers:
    return [nn.Flatten()]


def _dropout(node: Node, layer: spec.Dropout, plants: Collection[str]) -> Layers:
    return [nn.Dropout(layer.rate)]


def _batch_norm(node: Node, layer: spec.BatchNorm, plants: Collection[str]) -> Layers:
    # Keras's momentum is the part that is kept, PyTorch's the part that is taken in.
    momentum = layer.momentum if "batch_norm_momentum" in plants else 1 - layer.momentum
    kind = nn.BatchNorm2d if len(node.input_shape) == 3 else nn.BatchNorm1d
    return [kind(node.input_shape[-1], eps=layer.epsilon, momentum=momentum)]


def _gelu(node: Node, layer: act.Gelu, plants: Collection[str]) -> Layers:
    return [nn.GELU(approximate="tanh" if layer.approximate else "none")]


def _elu(node: Node, layer: act.Elu, plants: Collection[str]) -> Layers:
    return [nn.ELU(alpha=layer.alpha)]


def _leaky_relu(node: Node, layer: act.LeakyRelu, plants: Collection[str]) -> Layers:
    return [nn.LeakyReLU(layer.negative_slope)]


def _softmax(node: Node, layer: act.Softmax, plants: Collection[str]) -> Layers:
    return [nn.Softmax(dim=1)]


def _softplus(node: Node, layer: act.Softplus, plants: Collection[str]) -> Layers:
    # PyTorch returns x above its threshold of 20, which is off by 2e-9 there: float64 would see it.
    return [nn.Softplus(threshold=40)]


def _activation(module: Callable[[], nn.Module]) -> Callable[..., Layers]:
    return lambda node, layer, plants: [module()]


_MAKERS: dict[type[spec.Layer], Callable[..., Layers]] = {
    spec.Dense: _dense,
    spec.Conv2D: _conv2d,
    spec.MaxPool2D: _max_pool2d,
    spec.AvgPool2D: _avg_pool2d,
    spec.GlobalAvgPool2D: _global_avg_pool2d,
    spec.Flatten: _flatten,
    spec.Dropout: _dropout,
    spec.BatchNorm: _batch_norm,
    act.Relu: _activation(nn.ReLU),
    act.Relu6: _activation(nn.ReLU6),
    act.Gelu: _gelu,
    act.Silu: _activation(nn.SiLU),
    act.Sigmoid: _activation(nn.Sigmoid),
    act.Tanh: _activation(nn.Tanh),
    act.Softmax: _softmax,
    act.Elu: _elu,
    act.LeakyRelu: _leaky_relu,
    act.Softplus: _softplus,
}
