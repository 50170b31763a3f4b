"""The order of samples: one numpy permutation per (seed, epoch), the same on both sides."""

from __future__ import annotations

import numpy as np

_STREAM = 0x0D3A
"""Keeps this stream apart from others that start from the same seed."""


def epoch_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """Return the order of `samples` in an epoch (from 0), int32 (samples,); pinned by golden hashes."""
    return np.random.default_rng([_STREAM, seed, epoch]).permutation(samples).astype(np.int32)


def orders(seed: int, epochs: int, samples: int) -> np.ndarray:
    """Return the orders of all epochs, int32 (epochs, samples)."""
    return np.stack([epoch_order(seed, epoch, samples) for epoch in range(epochs)])


def steps_per_epoch(samples: int, batch_size: int, drop_last: bool) -> int:
    """Return how many training steps an epoch has."""
    return samples // batch_size if drop_last else -(-samples // batch_size)
