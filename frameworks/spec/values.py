"""The kinds of value that a layer's parameters take, and the checks that say what is wrong with one."""

from __future__ import annotations

from typing import Any, Literal

from frameworks.spec.initializers import INITIALIZERS
from frameworks.spec.padding import Pads

Pair = tuple[int, int]
Padding = Literal["valid", "same"] | Pads
Interpolation = Literal["nearest", "bilinear"]
Numbers = tuple[float, ...]
"""One number for all, or one for each channel or feature."""
Sizes = tuple[int, ...]
"""Of a shape; -1 is what is left."""


def positive(name: str, value: float) -> None:
    """Refuse a number that is not above zero."""
    if value <= 0:
        raise ValueError(f"{name}={value}: must be above 0")


def initializers(*names: str) -> None:
    """Refuse an initialiser that does not exist."""
    for name in names:
        if name not in INITIALIZERS:
            raise ValueError(f"there is no initialiser '{name}' (there are: {', '.join(INITIALIZERS)})")


def image(shape: tuple[int, ...]) -> None:
    """Refuse an input that is not (height, width, channels)."""
    if len(shape) != 3:
        raise ValueError(f"needs an image (H, W, C), got {shape}")


def vector(shape: tuple[int, ...]) -> None:
    """Refuse an input that is not (features,)."""
    if len(shape) != 1:
        raise ValueError(f"needs a vector (N,), got {shape}", "put flatten or global_avg_pool2d before it")


def windows(shape: tuple[int, ...], pads: Pads, kernel: Pair, strides: Pair) -> Pair:
    """Return how many places (high, wide) a window takes; `ValueError` where it does not fit once."""
    sizes = tuple(size + sum(pad) for size, pad in zip(shape[:2], pads, strict=True))
    if sizes[0] < kernel[0] or sizes[1] < kernel[1]:
        raise ValueError(f"a window of {kernel} does not fit an image of {shape} (padded to {sizes})")
    high, wide = ((size - k) // s + 1 for size, k, s in zip(sizes, kernel, strides, strict=True))
    return high, wide


def pair(value: Any) -> Pair:
    """Return ``3`` or ``[3, 5]`` as two positive integers."""
    both = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(both) != 2 or not all(_whole(item) and item > 0 for item in both):
        raise ValueError("must be a positive integer or a pair of them")
    return both[0], both[1]


def padding(value: Any) -> Padding:
    """Return ``valid``, ``same``, or what ``1`` and ``[[0, 1], [0, 1]]`` mean in numbers."""
    if value in ("valid", "same"):
        return "valid" if value == "valid" else "same"
    try:
        return pads(value)
    except ValueError:
        raise ValueError("must be valid, same, an integer, or [[top, bottom], [left, right]]") from None


def pads(value: Any) -> Pads:
    """Return what ``1`` and ``[[0, 1], [0, 1]]`` mean in numbers."""
    if _whole(value) and value >= 0:
        return (value, value), (value, value)
    if isinstance(value, list | tuple) and len(value) == 2:
        sides = [list(side) if isinstance(side, list | tuple) else [side, side] for side in value]
        if all(len(side) == 2 and all(_whole(item) and item >= 0 for item in side) for side in sides):
            return (sides[0][0], sides[0][1]), (sides[1][0], sides[1][1])
    raise ValueError("must be an integer of at least 0, or [[top, bottom], [left, right]]")


def interpolation(value: Any) -> Interpolation:
    """Return ``nearest`` or ``bilinear``."""
    if value not in ("nearest", "bilinear"):
        raise ValueError("must be nearest or bilinear")
    return "nearest" if value == "nearest" else "bilinear"


def numbers(value: Any) -> Numbers:
    """Return a number, or a list of them, as a tuple."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if not items:
        raise ValueError("must be a number or a list of them")
    return tuple(number(item) for item in items)


def sizes(value: Any) -> Sizes:
    """Return a whole number, or a list of them, as a tuple."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    return tuple(integer(item) for item in items)


def integer(value: Any) -> int:
    """Return a whole number."""
    if not _whole(value):
        raise ValueError("must be a whole number")
    return int(value)


def number(value: Any) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise ValueError("must be a number")
    return float(value)


def boolean(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def text(value: Any) -> str:
    """Return a word."""
    if not isinstance(value, str):
        raise ValueError("must be a word")
    return value


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
