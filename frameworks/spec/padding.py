"""Padding in numbers: what ``valid``, ``same`` and explicit paddings add on each side."""

from __future__ import annotations

from math import ceil

Pads = tuple[tuple[int, int], tuple[int, int]]
"""((top, bottom), (left, right)), in pixels."""

NONE: Pads = ((0, 0), (0, 0))


def same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return (before, after) so that the output has ceil(size / stride) places; the odd pixel at the end.

    Keras's and TensorFlow's meaning; it depends on the input's size, which is why a fixed (k - 1) // 2 is
    wrong at stride 2 on even sizes only.
    """
    total = max((ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def resolve(padding: str | Pads, shape: tuple[int, ...], kernel: tuple[int, int], strides: tuple[int, int]) -> Pads:
    """Return the pixels added on each side for an input of `shape` (height, width, …)."""
    if padding == "valid" or len(shape) < 2:
        return NONE
    if isinstance(padding, str):
        return same(shape[0], kernel[0], strides[0]), same(shape[1], kernel[1], strides[1])
    return padding
