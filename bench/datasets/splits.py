"""Splits by seeded index, stratified: every class is divided in the same proportion, and no group is divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.options import SplitOptions, show, split_options
from bench.datasets.prepared import Prepared, Splits
from bench.errors import RequestError

Index = NDArray[np.int64]

FEW = 5
"""How many classes that a split lacks are named."""


def split(prepared: Prepared, options: Mapping[str, Any]) -> Splits:
    """Divide the samples of `prepared` by ``val_split``, ``test_split`` and ``split_seed``.

    Official validation and test sets, where there are any, are taken as they are, unless ``resplit`` pools all of
    them. Else the test samples are taken first, so that they stay the same whatever ``val_split`` is. Groups stay whole
    unless ``split_by`` is ``sample``. ``subset`` then keeps a part of a split. Raises `RequestError` for a wrong option
    and where a split would be empty.
    """
    official = None if options.get("resplit") else prepared.official
    # Where pooling is an option, so is the test set's size: it is not used as long as an official set stands.
    brings_test = official is not None and official[2] > 0 and "resplit" not in options
    wanted = split_options(options, name=prepared.name, official_test=brings_test)
    groups = prepared.groups()
    drawn = _Drawn.of(prepared, wanted.seed, groups if wanted.by_group else None)
    parts = _parts(drawn, official, wanted)
    naive = parts if drawn.groups is None else _parts(replace(drawn, groups=None), official, wanted)
    facts = {} if groups is None else _facts(groups, naive, official, wanted)
    for name, part in wanted.subset.items():
        parts[name] = drawn.take(parts[name], part)
    for name, index in parts.items():
        if not len(index):
            keys = ["val_split", "test_split", *(["subset"] if wanted.subset else [])]
            raise RequestError(
                ", ".join(f"dataset.{key}={show(options.get(key))}" for key in keys)
                + f": leaves no {name} sample of the {len(drawn.strata)} samples in {prepared.name}"
                + (", whose groups stay whole" if drawn.groups is not None else "")
            )
    counts = {name: drawn.counts(index) for name, index in parts.items()}
    gaps = [
        f"none of {label} in {name}"
        for name, each in counts.items()
        for label, count in zip(prepared.classes, each, strict=False)
        if not count
    ]
    if gaps:
        facts["classes missing"] = f"{', '.join(gaps[:FEW])}{' and more' * (len(gaps) > FEW)}: scores leave them out"
    weights = _balanced(counts["train"]) if prepared.classes else ()
    return Splits(**parts, counts=counts, class_weights=weights, facts=facts)


def _parts(drawn: _Drawn, official: tuple[int, int, int] | None, wanted: SplitOptions) -> dict[str, Index]:
    number = len(drawn.strata)
    num_train, num_val, num_test = official or (number, 0, 0)
    everything = np.arange(number, dtype=np.int64)
    train, val, test = np.split(everything, (num_train, num_train + num_val))
    if not num_test:
        assert wanted.test is not None, "checked with the options"
        test = drawn.take(train, wanted.test)
        train = np.setdiff1d(train, test, assume_unique=True)
    if not num_val:
        val = drawn.take(train, wanted.val)
        train = np.setdiff1d(train, val, assume_unique=True)
    return {"train": train, "val": val, "test": test}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drawn:
    """What decides where a sample goes: its stratum, its group, and the key that either draws."""

    strata: NDArray[np.int64]
    """(N,): the class; 0 in a regression."""
    num_strata: int
    keys: NDArray[np.uint64]
    """(N,): samples, and groups by their number, go by ascending key. Raw draws of a bit generator never change between
    versions of numpy; the permutations of a Generator may."""
    groups: NDArray[np.int64] | None
    """(N,), numbered from 0, or None: every sample for itself."""

    @classmethod
    def of(cls, prepared: Prepared, seed: int, groups: NDArray[np.int32] | None) -> _Drawn:
        """Draw the keys of the samples of `prepared` by `seed`."""
        labels = np.asarray(prepared.arrays()[1])
        return cls(
            strata=labels.astype(np.int64) if prepared.classes else np.zeros(len(labels), np.int64),
            num_strata=max(1, len(prepared.classes)),
            keys=np.random.PCG64(seed).random_raw(len(labels)),
            groups=None if groups is None else np.unique(groups, return_inverse=True)[1].astype(np.int64),
        )

    def counts(self, index: Index) -> tuple[int, ...]:
        """Return the number of samples of each stratum among those in `index`."""
        return tuple(np.bincount(self.strata[index], minlength=self.num_strata).tolist())

    def take(self, pool: Index, part: Fraction) -> Index:
        """Return `part` of the samples in `pool`, ascending: of each stratum as much, of a group all or none."""
        numbers = apportion(list(self.counts(pool)), part)
        if self.groups is None:
            taken = []
            for label, number in enumerate(numbers):
                members = pool[self.strata[pool] == label]
                taken.append(members[np.argsort(self.keys[members], kind="stable")][:number])
            return np.sort(np.concatenate(taken))
        names, of = np.unique(self.groups[pool], return_inverse=True)
        sizes = np.zeros((len(names), self.num_strata), np.int64)
        np.add.at(sizes, (of, self.strata[pool]), 1)
        order = np.argsort(self.keys[names], kind="stable")
        return pool[whole(sizes, order, np.array(numbers), part)[of]]


def whole(
    sizes: NDArray[np.int64], order: NDArray[np.int64], wanted: NDArray[np.int64], part: Fraction
) -> NDArray[np.bool_]:
    """Return which groups to take, (G,), so that of each stratum about `part`, or `wanted` samples (K,), are taken.

    Group g has `sizes[g]`, (K,), of each stratum. The larger groups go first, in the given `order` where they are
    about as large: each is taken or not, whichever keeps what is taken nearest to `part` of what has gone before, so
    that either side gets large and small ones alike. Groups of one fill up; at last single groups are moved where that
    brings the numbers nearer.
    """
    taken = np.zeros(len(sizes), np.bool_)
    totals = sizes.sum(axis=1)
    # By powers of two: by the very size, the few largest groups would stand on the same side whatever the seed.
    rank = np.frexp(totals)[1]
    several = order[totals[order] > 1]
    errors = [0] * sizes.shape[1]
    for group in several[np.argsort(-rank[several], kind="stable")]:
        row = sizes[group].tolist()
        left = [error - part.numerator * count for error, count in zip(errors, row, strict=True)]
        took = [error + part.denominator * count for error, count in zip(left, row, strict=True)]
        taken[group] = sum(error * error for error in took) < sum(error * error for error in left)
        errors = took if taken[group] else left
    missing = wanted - sizes[taken].sum(axis=0)
    singles = order[totals[order] == 1]
    for stratum in np.flatnonzero(missing > 0):
        fitting = singles[sizes[singles, stratum] == 1][: missing[stratum]]
        taken[fitting] = True
        missing[stratum] -= len(fitting)
    while missing.any():
        moved = np.where(taken, -1, 1)[order, np.newaxis] * sizes[order]
        gains = np.abs(missing).sum() - np.abs(missing - moved).sum(axis=1)
        best = gains.argmax()
        if gains[best] <= 0:
            break
        taken[order[best]] ^= True
        missing = missing - moved[best]
    return taken


def _facts(
    groups: NDArray[np.int32],
    naive: Mapping[str, Index],
    official: tuple[int, int, int] | None,
    wanted: SplitOptions,
) -> dict[str, str]:
    """Return in words what became of groups: which of them a split by sample divides, and which official sets do."""
    total = len(np.unique(groups))
    before = np.zeros(int(groups.max()) + 1, np.bool_)
    facts = {}
    if official is not None:
        before = _divided(groups, np.split(np.arange(len(groups)), np.cumsum(official)[:2]))
        if before.any():
            facts["official overlap"] = (
                f"{before.sum():,} of {total:,} groups have samples in more than one of the official sets, which are "
                "taken as they are"
            )
        if all(official):
            return facts
    found = f"{(_divided(groups, list(naive.values())) & ~before).sum():,} of {total:,} groups"
    if wanted.by_group:
        facts["overlap avoided"] = f"a split by sample would have had {found} on two sides; here none is divided"
    else:
        facts["overlap"] = f"split by sample: {found} are on two sides, which flatters the scores"
    return facts


def _divided(groups: NDArray[np.int32], sides: Sequence[Index]) -> NDArray[np.bool_]:
    """Return for each group whether its samples are on more than one of `sides`."""
    there = np.zeros((len(sides), int(groups.max()) + 1), np.bool_)
    for here, index in zip(there, sides, strict=True):
        here[groups[index]] = True
    divided: NDArray[np.bool_] = there.sum(axis=0) > 1
    return divided


def _balanced(counts: tuple[int, ...]) -> tuple[float, ...]:
    """Return the weight of each class: samples ÷ (classes × samples of the class); 0 for a class that has none."""
    return tuple(sum(counts) / (len(counts) * count) if count else 0.0 for count in counts)


def apportion(counts: list[int], part: Fraction) -> list[int]:
    """Return how many of each of `counts` make up `part` of their sum, by largest remainder."""
    quotas = [part * count for count in counts]
    numbers = [floor(quota) for quota in quotas]
    missing = floor(part * sum(counts) + Fraction(1, 2)) - sum(numbers)
    for k in sorted(range(len(counts)), key=lambda k: numbers[k] - quotas[k])[:missing]:
        numbers[k] += 1
    return numbers
