"""Inference: logits of all samples, and the outputs of every layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from frameworks.contract import Arrays
from frameworks.spec import Node
from frameworks.tf import device
from frameworks.tf.build import Built
from frameworks.tf.input import Samples
from frameworks.tf.network import by_name, flow, input_dtype


def inference(built: Built, input_shape: tuple[int, ...], jit_compile: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the forward pass: compiled, so that one trace serves any batch size; or eager, where training is."""
    signature = [tf.TensorSpec([None, *input_shape], input_dtype(input_shape))]

    def forward(x: tf.Tensor) -> tf.Tensor:
        return tf.cast(built.model(x, training=False), keras.config.floatx())

    if built.loop == "eager":
        return forward
    return tf.function(forward, input_signature=signature, jit_compile=jit_compile)  # type: ignore[no-any-return]


def predict(forward: Callable[[tf.Tensor], tf.Tensor], samples: Samples, batch_size: int) -> Callable[[], np.ndarray]:
    """Run the forward pass over all samples, batch by batch; the result fetches the logits (n, classes)."""
    logits = [forward(part) for part in samples.parts(batch_size)]
    return lambda: np.concatenate([np.array(part) for part in logits])


def inference_of(
    forward: Callable[[tf.Tensor], tf.Tensor], samples: Samples, size: int, on: str
) -> Callable[[], object]:
    """Return the forward pass of one batch of `size` samples, which lies on the device."""
    with device.scope(on):
        part = tf.identity(tf.gather(samples.x, np.resize(samples.index, size)))
    return lambda: forward(part)


def layer_outputs(built: Built, samples: Samples) -> Arrays:
    """Return each layer's output in training mode, by the layer's name, channels last."""
    outputs: Arrays = {}
    scaled = built.scale(samples.whole()[0])

    def note(node: Node, values: Any) -> None:
        outputs[node.name] = np.array(values)

    flow(built.spec.chain, scaled, by_name(built.stages), note, training=True)
    return outputs
