"""Each layer of the spec as PyTorch modules; every default comes from the spec, none from PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from torch import nn

from frameworks.spec import Node, norms, pools, shaping
from frameworks.spec import activations as act
from frameworks.spec import flattened as _flattened
from frameworks.spec import layers as spec
from frameworks.spec.layer import Layer
from frameworks.spec.padding import NONE, Pads
from frameworks.torch import modules
from frameworks.torch.modules import sides

Layers = list[nn.Module]


def make(node: Node, plants: Collection[str]) -> Layers:
    """Return the modules of one node, in order; the node's weights lie in the last of them."""
    made = _MAKERS[type(node.layer)](node, node.layer, plants)
    made[-1].requires_grad_(node.trainable)
    return made


def _dense(node: Node, layer: spec.Dense, plants: Collection[str]) -> Layers:
    return [nn.Linear(node.input_shape[0], layer.units, bias=layer.use_bias)]


def _conv2d(node: Node, layer: spec.Conv2D, plants: Collection[str]) -> Layers:
    return _convolution(node, layer, plants, groups=1)


def _depthwise_conv2d(node: Node, layer: spec.DepthwiseConv2D, plants: Collection[str]) -> Layers:
    return _convolution(node, layer, plants, groups=node.input_shape[2])


def _convolution(node: Node, layer: spec.Convolution, plants: Collection[str], groups: int) -> Layers:
    pads = layer.pads(node.input_shape)
    if "padding" in plants:
        pads = _symmetric_mistake(layer, pads)
    even = all(before == after for before, after in pads)
    unit = layer.padding == "same" and layer.strides == (1, 1)
    padding = "same" if unit and not even else tuple(before for before, _ in pads) if even else 0
    convolution = nn.Conv2d(
        node.input_shape[2],
        layer.channels(node.input_shape),
        layer.kernel_size,
        stride=layer.strides,
        padding=padding,  # type: ignore[arg-type]  # a pair, or "same"
        groups=groups,
        bias=layer.use_bias,
    )
    return [convolution] if even or unit else [nn.ZeroPad2d(sides(pads)), convolution]


