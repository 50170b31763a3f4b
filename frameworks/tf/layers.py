"""Each layer of the spec as Keras layers; every default comes from the spec, none from Keras."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import keras

from frameworks.spec import Node, norms, pools, shaping
from frameworks.spec import activations as act
from frameworks.spec import layers as spec
from frameworks.spec.layer import Layer
from frameworks.spec.padding import NONE, Pads
from frameworks.tf import modules
from frameworks.tf.settings import LEAKY_SLOPE

Layers = list[keras.layers.Layer]


def make(node: Node, plants: Collection[str]) -> Layers:
    """Return the Keras layers of one node, in order; the node's weights lie in the last of them."""
    made = _MAKERS[type(node.layer)](node, node.layer, plants)
    made[-1].trainable = node.trainable
    return made


def _dense(node: Node, layer: spec.Dense, plants: Collection[str]) -> Layers:
    return [keras.layers.Dense(layer.units, use_bias=layer.use_bias, name=node.name)]


def _conv2d(node: Node, layer: spec.Conv2D, plants: Collection[str]) -> Layers:
    return [*_pads(node, layer), keras.layers.Conv2D(layer.filters, **_given(node, layer))]


def _depthwise_conv2d(node: Node, layer: spec.DepthwiseConv2D, plants: Collection[str]) -> Layers:
    # Conv2D with as many groups as channels would be the same, and 92 times slower on a CPU.
    given = _given(node, layer) | {"depth_multiplier": layer.depth_multiplier}
    return [*_pads(node, layer), keras.layers.DepthwiseConv2D(**given)]


def _given(node: Node, layer: spec.Convolution) -> dict[str, Any]:
    return {
        "kernel_size": layer.kernel_size,
        "strides": layer.strides,
        "padding": layer.padding if isinstance(layer.padding, str) else "valid",
        "use_bias": layer.use_bias,
        "name": node.name,
    }


def _pads(node: Node, layer: spec.Convolution | pools.Pool2D) -> Layers:
    """Return what pads with zeros where the spec has explicit pads, which Keras's layers do not take."""
    # It costs Keras 1.04×; the same by F.pad would cost PyTorch 3.7×: so it is Keras that adapts.
    explicit = _explicit(layer)
    return [keras.layers.ZeroPadding2D(explicit, name=f"{node.name}.pads")] if explicit else []


def _explicit(layer: spec.Convolution | pools.Pool2D) -> Pads | None:
    """Return the pads that the spec says in numbers; None where it says none."""
    return None if isinstance(layer.padding, str) or layer.padding == NONE else layer.padding


def _pool(node: Node, layer: pools.Pool2D) -> dict[str, Any]:
    return {
        "pool_size": layer.pool_size,
        "strides": layer.step,
        "padding": layer.padding if isinstance(layer.padding, str) else "valid",
        "name": node.name,
    }


def _max_pool2d(node: Node, layer: pools.MaxPool2D, plants: Collection[str]) -> Layers:
    explicit = _explicit(layer)
    pad = [modules.Pad(explicit, f"{node.name}.pads")] if explicit else []
    return [*pad, keras.layers.MaxPooling2D(**_pool(node, layer))]


def _avg_pool2d(node: Node, layer: pools.AvgPool2D, plants: Collection[str]) -> Layers:
    explicit = _explicit(layer)
    real = [modules.RealCells(layer, explicit, node.input_shape, f"{node.name}.cells")] if explicit else []
    return [*_pads(node, layer), keras.layers.AveragePooling2D(**_pool(node, layer)), *real]


def _global_avg_pool2d(node: Node, layer: pools.GlobalAvgPool2D, plants: Collection[str]) -> Layers:
    return [keras.layers.GlobalAveragePooling2D(name=node.name)]


def _flatten(node: Node, layer: shaping.Flatten, plants: Collection[str]) -> Layers:
    return [keras.layers.Flatten(name=node.name)]


def _reshape(node: Node, layer: shaping.Reshape, plants: Collection[str]) -> Layers:
    return [keras.layers.Reshape(node.output_shape, name=node.name)]


def _zero_pad2d(node: Node, layer: shaping.ZeroPad2D, plants: Collection[str]) -> Layers:
    return [keras.layers.ZeroPadding2D(layer.padding, name=node.name)]


def _resize(node: Node, layer: shaping.Resize, plants: Collection[str]) -> Layers:
    if layer.interpolation == "bilinear" and keras.config.floatx() == "float64":
        # TensorFlow's kernel returns float32 from float64 too, which the gate could not judge. Written out it takes
        # twice as long, so what is timed is the kernel.
        return [modules.Bilinear(layer.size, node.input_shape, node.name)]
    return [keras.layers.Resizing(*layer.size, interpolation=layer.interpolation, name=node.name)]


def _affine(node: Node, layer: norms.Affine, plants: Collection[str]) -> Layers:
    return [modules.Affine(*layer.numbers(), node.name)]


def _dropout(node: Node, layer: spec.Dropout, plants: Collection[str]) -> Layers:
    return [keras.layers.Dropout(layer.rate, name=node.name)]


def _batch_norm(node: Node, layer: norms.BatchNorm, plants: Collection[str]) -> Layers:
    epsilon = 1e-5 if "batch_norm_epsilon" in plants else layer.epsilon
    # Frozen, Keras's own keeps to its moving statistics by itself.
    return [keras.layers.BatchNormalization(momentum=layer.momentum, epsilon=epsilon, name=node.name)]


def _layer_norm(node: Node, layer: norms.LayerNorm, plants: Collection[str]) -> Layers:
    return [keras.layers.LayerNormalization(epsilon=layer.epsilon, name=node.name)]


def _activation(function: Any) -> Callable[..., Layers]:
    return lambda node, layer, plants: [keras.layers.Activation(function, name=node.name)]


def _gelu(node: Node, layer: act.Gelu, plants: Collection[str]) -> Layers:
    # `keras.ops.gelu` takes the tanh form when nothing is said.
    return [modules.Gelu(layer.approximate or "gelu_tanh" in plants, node.name)]


def _elu(node: Node, layer: act.Elu, plants: Collection[str]) -> Layers:
    return [keras.layers.ELU(alpha=layer.alpha, name=node.name)]


def _leaky_relu(node: Node, layer: act.LeakyRelu, plants: Collection[str]) -> Layers:
    slope = LEAKY_SLOPE if "leaky_relu_slope" in plants else layer.negative_slope
    return [keras.layers.LeakyReLU(negative_slope=slope, name=node.name)]


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
