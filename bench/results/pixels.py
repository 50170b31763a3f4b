"""What the frameworks' own decoders and resizers make of the same files: told in grey levels, judged only roughly.

They may differ by a little, and nobody could correct for it; what must not pass is another picture, another order of
files, or other channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from bench.results.fingerprint import Fingerprint
from bench.results.schema import Check

DECODED, PREPARED = "input/pixels", "input/prepared"
"""Names in a fingerprint: images as the contender decodes them, and as they were prepared; uint8 (k, h, w, C)."""

MOST, MOST_PREPARED = 4.0, 8.0
"""Grey levels by which the same picture may differ on average: between two contenders, and from the prepared one.

The frameworks' decoders and resizers were seen to differ by up to 1.7; preparation decodes large JPEGs at a smaller
scale, which changes photographs by up to 2.6 and text by up to 6. Other pictures differ by 50 and up.
"""

REFERENCE = "reference"
"""The baseline of a check that a contender passes alone."""

CHANNELS = "the channels come in the opposite order"
ANOTHER = "another picture: look at the order of the files, or at how they are decoded"
"""Likely causes."""


def compare(contender: str, baseline: str, a: np.ndarray, b: np.ndarray, quantity: str, most: float = MOST) -> Check:
    """Return the check of pictures `a` against `b`: the one that differs most, in grey levels on average.

    None may come closer by far when its channels are reversed.
    """
    check = Check(
        contender=contender,
        baseline=baseline,
        quantity=quantity,
        precision="uint8",
        error=None,
        tolerance=most,
        scale="grey levels, on average over the picture that differs most",
        passed=False,
        detail=ANOTHER,
    )
    if a.shape == b.shape:
        straight, opposite = _each(a, b), 1 + 2 * _each(a, b[..., ::-1])
        swapped = bool((straight > opposite).any())
        worst = (straight - opposite if swapped else straight).argmax()
        check.error = float(straight[worst])
        check.tolerance = min(most, float(opposite[worst])) if swapped else most
        check.passed = check.error <= check.tolerance
        check.detail = "" if check.passed else CHANNELS if swapped else ANOTHER
    return check


def examine(contender: Fingerprint) -> list[Check]:
    """Return the check of a contender's pictures against the prepared ones, where it reads files."""
    if DECODED not in contender.arrays:
        return []
    own = contender.arrays
    what = "pixels against the prepared ones"
    return [compare(contender.contender, REFERENCE, own[DECODED], own[PREPARED], what, MOST_PREPARED)]


def certify(contender: Fingerprint, baseline: Fingerprint) -> list[Check]:
    """Return the check of two contenders' pictures against each other, where both read files."""
    if DECODED not in contender.arrays or DECODED not in baseline.arrays:
        return []
    a, b = contender.arrays[DECODED], baseline.arrays[DECODED]
    return [compare(contender.contender, baseline.contender, a, b, "pixels of the files")]


def notes(fingerprints: Mapping[str, Fingerprint]) -> list[str]:
    """Return in words by how much the contenders' pictures differ, pair by pair; nothing where none reads files."""
    reading = {name: item.arrays for name, item in fingerprints.items() if DECODED in item.arrays}
    pairs = [(f"{a} and {b}", reading[a][DECODED], reading[b][DECODED]) for a, b in combinations(reading, 2)]
    pairs += [(f"{name} and the prepared arrays", own[DECODED], own[PREPARED]) for name, own in reading.items()]
    told = []
    for who, a, b in pairs:
        if a.shape == b.shape:
            apart = np.abs(a.astype(np.int16) - b)
            told.append(f"{who} by {apart.mean():.2f} grey levels on average, {apart.max():.0f} at most")
    if not told:
        return []
    count = len(next(iter(reading.values()))[DECODED])
    return [f"pixels of {count} training files: each framework decodes and resizes for itself; {'; '.join(told)}"]


def _each(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the mean difference of each picture, (k,)."""
    apart: np.ndarray = np.abs(a.astype(np.int16) - b).mean(axis=(1, 2, 3))
    return apart