def _symmetric_mistake(layer: spec.Convolution, pads: Pads) -> Pads:
    if layer.padding != "same":
        return pads
    high, wide = ((size - 1) // 2 for size in layer.kernel_size)
    return (high, high), (wide, wide)


def _max_pool2d(node: Node, layer: pools.MaxPool2D, plants: Collection[str]) -> Layers:
    pads = layer.pads(node.input_shape)
    if "max_pool_padding" in plants and pads != NONE:
        return [nn.ZeroPad2d(sides(pads)), nn.MaxPool2d(layer.pool_size, layer.step)]
    if _symmetric(pads, layer):
        return [nn.MaxPool2d(layer.pool_size, layer.step, padding=(pads[0][0], pads[1][0]))]
    if _ceiled(pads, layer):
        return [nn.MaxPool2d(layer.pool_size, layer.step, ceil_mode=True)]
    return [nn.ConstantPad2d(sides(pads), float("-inf")), nn.MaxPool2d(layer.pool_size, layer.step)]


def _avg_pool2d(node: Node, layer: pools.AvgPool2D, plants: Collection[str]) -> Layers:
    pads = layer.pads(node.input_shape)
    if "avg_pool_padding" in plants and pads != NONE:
        return [nn.ZeroPad2d(sides(pads)), nn.AvgPool2d(layer.pool_size, layer.step)]
    if _symmetric(pads, layer):
        padding = (pads[0][0], pads[1][0])
        return [nn.AvgPool2d(layer.pool_size, layer.step, padding=padding, count_include_pad=False)]
    if _ceiled(pads, layer):
        return [nn.AvgPool2d(layer.pool_size, layer.step, ceil_mode=True)]
    return [modules.UnevenAvgPool2d(layer, pads)]


def _symmetric(pads: Pads, layer: pools.Pool2D) -> bool:
    """Return whether PyTorch's own padding will do, which takes at most half a window."""
    return all(before == after <= size // 2 for (before, after), size in zip(pads, layer.pool_size, strict=True))


def _ceiled(pads: Pads, layer: pools.Pool2D) -> bool:
    """Return whether ``ceil_mode`` pads alike: it adds at the end what a last stride needs, at stride 1 nothing."""
    return layer.padding == "same" and pads == ((0, 1), (0, 1)) and min(layer.step) > 1


def _global_avg_pool2d(node: Node, layer: pools.GlobalAvgPool2D, plants: Collection[str]) -> Layers:
    return [modules.GlobalAvgPool2d()]


def _flatten(node: Node, layer: shaping.Flatten, plants: Collection[str]) -> Layers:
    return [nn.Flatten()]


def _reshape(node: Node, layer: shaping.Reshape, plants: Collection[str]) -> Layers:
    before, after = node.input_shape, node.output_shape
    if before == after:
        return [nn.Identity()]
    if len(after) == 1:
        return [nn.Flatten()]
    if len(before) == 1 and node.flattened == _flattened.image(after):
        high, wide, channels = after
        return [nn.Unflatten(1, (channels, high, wide))]
    ordered = [modules.ChannelsLast(node.flattened)] if node.flattened else []
    return [*ordered, modules.Reshape(after)]


def _zero_pad2d(node: Node, layer: shaping.ZeroPad2D, plants: Collection[str]) -> Layers:
    return [nn.ZeroPad2d(sides(layer.padding))]


def _resize(node: Node, layer: shaping.Resize, plants: Collection[str]) -> Layers:
    # Plain "nearest" takes the pixel at the corner, not the one at the centre.
    return [modules.Resize(layer.size, "bilinear" if layer.interpolation == "bilinear" else "nearest-exact")]


def _affine(node: Node, layer: norms.Affine, plants: Collection[str]) -> Layers:
    return [modules.Affine(*layer.numbers(), node.input_shape, node.flattened)]


def _dropout(node: Node, layer: spec.Dropout, plants: Collection[str]) -> Layers:
    return [nn.Dropout(layer.rate)]


def _batch_norm(node: Node, layer: norms.BatchNorm, plants: Collection[str]) -> Layers:
    # Keras's momentum is the part that is kept, PyTorch's the part that is taken in.
    momentum = layer.momentum if "batch_norm_momentum" in plants else 1 - layer.momentum
    stays = not node.trainable and "frozen_batch_norm" not in plants
    own = (modules.FrozenBatchNorm1d, modules.FrozenBatchNorm2d) if stays else (nn.BatchNorm1d, nn.BatchNorm2d)
    kind = own[len(node.input_shape) == 3]
    return [kind(node.input_shape[-1], eps=layer.epsilon, momentum=momentum)]


def _layer_norm(node: Node, layer: norms.LayerNorm, plants: Collection[str]) -> Layers:
    epsilon = 1e-5 if "layer_norm_epsilon" in plants else layer.epsilon
    kind = modules.LayerNorm2d if len(node.input_shape) == 3 else nn.LayerNorm
    return [kind(node.input_shape[-1], eps=epsilon)]


def _gelu(node: Node, layer: act.Gelu, plants: Collection[str]) -> Layers:
    return [nn.GELU(approximate="tanh" if layer.approximate else "none")]


def _elu(node: Node, layer: act.Elu, plants: Collection[str]) -> Layers:
    return [nn.ELU(alpha=layer.alpha)]


def _leaky_relu(node: Node, layer: act.LeakyRelu, plants: Collection[str]) -> Layers:
    # TensorFlow's kernel keeps the slope in float32, in float64 too: here it is the same number.
    return [nn.LeakyReLU(float(np.float32(layer.negative_slope)))]


def _softmax(node: Node, layer: act.Softmax, plants: Collection[str]) -> Layers:
    return [nn.Softmax(dim=1)]


def _softplus(node: Node, layer: act.Softplus, plants: Collection[str]) -> Layers:
    # PyTorch returns x above its threshold of 20, which is off by 2e-9 there: float64 would see it.
    return [nn.Softplus(threshold=40)]


def _activation(module: Callable[[], nn.Module]) -> Callable[..., Layers]:
    return lambda node, layer, plants: [module()]


_MAKERS: dict[type[Layer], Callable[..., Layers]] = {
    spec.Dense: _dense,
    spec.Conv2D: _conv2d,
    spec.DepthwiseConv2D: _depthwise_conv2d,
    spec.Dropout: _dropout,
    pools.MaxPool2D: _max_pool2d,
    pools.AvgPool2D: _avg_pool2d,
    pools.GlobalAvgPool2D: _global_avg_pool2d,
    shaping.Flatten: _flatten,
    shaping.Reshape: _reshape,
    shaping.ZeroPad2D: _zero_pad2d,
    shaping.Resize: _resize,
    norms.BatchNorm: _batch_norm,
    norms.LayerNorm: _layer_norm,
    norms.Rescale: _affine,
    norms.Normalize: _affine,
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
