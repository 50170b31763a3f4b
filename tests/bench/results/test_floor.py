from __future__ import annotations

import math

import pytest

from bench.results import compare, floor
from bench.results.schema import Contender, Results, Trial


def run(factors, settings=None, repeats=5):
    """The baseline and `again`, whose times are `factors` of the baseline's."""
    trials = []
    for repeat in range(repeats):
        for name, factor in (("torch", 1.0), ("again", factors[repeat])):
            time = 1e-3 * 1.2**repeat * factor
            trials.append(
                Trial(
                    contender=name, repeat=repeat, seed=repeat, status="ok", step_seconds=time, epoch_seconds=20 * time
                )
            )
    found = Results(
        baseline="torch",
        trials=trials,
        contenders=[
            Contender(name=name, backend="torch", framework="", versions={"torch": "2.15.0"}, settings={"threads": 2})
            for name in ("torch", "again")
        ],
    )
    found.contenders[1].settings |= settings or {}
    found.comparison = compare.comparisons(trials, baseline="torch", certified={"torch", "again"})
    return found


QUIET = [1.01, 0.99, 1.0, 1.005, 0.995]


def test_the_floor_is_the_farther_end_of_the_interval():
    results = run(QUIET)
    found = floor.floors(results)
    item = next(item for item in results.comparison if item.quantity == "step_seconds")
    assert [item.comparison.quantity for item in found] == ["step_seconds", "epoch_seconds"]
    assert found[0].share == pytest.approx(max(item.high - 1, 1 / item.low - 1))
    assert not found[0].excluded
    assert floor.sentences(results) == [
        "this machine's noise floor at 5 repeats: ±1.0 % per training step, ±1.0 % per epoch (again is torch again); "
        "smaller differences cannot be told apart"
    ]


def test_equal_things_that_are_called_different_are_said_to_be():
    told = floor.sentences(run([1.05, 1.051, 1.049, 1.05, 1.05]))
    assert "±5.1 % per training step" in told[0]
    assert told[1].startswith(
        "equal things were called different: again and torch per training step (ratio 1.05–1.05)."
    )
    assert "1 of 20" in told[1]
    assert len(told) == 3


def test_whatever_is_not_the_baseline_again_has_no_floor():
    assert floor.floors(run(QUIET, settings={"threads": 1})) == []
    other = run(QUIET)
    other.contenders[1].versions = {"torch": "2.14.0"}
    assert floor.sentences(other) == []
    other.contenders = []
    assert floor.sentences(other) == []


def test_one_repeat_has_no_floor_and_a_wild_one_is_finite():
    assert floor.floors(run(QUIET, repeats=1)) == []
    found = floor.floors(run([1e-200, 1e200], repeats=2))
    assert all(math.isfinite(item.share) for item in found)
    told = floor.sentences(run([0.2, 5.0, 1.0], repeats=3))[0]
    assert "at 3 repeats: a factor of 54 per training step, a factor of 54 per epoch" in told
