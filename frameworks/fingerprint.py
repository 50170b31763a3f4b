"""A fingerprint: what a contender computed, small enough to keep, sharp enough to judge by.

Per tensor: its root mean square, 16 seeded random projections (which see every element), and at most 1,024
elements at equal strides. All are in the units of an element, so that one error scale fits them.
"""

from __future__ import annotations

import numpy as np

PROJECTIONS = 16
ELEMENTS = 1024
_CHUNK = 1 << 16


def summarise(values: np.ndarray) -> np.ndarray:
    """Return the fingerprint of one tensor, float64 (1 + 16 + min(size, 1024),)."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    if not flat.size:
        return np.zeros(1 + PROJECTIONS)
    norm = np.sqrt(np.mean(flat**2))
    places = np.linspace(0, flat.size - 1, min(flat.size, ELEMENTS)).round().astype(np.int64)
    return np.concatenate([[norm], _project(flat), flat[places]])


def _project(flat: np.ndarray) -> np.ndarray:
    """Return sums with random signs over the root of the size.

    A difference of about d in every element shows as about d, and one of d in a single element as d over the root
    of the size, in all projections alike.
    """
    total = np.zeros(PROJECTIONS)
    for start in range(0, flat.size, _CHUNK):
        part = flat[start : start + _CHUNK]
        rng = np.random.default_rng([flat.size, start])
        signs = rng.integers(0, 2, size=(PROJECTIONS, part.size), dtype=np.int8) * 2 - 1
        total += signs @ part
    projected: np.ndarray = total / np.sqrt(flat.size)
    return projected
