from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import pytest

from bench import turns

COUNTS = range(1, 9)


def cycle(count):
    """The turns after which the design begins anew: k, or 2k for an odd k."""
    names = "abcdefgh"[:count]
    length = count if count % 2 == 0 else 2 * count
    return names, [turns.order(names, index) for index in range(length)]


def test_two_take_turns():
    assert ["".join(turns.order("ab", index)) for index in range(5)] == ["ab", "ba", "ab", "ba", "ab"]


@pytest.mark.parametrize("count", COUNTS)
def test_a_turn_has_everyone_once_and_the_first_is_as_given(count):
    names, rows = cycle(count)
    assert "".join(rows[0]) == names
    assert all(sorted(row) == list(names) for row in rows)
    assert turns.order(names, len(rows)) == rows[0]


@pytest.mark.parametrize("count", COUNTS)
def test_everyone_stands_equally_often_in_each_place(count):
    names, rows = cycle(count)
    places = Counter((name, place) for row in rows for place, name in enumerate(row))
    assert set(places) == set(product(names, range(count)))
    assert set(places.values()) == {len(rows) // count}


@pytest.mark.parametrize("count", COUNTS)
def test_everyone_comes_equally_often_right_after_each_other(count):
    names, rows = cycle(count)
    after = Counter(pair for row in rows for pair in pairwise(row))
    assert set(after) == {(one, other) for one, other in product(names, names) if one != other}
    assert len(set(after.values())) <= 1


@pytest.mark.parametrize("count", COUNTS)
def test_a_steady_drift_cancels_after_every_second_turn(count):
    names, rows = cycle(count)
    for turn in range(0, len(rows) - 1, 2):
        moments = {name: [] for name in names}
        for moment, name in enumerate([*rows[turn], *rows[turn + 1]]):
            moments[name].append(moment)
        assert {sum(found) for found in moments.values()} == {2 * count - 1}


@pytest.mark.parametrize("count", COUNTS)
def test_a_steady_drift_gives_equal_means_over_a_cycle(count):
    names, rows = cycle(count)
    measured = {name: [] for name in names}
    for moment, name in enumerate(name for row in rows for name in row):
        measured[name].append(10.0 + 0.5 * moment)
    means = {sum(found) / len(found) for found in measured.values()}
    assert max(means) - min(means) < 1e-9


def test_nobody_has_no_order():
    assert turns.order([], 3) == []
