"""Reads and checks what a user can say under ``dataset``; every refusal names the dotted key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeGuard

from bench.errors import RequestError, unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitOptions:
    """How to split: exact fractions and the seed."""

    val: Fraction
    """The part of the training samples to validate on."""
    test: Fraction | None
    """The part of the pool to test on; None where the dataset brings its own test set."""
    seed: int
    """Seeds the choice of samples."""


def choice(options: Mapping[str, Any], key: str, choices: Sequence[str]) -> str:
    """Return ``options[key]``, one of `choices`."""
    value = options.get(key)
    if value not in choices:
        raise unknown(f"dataset.{key}", str(value), choices)
    return str(value)


def fraction(options: Mapping[str, Any], key: str) -> Fraction:
    """Return ``options[key]`` exactly as it was written (0.1 is a tenth), between 0 and 1, ends excluded."""
    value = options.get(key)
    if _is_number(value) and 0 < value < 1:
        return Fraction(str(value))
    raise RequestError(f"dataset.{key}={show(value)}: must be a fraction above 0 and below 1, such as 0.2")


def split_options(options: Mapping[str, Any], *, name: str, official_test: bool) -> SplitOptions:
    """Return the three split options; a dataset that brings its own test set takes no ``test_split``."""
    test = options.get("test_split")
    if official_test and test is not None:
        raise RequestError(
            f"dataset.test_split={show(test)}: {name} brings its own test set; leave dataset.test_split=null"
        )
    seed = options.get("split_seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise RequestError(f"dataset.split_seed={show(seed)}: must be a whole number from 0 up")
    return SplitOptions(
        val=fraction(options, "val_split"),
        test=None if official_test else fraction(options, "test_split"),
        seed=seed,
    )


def interval(options: Mapping[str, Any]) -> tuple[float, float]:
    """Return ``dataset.scaling`` as (low, high)."""
    value = options.get("scaling")
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        low, high = value
        if _is_number(low) and _is_number(high) and math.isfinite(high - low) and low < high:
            return float(low), float(high)
    raise RequestError(
        f"dataset.scaling={show(value)}: must be two numbers [low, high] with low < high, such as [0, 1] or [-1, 1]"
    )


def show(value: Any) -> str:
    """Return `value` as it is written on the command line."""
    return "null" if value is None else str(value)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
