"""How synthetic samples are made: each is its class's prototype, blended with another class's, under noise.

Whole numbers only, from raw draws of a bit generator, whose stream never changes between versions of numpy: the same
bytes on every machine. Prototypes depend on the shape and the number of classes alone, so that one can train on one
set and test on another of another seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.datasets.prepared import Progress

GRID = 7
"""A prototype is so many rough values along each side, and smooth between them."""
LEAST_SHARE = 115
"""Least share of its own class in a sample, in 256ths: below 128 a model will err."""
NOISE = 64
"""Half of this is the greatest change of a pixel by noise."""
BLOCK = 1 << 19
"""Values made at a time; part of what determines the bytes."""


def labels(counts: Sequence[int], *, seed: int) -> NDArray[np.int32]:
    """Return labels, int32 (N,): exactly `counts` of each class, in an order drawn by `seed`."""
    y = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return y[np.argsort(np.random.PCG64(seed).random_raw(len(y)), kind="stable")]


def images(
    out: NDArray[np.uint8], y: NDArray[np.int32], num_classes: int, *, seed: int, progress: Progress | None = None
) -> None:
    """Fill `out`, uint8 (N, H, W, C), with learnable images of the labels `y`, int32 (N,), in blocks.

    `out` may be a memory map: what is in memory at a time does not grow with N.
    """
    draws = _bytes(np.random.PCG64(seed), 2 * len(y)).reshape(2, len(y))
    others = (y + 1 + draws[0] % (num_classes - 1)) % num_classes
    _blend(out, y, others, _shares(draws[1]), num_classes, seed + 1, progress)


def mixtures(out: NDArray[np.uint8], *, seed: int, progress: Progress | None = None) -> NDArray[np.float32]:
    """Fill `out`, uint8 (N, H, W, C), with blends of two prototypes; return the share of the first, (N,)."""
    shares = _bytes(np.random.PCG64(seed), len(out))
    first, second = np.zeros(len(out), np.int32), np.ones(len(out), np.int32)
    _blend(out, first, second, shares.astype(np.uint16), 2, seed + 1, progress)
    return (shares / np.float32(256)).astype(np.float32)


def table(
    out: NDArray[np.float32], y: NDArray[np.int32] | None, num_classes: int, *, seed: int
) -> NDArray[np.float32] | NDArray[np.int32]:
    """Fill `out`, float32 (N, F), with learnable features; return the labels `y`, or else targets: a noisy sum of them.

    The features' spread doubles from one to the next, over and over, so that standardising them matters.
    """
    num_samples, num_features = out.shape
    weights = _bell(np.random.PCG64(0), max(1, num_classes) * num_features).reshape(-1, num_features)
    spread = 2 ** (np.arange(num_features) % 4)
    size = max(1, int(np.abs(weights[0]).sum()) // math.isqrt(num_features))
    draws, noise = np.random.PCG64(seed), np.random.PCG64(seed + 1)
    target = np.empty(num_samples, np.float32)
    for begin, end in _blocks(num_samples, num_features):
        x = _bell(draws, (end - begin) * num_features).reshape(-1, num_features)
        if y is None:
            total = x @ weights[0] // size + _bell(noise, end - begin) // 2
            target[begin:end] = total / np.float32(4096)
        else:
            x += weights[y[begin:end]] * 2 // math.isqrt(num_features)
        out[begin:end] = x * spread / np.float32(4096)
    return target if y is None else y


def prototypes(num_classes: int, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Return one smooth image for each class, uint8 (classes, H, W, C), using the whole range of values."""
    rough = _bytes(np.random.PCG64(0), num_classes * GRID * GRID * channels).astype(np.int64)
    rough = rough.reshape(num_classes, GRID, GRID, channels)
    smooth = _stretched(_stretched(rough, height, 1), width, 2)
    low, high = smooth.min(axis=(1, 2, 3), keepdims=True), smooth.max(axis=(1, 2, 3), keepdims=True)
    ranged: NDArray[np.uint8] = ((smooth - low) * 255 // np.maximum(high - low, 1)).astype(np.uint8)
    return ranged


def _stretched(rough: NDArray[np.int64], size: int, axis: int) -> NDArray[np.int64]:
    """Interpolate along `axis` from `GRID` values to `size`, in 256ths."""
    place = np.arange(size, dtype=np.int64) * ((GRID - 1) * 256) // max(1, size - 1)
    cell = np.minimum(place // 256, GRID - 2)
    share = (place - cell * 256).reshape([-1 if k == axis else 1 for k in range(rough.ndim)])
    before, after = np.take(rough, cell, axis), np.take(rough, cell + 1, axis)
    stretched: NDArray[np.int64] = before * (256 - share) + after * share
    return stretched


def _blend(
    out: NDArray[np.uint8],
    own: NDArray[np.int32],
    others: NDArray[np.int32],
    shares: NDArray[np.uint16],
    num_classes: int,
    seed: int,
    progress: Progress | None,
) -> None:
    height, width, channels = out.shape[1:]
    shapes = prototypes(num_classes, height, width, channels).reshape(num_classes, -1).astype(np.int16)
    generator = np.random.PCG64(seed)
    for begin, end in _blocks(len(out), shapes.shape[1]):
        share = shares[begin:end, np.newaxis]
        first, second = shapes[own[begin:end]], shapes[others[begin:end]]
        noise = _bytes(generator, first.size).reshape(first.shape)
        # At most 255 · 256: it fits 16 bits without a sign, and those are twice as quick as 32.
        blend = share * first.view(np.uint16) + (256 - share) * second.view(np.uint16)
        blend >>= 8
        mixed = blend.view(np.int16)
        mixed += noise % NOISE
        mixed -= NOISE // 2
        np.clip(mixed, 0, 255, out=mixed)
        out[begin:end] = mixed.reshape(out[begin:end].shape)
        if progress:
            progress("making up images", end, len(out))


def _blocks(number: int, values: int) -> Iterator[tuple[int, int]]:
    step = max(1, BLOCK // values)
    return ((begin, min(begin + step, number)) for begin in range(0, number, step))


def _shares(draws: NDArray[np.uint8]) -> NDArray[np.uint16]:
    shares: NDArray[np.uint16] = (LEAST_SHARE + draws.astype(np.uint32) * (256 - LEAST_SHARE) // 256).astype(np.uint16)
    return shares


def _bell(generator: np.random.PCG64, number: int) -> NDArray[np.int64]:
    """Return whole numbers about 0 whose deviation is near 4,096: sums of four even draws, bell-shaped."""
    draws = _bytes(generator, 8 * number).view("<u2").reshape(number, 4).astype(np.int64)
    # Four of deviation 65536/√12 add up to 37,837.
    bell: NDArray[np.int64] = (draws.sum(axis=1) - 2 * 65535) * 4096 // 37837
    return bell


def _bytes(generator: np.random.PCG64, number: int) -> NDArray[np.uint8]:
    draws: NDArray[np.uint64] = generator.random_raw((number + 7) // 8)
    return draws.astype("<u8").view(np.uint8)[:number]
