"""A failing case made small: whatever can be left out and it still fails is left out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from frameworks.reference import OPTIMIZERS
from tests.frameworks.random_specs.cases import Case
from tests.frameworks.random_specs.chains import JOINS

MOST = 120
"""Cases that are tried at most: each takes about as long as the first."""


def shrink(case: Case, fails: Callable[[Case], bool], most: int = MOST) -> Case:
    """Return a case that still fails and of which nothing more can be left out, or what was found by `most` tries."""
    tries = 0
    progress = True
    while progress:
        progress = False
        for smaller in simpler(case):
            if tries >= most:
                return case
            if smaller.refused():
                continue
            tries += 1
            if fails(smaller):
                case, progress = smaller, True
                break
    return case


def simpler(case: Case) -> Iterator[Case]:
    """Yield cases that are a little simpler, those that leave out most first."""
    yield from (replace(case, layers=layers) for layers in fewer(case.layers))
    if case.steps > 1:
        yield replace(case, steps=1)
        yield replace(case, steps=case.steps - 1)
    if case.class_weights or case.sample_weights:
        yield replace(case, class_weights=[], sample_weights=False)
    for name in ("schedule", "loss_options", "settings"):
        if getattr(case, name):
            yield replace(case, **{name: {}})
        for key in getattr(case, name):
            if key != "name":
                yield replace(case, **{name: {k: v for k, v in getattr(case, name).items() if k != key}})
    if case.optimizer["name"] != "sgd" and "sgd" in OPTIMIZERS:
        yield replace(case, optimizer={"name": "sgd", "learning_rate": 0.01})
    for key in case.optimizer:
        if key not in ("name", "learning_rate"):
            yield replace(case, optimizer={k: v for k, v in case.optimizer.items() if k != key})
    for place, size in enumerate(case.shape):
        if size > 1:
            yield replace(case, shape=[*case.shape[:place], size - 1, *case.shape[place + 1 :]])


def fewer(layers: list[Any]) -> Iterator[list[Any]]:
    """Yield lists of layers with one left out, a join replaced by one of its branches, or one told less."""
    for place, item in enumerate(layers):
        before, after = layers[:place], layers[place + 1 :]
        yield [*before, *after]
        if isinstance(item, str):
            continue
        kind, given = next(iter(item.items()))
        for instead in _inside(kind, given):
            yield [*before, *copy.deepcopy(instead), *after]


def _inside(kind: str, given: Any) -> Iterator[list[Any]]:
    """Yield what may stand instead of one layer."""
    if kind in JOINS:
        branches = given["branches"] if isinstance(given, dict) else given
        yield from branches
        for place, branch in enumerate(branches):
            rest = [*branches[:place], *branches[place + 1 :]]
            if len(rest) > 1:
                yield [{kind: rest}]
            yield from ([{kind: [*branches[:place], less, *branches[place + 1 :]]}] for less in fewer(branch))
    elif kind == "repeat":
        yield given["layers"]
        if given["times"] > 2:
            yield [{kind: given | {"times": 2}}]
        yield from ([{kind: given | {"layers": less}}] for less in fewer(given["layers"]))
    elif isinstance(given, dict):
        for key in given:
            rest = {k: v for k, v in given.items() if k != key}
            yield [{kind: rest}] if rest else [kind]
