"""Clipping of gradients, in the meaning of `frameworks.reference.updates`: Keras's optimizers clip so by themselves."""

from __future__ import annotations

from collections.abc import Collection

from frameworks.reference import Optimizer


def clipping(meant: Optimizer, plants: Collection[str]) -> dict[str, float | None]:
    """Return what a Keras optimizer is told: its ``clipnorm`` is of each tensor alone."""
    if "clip_per_tensor" in plants:
        return {"clipnorm": meant.clip_global_norm}
    return {
        "clipvalue": meant.clip_value,
        "clipnorm": meant.clip_norm,
        "global_clipnorm": meant.clip_global_norm,
    }
