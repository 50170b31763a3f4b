from __future__ import annotations

import math

import pytest

from bench.results.blocks import good, sound
from bench.results.schema import Trial


def trial(contender, repeat, status="ok", **more):
    return Trial(contender=contender, repeat=repeat, seed=7 + repeat, status=status, **more)


def test_the_trials_that_ended_well_by_repeat_and_seed_and_the_later_one_wins():
    again = trial("tf", 0, step_seconds=2.0)
    found = good([trial("tf", 0), trial("torch", 0), trial("tf", 1, "failed"), again, trial("tf", 2)], "tf")
    assert list(found) == [(0, 7), (2, 9)]
    assert found[0, 7] is again


@pytest.mark.parametrize(
    ("value", "is_sound"),
    [(1e-9, True), (0.0, False), (-1.0, False), (math.inf, False), (math.nan, False), (None, False)],
)
def test_a_clock_is_sound_that_has_read_something(value, is_sound):
    assert sound(value) is is_sound
