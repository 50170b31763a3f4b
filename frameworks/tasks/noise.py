"""A contender's own noise: how far it departs from itself where every weight begins a hair off."""

from __future__ import annotations

import numpy as np

from frameworks.contract import Arrays

FINEST = 1e-8
"""The least update, relative to the largest weight, whose error float64 can still tell to 1e-7."""

HAIR = {"float64": 2.0**-50, "float32": 2.0**-18, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""By precision: the relative change of every weight, up or down, that shows a contender's own noise.

Some roundings of float64, as long sums have them, and one of the 16-bit ones. In float32 it must move what a
convolution gives as far as two frameworks' sums are apart (2e-7 in its mean over a batch, which 2**-21 moved by 5e-8):
what rounding flips in a network of relus, a hair must flip too.
"""


def a_hair_off(weights: Arrays, precision: str, seed: int = 0) -> tuple[Arrays, Arrays]:
    """Return every weight a hair up or down, and the mirror of that.

    All by one factor would not do: it changes no sign in a network of relus, and none would flip. Of the two, one
    flips each relu that is within a hair.
    """
    rng = np.random.default_rng(seed)
    signs = {name: rng.choice([-1.0, 1.0], value.shape) for name, value in weights.items()}
    one, other = (
        {name: (value * (1 + hair * signs[name])).astype(value.dtype) for name, value in weights.items()}
        for hair in (HAIR[precision], -HAIR[precision])
    )
    return one, other


def of(
    own: tuple[Arrays, np.ndarray, list[Arrays]],
    other: tuple[Arrays, np.ndarray, list[Arrays]],
    learning: list[str],
    idle: list[str],
) -> Arrays:
    """Return how far a contender departs from itself where it begins a hair off: what float64 cannot tell here.

    Each side is (weights before, losses, weights after each step). Of the first update, relative to it; and of every
    step's weights, relative to the largest.
    """
    learning = [name for name in learning if name not in idle]
    first = [{name: side[2][0][name] - side[0][name] for name in learning} for side in (own, other)]
    update = max((_apart(first[0][name], first[1][name]) for name in learning), default=0.0)
    largest = max(float(np.abs(value).max()) for value in own[0].values())
    moved = max((float(np.abs(value).max()) for value in first[0].values()), default=0.0)
    weights = [
        max(_apart(one[name], two[name]) for name in one if name not in idle)
        for one, two in zip(own[2], other[2], strict=True)
    ]
    return {
        "noise/update": np.array([update / (max(moved, FINEST * largest) or 1.0)]),
        "noise/weights": np.array(weights) / (largest or 1.0),
    }


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference; infinite where one side alone is finite, 0 where neither is."""
    finite = np.isfinite(one)
    if not np.array_equal(finite, np.isfinite(other)):
        return float("inf")
    return float(np.abs(one[finite] - other[finite]).max(initial=0.0))
