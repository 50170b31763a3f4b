"""Reads and checks what a user can say under ``dataset``; every refusal names the dotted key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeGuard

from bench.errors import RequestError, unknown

SPLITS = ("train", "val", "test")
"""The names of the splits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitOptions:
    """How to split: exact fractions, the seed, and what stays together."""

    val: Fraction
    """The part of the training samples to validate on."""
    test: Fraction | None
    """The part of the pool to test on; None where the dataset brings its own test set."""
    seed: int
    """Seeds the choice of samples."""
    resplit: bool
    """Pool official sets and split anew."""
    by_group: bool
    """Keep groups (of a patient, say) whole, where they are known."""
    subset: Mapping[str, Fraction]
    """The part of a split to keep, by its name; a split that is not here is kept whole."""


def choice(options: Mapping[str, Any], key: str, choices: Sequence[str]) -> str:
    """Return ``options[key]``, one of `choices`."""
    value = options.get(key)
    if value not in choices:
        raise unknown(f"dataset.{key}", str(value), choices)
    return str(value)


def fraction(options: Mapping[str, Any], key: str) -> Fraction:
    """Return ``options[key]`` exactly as it was written (0.1 is a tenth), between 0 and 1, ends excluded."""
    value = options.get(key)
    if is_number(value) and 0 < value < 1:
        return Fraction(str(value))
    raise RequestError(f"dataset.{key}={show(value)}: must be a fraction above 0 and below 1, such as 0.2")


def split_options(options: Mapping[str, Any], *, name: str, official_test: bool) -> SplitOptions:
    """Return the options of splitting; a dataset that brings its own test set takes no ``test_split``."""
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
        resplit=flag(options, "resplit"),
        by_group=choice({"split_by": "group", **options}, "split_by", ("group", "sample")) == "group",
        subset=_subset(options.get("subset")),
    )


def flag(options: Mapping[str, Any], key: str) -> bool:
    """Return ``options[key]``, true or false; false where the dataset has no such option."""
    value = options.get(key, False)
    if not isinstance(value, bool):
        raise RequestError(f"dataset.{key}={show(value)}: must be true or false")
    return value


def _subset(value: Any) -> dict[str, Fraction]:
    """Return ``dataset.subset``, {train: 0.2, val: null, …}, without those that are null: kept whole."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RequestError(f"dataset.subset={show(value)}: must name splits, such as dataset.subset.train=0.2")
    for name in value:
        if name not in SPLITS:
            raise unknown("dataset.subset", str(name), SPLITS)
    parts = {f"subset.{name}": part for name, part in value.items() if part is not None}
    return {name.removeprefix("subset."): fraction(parts, name) for name in parts}


def show(value: Any) -> str:
    """Return `value` as it is written on the command line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(show(item) for item in value)}]"
    return "null" if value is None else str(value)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether `value` is a number, and not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
