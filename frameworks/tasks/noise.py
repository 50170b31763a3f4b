"""A contender's own noise in float64: how far it departs from itself where it begins a hair off."""

from __future__ import annotations

import numpy as np

from frameworks.contract import Arrays

FINEST = 1e-8
"""The least update, relative to the largest weight, whose error float64 can still tell to 1e-7."""

HAIR = 2.0**-50
"""The relative change of every weight, up or down, that shows a contender's own noise in float64: some roundings."""


def a_hair_off(weights: Arrays) -> Arrays:
    """Return every weight a hair up or down."""
    rng = np.random.default_rng(0)
    return {name: value * (1 + HAIR * rng.choice([-1.0, 1.0], value.shape)) for name, value in weights.items()}


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
