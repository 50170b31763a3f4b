"""Initial weights in numpy, in Keras's layout, float64 inside and cast once to float32.

Scales and truncation follow ``keras/src/initializers/random_initializers.py``: a normal initialiser is cut at
two standard deviations and rescaled so that its variance is what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np

Fans = tuple[int, int]
"""How many inputs an output has, and how many outputs an input."""

Draw = Callable[["np.random.Generator", tuple[int, ...], Fans], "np.ndarray"]

_TRUNCATED_DEVIATION = 0.87962566103423978
"""Standard deviation of a standard normal cut at two."""


def _fans(shape: tuple[int, ...]) -> Fans:
    receptive = prod(shape[:-2])
    return (shape[-2] * receptive, shape[-1] * receptive) if len(shape) > 1 else (shape[0], shape[0])


def _uniform(gain: float, mode: str) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], fans: Fans) -> np.ndarray:
        limit = sqrt(3 * gain / _fan(mode, fans))
        return rng.uniform(-limit, limit, shape)

    return draw


def _normal(gain: float, mode: str) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], fans: Fans) -> np.ndarray:
        values = rng.standard_normal(shape)
        while (beyond := abs(values) > 2).any():
            values[beyond] = rng.standard_normal(int(beyond.sum()))
        scaled: np.ndarray = values * (sqrt(gain / _fan(mode, fans)) / _TRUNCATED_DEVIATION)
        return scaled

    return draw


def _constant(value: float) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], fans: Fans) -> np.ndarray:
        import numpy as np

        return np.full(shape, value)

    return draw


def _fan(mode: str, fans: Fans) -> float:
    return fans[0] if mode == "fan_in" else sum(fans) / 2


INITIALIZERS = {
    "zeros": _constant(0.0),
    "ones": _constant(1.0),
    "glorot_uniform": _uniform(1.0, "fan_avg"),
    "glorot_normal": _normal(1.0, "fan_avg"),
    "he_uniform": _uniform(2.0, "fan_in"),
    "he_normal": _normal(2.0, "fan_in"),
    "lecun_uniform": _uniform(1.0, "fan_in"),
    "lecun_normal": _normal(1.0, "fan_in"),
}


def initialize(name: str, initializer: str, shape: tuple[int, ...], seed: int, fans: Fans | None = None) -> np.ndarray:
    """Return float32 values of `shape` for the parameter called `name`; `fans` are the shape's, unless given.

    Each parameter has a stream of its own, from the seed and its name: another layer elsewhere in the network
    does not change it.
    """
    import numpy as np

    rng = np.random.default_rng([seed, crc32(name.encode())])
    return INITIALIZERS[initializer](rng, shape, fans or _fans(shape)).astype(np.float32)
