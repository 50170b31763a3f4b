"""Splits by seeded index, stratified: every class is divided in the same proportion."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.options import show, split_options
from bench.datasets.prepared import Prepared, Splits
from bench.errors import RequestError


def split(prepared: Prepared, options: Mapping[str, Any]) -> Splits:
    """Divide the samples of `prepared` by ``val_split``, ``test_split`` and ``split_seed``.

    The official test set, where there is one, is the test set. Else the test samples are taken first, so that
    they stay the same whatever `val_split` is. Raises `RequestError` for a wrong option and where a split
    would be empty.
    """
    official = prepared.num_train_official
    wanted = split_options(options, name=prepared.name, official_test=official is not None)
    labels = np.asarray(prepared.arrays()[1])
    num_pool = len(labels) if official is None else official
    # Each sample draws a key, and each class goes by ascending key. Raw draws of a bit generator never change
    # between versions of numpy; the permutations of a Generator may.
    keys = np.random.PCG64(wanted.seed).random_raw(num_pool)
    by_class = [
        members[np.argsort(keys[members], kind="stable")]
        for members in (np.flatnonzero(labels[:num_pool] == label) for label in range(len(prepared.classes)))
    ]
    if wanted.test is None:
        test = np.arange(num_pool, len(labels), dtype=np.int64)
    else:
        test, by_class = _take(by_class, wanted.test)
    val, by_class = _take(by_class, wanted.val)
    parts = {"train": np.sort(np.concatenate(by_class)), "val": val, "test": test}
    for name, part in parts.items():
        if not len(part):
            raise RequestError(
                f"dataset.val_split={show(options.get('val_split'))}, "
                f"dataset.test_split={show(options.get('test_split'))}: "
                f"leaves no {name} sample of the {len(labels)} samples in {prepared.name}"
            )
    counts = {
        name: tuple(np.bincount(labels[part], minlength=len(prepared.classes)).tolist()) for name, part in parts.items()
    }
    return Splits(**parts, counts=counts)


def _take(by_class: list[NDArray[np.int64]], part: Fraction) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Take the first `part` of each class; return those, ascending, and what is left of each class."""
    numbers = apportion([len(members) for members in by_class], part)
    taken = [members[:number] for members, number in zip(by_class, numbers, strict=True)]
    left = [members[number:] for members, number in zip(by_class, numbers, strict=True)]
    return np.sort(np.concatenate(taken)), left


def apportion(counts: list[int], part: Fraction) -> list[int]:
    """Return how many of each of `counts` make up `part` of their sum, by largest remainder."""
    quotas = [part * count for count in counts]
    numbers = [floor(quota) for quota in quotas]
    missing = floor(part * sum(counts) + Fraction(1, 2)) - sum(numbers)
    for k in sorted(range(len(counts)), key=lambda k: numbers[k] - quotas[k])[:missing]:
        numbers[k] += 1
    return numbers
