"""Made-up images that can be learnt: for trying things out where the real data are not at hand.

Whole numbers only, from raw draws of a bit generator: the same bytes on every machine and with every numpy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLUR = 5
"""Width of the box, in pixels, that smooths a prototype."""
LEAST_SHARE = 115
"""Least share of its own class in an image, in 256ths: below 128 a model will err."""
NOISE = 64
"""Half of this is the greatest change of a pixel by noise."""


def images(
    num_samples: int, height: int, width: int, num_classes: int, *, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return x, uint8 (N, H, W, 1), and y, int32 (N,): the classes in turn, one as frequent as the other.

    An image is a smooth prototype of its class, blended with the prototype of another class, under noise. The
    prototypes do not depend on `seed`, so that two calls make a training and a test set of the same classes.
    """
    shapes = prototypes(num_classes, height, width).astype(np.uint16)
    y = (np.arange(num_samples) % num_classes).astype(np.int32)
    draws = _bytes(seed, 3 * num_samples).reshape(3, num_samples)
    others = (y + 1 + draws[0] % (num_classes - 1)) % num_classes
    shares = (LEAST_SHARE + draws[1].astype(np.uint16) * (256 - LEAST_SHARE) // 256)[:, np.newaxis, np.newaxis]
    x = np.empty((num_samples, height, width), np.uint8)
    noise = _bytes(seed + 1, x.size).reshape(x.shape)
    for begin in range(0, num_samples, 4096):  # In blocks: 16-bit copies of everything would take 100s of MB.
        block = slice(begin, begin + 4096)
        blend = (shares[block] * shapes[y[block]] + (256 - shares[block]) * shapes[others[block]]) >> 8
        noisy = blend.astype(np.int16) + (noise[block] % NOISE).astype(np.int16) - NOISE // 2
        x[block] = np.clip(noisy, 0, 255)
    return x[..., np.newaxis], y


def prototypes(num_classes: int, height: int, width: int) -> NDArray[np.uint8]:
    """Return one smooth image per class, uint8 (classes, H, W), using the whole range of values."""
    rough = _bytes(0, num_classes * (height + BLUR - 1) * (width + BLUR - 1)).astype(np.int64)
    rough = rough.reshape(num_classes, height + BLUR - 1, width + BLUR - 1)
    smooth = sum(rough[:, row : row + height, column : column + width] for row in range(BLUR) for column in range(BLUR))
    assert isinstance(smooth, np.ndarray)
    low, high = smooth.min(axis=(1, 2), keepdims=True), smooth.max(axis=(1, 2), keepdims=True)
    stretched: NDArray[np.uint8] = ((smooth - low) * 255 // (high - low)).astype(np.uint8)
    return stretched


def _bytes(seed: int, number: int) -> NDArray[np.uint8]:
    draws = np.random.PCG64(seed).random_raw((number + 7) // 8)
    return draws.astype("<u8").view(np.uint8)[:number]
