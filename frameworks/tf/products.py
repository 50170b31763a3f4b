"""A large matrix product: what the library that multiplies matrices reaches in this very process."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from frameworks.tf import device


def matrix_product(size: int, dtype: str, on: str, jit_compile: bool) -> Callable[[], tf.Tensor]:
    """Return the product of two fixed matrices (size, size), to be called again and again; the result stays there."""
    with device.scope(on):
        left, right = (tf.random.stateless_normal((size, size), (0, place), dtype=dtype) for place in range(2))
        # As arguments: a product of constants would be folded, and never be computed again.
        function = tf.function(tf.matmul, jit_compile=jit_compile).get_concrete_function(left, right)
    return lambda: function(left, right)
