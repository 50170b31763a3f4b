"""Precision: what layers compute in, and what weights, losses and optimizers are kept in."""

from __future__ import annotations

import keras

POLICIES = {
    "float64": "float64",
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}
"""Keras's dtype policies, as its guide to mixed precision has them: weights and losses stay in float32."""


def use(precision: str) -> None:
    """Have what is built next compute in `precision`."""
    # Both are needed: floatx is what losses and optimizers take, the policy what layers take.
    keras.config.set_floatx("float64" if precision == "float64" else "float32")
    keras.config.set_dtype_policy(POLICIES[precision])


def scaled(precision: str) -> bool:
    """Return whether the loss is scaled: Keras's `compile` then wraps the optimizer in its LossScaleOptimizer.

    It begins at 2^15, doubles after 2,000 steps in a row without overflow, and halves where one overflows.
    """
    return precision == "float16"
