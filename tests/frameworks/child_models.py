"""The models that the frameworks' own libraries ship, given a room's weights in order, and both asked for outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from frameworks.contract import Request
from tests.frameworks.child_sources import loaded

Answer = tuple[Any, dict[str, np.ndarray]]


def library(request: Request, name: str) -> Answer:
    """Return the logits of a room and of its library's model in float64, and the library's trainable parameters."""
    room = import_module(f"frameworks.{request.backend}.room").Room(
        request, request.network(), precision="float64", device="cpu"
    )
    weights = {name: value.astype(np.float64) for name, value in load_file(request.weights).items()}
    room.build(weights, 0)
    samples = room.place(*loaded(request.samples, "train"))
    own = room.predict(samples, 4)()
    ask = {"tf": _keras, "torch": _torchvision}[request.backend]
    count, logits = ask(name, request, room, samples)
    return {"parameters": count}, {"own": own, "library": logits}


def _torchvision(name: str, request: Request, room: Any, samples: Any) -> tuple[int, np.ndarray]:
    import torch
    from torch import nn

    model = TORCHVISION[name](request.samples.outputs)

    def leaves(module: nn.Module) -> Iterator[nn.Module]:
        children = list(module.children())
        if getattr(module, "downsample", None) is not None:  # the spec says the shortcut first
            children = [module.downsample, *(each for each in children if each is not module.downsample)]
        if not children and list(module.parameters(recurse=False)):
            yield module
        for each in children:
            yield from leaves(each)

    for theirs, ours in zip(leaves(model), leaves(room.built.network), strict=True):
        theirs.load_state_dict(
            {key: value.reshape(theirs.state_dict()[key].shape) for key, value in ours.state_dict().items()}
        )
    model.eval()
    with torch.inference_mode():
        logits = model(room.built.network[0](samples.whole()[0]))
    return sum(each.numel() for each in model.parameters()), logits.numpy()


def _efficientnet_v2_b0(outputs: int) -> Any:
    """EfficientNetV2-B0 of torchvision's own blocks, by Keras's table."""
    from torch import nn
    from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig

    blocks = [
        FusedMBConvConfig(1, 3, 1, 32, 16, 1),
        FusedMBConvConfig(4, 3, 2, 16, 32, 2),
        FusedMBConvConfig(4, 3, 2, 32, 48, 2),
        MBConvConfig(4, 3, 2, 48, 96, 3),
        MBConvConfig(6, 3, 1, 96, 112, 5),
        MBConvConfig(6, 3, 2, 112, 192, 8),
    ]
    norm = partial(nn.BatchNorm2d, eps=1e-3)
    return EfficientNet(blocks, dropout=0.2, last_channel=1280, norm_layer=norm, num_classes=outputs)


def _of_torchvision(name: str) -> Callable[[int], Any]:
    return lambda outputs: getattr(import_module("torchvision.models"), name)(num_classes=outputs)


TORCHVISION: dict[str, Callable[[int], Any]] = {
    **{name: _of_torchvision(name) for name in ("resnet18", "resnet50", "mobilenet_v2")},
    "efficientnet_v2_b0": _efficientnet_v2_b0,
}


def _keras(name: str, request: Request, room: Any, samples: Any) -> tuple[int, np.ndarray]:
    import keras

    shape = tuple(request.samples.input_shape)
    given = {"weights": None, "input_shape": shape, "classes": request.samples.outputs, "classifier_activation": None}
    model = getattr(keras.applications, KERAS[name])(**given, **INSIDE.get(name, {}))
    ours = (layers[-1] for node, layers in room.built.stages if node.parameters)
    for theirs, own in zip((layer for layer in model.layers if layer.weights), ours, strict=True):
        theirs.set_weights(own.get_weights())
    count = sum(int(np.prod(each.shape)) for each in model.trainable_variables)
    return count, np.array(model(room.built.scale(samples.whole()[0]), training=False))


KERAS = {"mobilenet_v2": "MobileNetV2", "efficientnet_v2_b0": "EfficientNetV2B0"}
INSIDE = {"efficientnet_v2_b0": {"include_preprocessing": False}}
"""What keeps an application from scaling its input by itself."""


def keras_gelu(request: Request) -> Answer:
    """Return what Keras's own gelu gives in float32, and ours, with the gradients of both; and of its tanh form."""
    import keras
    import tensorflow as tf

    from frameworks.tf import modules

    values = tf.constant(np.random.default_rng(0).normal(0, 3, 10_000), tf.float32)
    found = {}
    for form in ("exact", "tanh"):
        stock = partial(keras.activations.gelu, approximate=form == "tanh")
        for whose, function in (("ours", modules.Gelu(form == "tanh")), ("stock", stock)):
            with tf.GradientTape() as tape:
                tape.watch(values)
                result = function(values)
            found |= {
                f"{form}/{whose}": result.numpy(),
                f"{form}/{whose}/gradient": tape.gradient(result, values).numpy(),
            }
    return {}, found


JOBS = {"library": library, "keras_gelu": keras_gelu}
