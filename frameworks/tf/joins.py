"""Each join of the spec as a Keras layer, which takes what its branches end in."""

from __future__ import annotations

from collections.abc import Callable

import keras

from frameworks.spec import Node, joins
from frameworks.spec.layer import Layer


def make(node: Node) -> keras.layers.Layer:
    """Return the layer of a join."""
    # Keras's Multiply spreads (batch, C) over (batch, H, W, C) by itself.
    return _MAKERS[type(node.layer)](name=node.name)


_MAKERS: dict[type[Layer], Callable[..., keras.layers.Layer]] = {
    joins.Add: keras.layers.Add,
    joins.Multiply: keras.layers.Multiply,
    joins.Concat: keras.layers.Concatenate,
}
