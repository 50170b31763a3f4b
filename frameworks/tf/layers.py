"""Each layer of the spec as Keras layers; every default comes from the spec, none from Keras."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import keras
import numpy as np

from frameworks.spec import Node
from frameworks.spec import activations as act
from frameworks.spec import layers as spec

Layers = list[keras.layers.Layer]


class Scale(keras.layers.Layer):
    """The model's input: pixels or features as numbers, ``x * scale + offset``, on the device."""

    def __init__(self, scale: Sequence[float], offset: Sequence[float]) -> None:
        """Take one number for all, or one for each channel or feature."""
        # In mixed precision too the input is scaled in float32, as PyTorch's autocast leaves it.
        super().__init__(name="input.scale", dtype=keras.config.floatx())
        self.scale, self.offset = (np.array(each if len(each) > 1 else each[0]) for each in (scale, offset))

    def call(self, values: Any) -> Any:
        """Return (batch, H, W, C) or (batch, F) in the precision of the model."""
        # keras.layers.Rescaling and Normalization would round their numbers to float32, in float64 too.
        dtype = self.compute_dtype
        scaled = keras.ops.cast(values, dtype) * keras.ops.convert_to_tensor(self.scale, dtype)
        return scaled + keras.ops.convert_to_tensor(self.offset, dtype) if self.offset.any() else scaled


def make(node: Node, plants: Collection[str]) -> Layers:
    """Return the Keras layers of one node, in order; the node's weights lie in the last of them."""
    return _MAKERS[type(node.layer)](node, node.layer, plants)


def _dense(node: Node, layer: spec.Dense, plants: Collection[str]) -> Layers:
    return [keras.layers.Dense(layer.units, use_bias=layer.use_bias, name=node.name)]


def _conv2d(node: Node, layer: spec.Conv2D, plants: Collection[str]) -> Layers:
    explicit = not isinstance(layer.padding, str)
    pads = layer.pads(node.input_shape)
    # Explicit pads cost Keras 1.04×; the same by F.pad would cost PyTorch 3.7×: so it is Keras that adapts.
    before = (
        [keras.layers.ZeroPadding2D(pads, name=f"{node.name}.pads")] if explicit and pads != ((0, 0), (0, 0)) else []
    )
    return [
        *before,
        keras.layers.Conv2D(
            layer.filters,
            layer.kernel_size,
            strides=layer.strides,
            padding="valid" if explicit else layer.padding,
            use_bias=layer.use_bias,
            name=node.name,
        ),
    ]


def _max_pool2d(node: Node, layer: spec.MaxPool2D, plants: Collection[str]) -> Layers:
    return [keras.layers.MaxPooling2D(layer.pool_size, strides=layer.step, padding=layer.padding, name=node.name)]


def _avg_pool2d(node: Node, layer: spec.AvgPool2D, plants: Collection[str]) -> Layers:
    return [keras.layers.AveragePooling2D(layer.pool_size, strides=layer.step, padding=layer.padding, name=node.name)]


def _global_avg_pool2d(node: Node, layer: spec.GlobalAvgPool2D, plants: Collection[str]) -> Layers:
    return [keras.layers.GlobalAveragePooling2D(name=node.name)]


def _flatten(node: Node, layer: spec.Flatten, plants: Collection[str]) -> Layers:
    return [keras.layers.Flatten(name=node.name)]


def _dropout(node: Node, layer: spec.Dropout, plants: Collection[str]) -> Layers:
    return [keras.layers.Dropout(layer.rate, name=node.name)]


def _batch_norm(node: Node, layer: spec.BatchNorm, plants: Collection[str]) -> Layers:
    epsilon = 1e-5 if "batch_norm_epsilon" in plants else layer.epsilon
    return [keras.layers.BatchNormalization(momentum=layer.momentum, epsilon=epsilon, name=node.name)]


def _activation(function: Any) -> Callable[..., Layers]:
    return lambda node, layer, plants: [keras.layers.Activation(function, name=node.name)]


def _gelu(node: Node, layer: act.Gelu, plants: Collection[str]) -> Layers:
    return [keras.layers.Activation(lambda x: keras.activations.gelu(x, approximate=layer.approximate), name=node.name)]


def _elu(node: Node, layer: act.Elu, plants: Collection[str]) -> Layers:
    return [keras.layers.ELU(alpha=layer.alpha, name=node.name)]


def _leaky_relu(node: Node, layer: act.LeakyRelu, plants: Collection[str]) -> Layers:
    return [keras.layers.LeakyReLU(negative_slope=layer.negative_slope, name=node.name)]


_MAKERS: dict[type[spec.Layer], Callable[..., Layers]] = {
    spec.Dense: _dense,
    spec.Conv2D: _conv2d,
    spec.MaxPool2D: _max_pool2d,
    spec.AvgPool2D: _avg_pool2d,
    spec.GlobalAvgPool2D: _global_avg_pool2d,
    spec.Flatten: _flatten,
    spec.Dropout: _dropout,
    spec.BatchNorm: _batch_norm,
    act.Relu: _activation(keras.activations.relu),
    act.Relu6: _activation(keras.activations.relu6),
    act.Gelu: _gelu,
    act.Silu: _activation(keras.activations.silu),
    act.Sigmoid: _activation(keras.activations.sigmoid),
    act.Tanh: _activation(keras.activations.tanh),
    act.Softmax: _activation(keras.activations.softmax),
    act.Elu: _elu,
    act.LeakyRelu: _leaky_relu,
    act.Softplus: _activation(keras.activations.softplus),
}
