"""What a vector lists, where images were flattened into it.

The spec lists an image height first and channels last. A room that has its channels first flattens for free too, in
another order, and reorders weights, once, instead of activations. So every vector knows what it lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

Shape = tuple[int, ...]
"""Of one sample: (height, width, channels) or (features,)."""

Flattened = tuple[Shape, ...]
"""A vector's parts, in order: (H, W, C) of an image, or (n,) of plain values; empty where all are plain."""


def image(shape: Shape) -> Flattened:
    """Return what the flattened image lists; nothing special where it has one channel or one pixel."""
    return (shape,) if len(shape) == 3 and shape[2] > 1 and shape[0] * shape[1] > 1 else ()


def concatenated(parts: Iterable[tuple[Shape, Flattened]]) -> Flattened:
    """Return what vectors of these shapes list when one follows the other."""
    found: list[Shape] = []
    for shape, flattened in parts:
        for part in flattened or (shape,):
            if found and len(part) == len(found[-1]) == 1:
                found[-1] = (found[-1][0] + part[0],)
            else:
                found.append(part)
    return tuple(found) if any(len(part) == 3 for part in found) else ()


def length(flattened: Flattened) -> int:
    """Return how many values the vector has."""
    return sum(prod(part) for part in flattened)
