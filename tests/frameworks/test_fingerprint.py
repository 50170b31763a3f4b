from __future__ import annotations

import numpy as np
import pytest

from frameworks.fingerprint import ELEMENTS, PROJECTIONS, summarise

CHUNK = 1 << 16
SIZE = 1_000_000
HEAD = 1 + PROJECTIONS


@pytest.fixture(scope="module")
def tensor():
    return np.random.default_rng(0).standard_normal(SIZE)


def test_what_is_kept():
    values = np.arange(1.0, 7.0).reshape(2, 3)
    found = summarise(values)
    assert found.shape == (HEAD + 6,)
    assert found.dtype == np.float64
    assert found[0] == pytest.approx(np.sqrt(91 / 6))
    assert (found[HEAD:] == [1, 2, 3, 4, 5, 6]).all()


def test_large_tensors_are_sampled_from_end_to_end(tensor):
    found = summarise(tensor)
    assert found.shape == (HEAD + ELEMENTS,)
    assert found[HEAD] == tensor[0]
    assert found[-1] == tensor[-1]


@pytest.mark.parametrize("place", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 499_999, 15 * CHUNK, SIZE - 2, SIZE - 1])
def test_one_changed_element_is_seen_anywhere(tensor, place):
    """A change of d in one of n elements shows as d / √n in every projection: that much is guaranteed."""
    change = 1e-3
    before = summarise(tensor)
    tensor[place] += change
    after = summarise(tensor)
    tensor[place] -= change
    seen = abs(after - before)[1:HEAD]
    assert seen == pytest.approx(change / np.sqrt(SIZE), rel=1e-6)
    assert seen.min() / abs(before).max() > 1e-9 / 10


def test_a_change_everywhere_shows_at_its_own_size(tensor):
    change = 1e-6 * np.random.default_rng(1).standard_normal(SIZE)
    seen = abs(summarise(tensor + change) - summarise(tensor))[1:HEAD]
    assert 3e-7 < np.sqrt(np.mean(seen**2)) < 3e-6


def test_a_permutation_is_seen(tensor):
    swapped = tensor.copy()
    swapped[[10, 700_000]] = swapped[[700_000, 10]]
    before, after = summarise(tensor), summarise(swapped)
    assert after[0] == pytest.approx(before[0], rel=1e-14)  # the norm alone would not see it
    assert abs(after - before)[1:HEAD].max() > 1e-4
    square = np.arange(9.0).reshape(3, 3)
    assert abs(summarise(square.T) - summarise(square)).max() > 0.1


def test_the_sign_is_seen():
    assert abs(summarise(np.ones(5000)) - summarise(-np.ones(5000))).max() >= 2


@pytest.mark.parametrize("size", [1, ELEMENTS, ELEMENTS + 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_edges(size):
    values = np.linspace(-1, 2, size)
    found = summarise(values)
    assert found.shape == (HEAD + min(size, ELEMENTS),)
    assert np.isfinite(found).all()
    assert (found == summarise(values.reshape(1, -1))).all()


def test_signs_are_both_and_differ_between_projections():
    rows = np.array([summarise(row)[1:HEAD] for row in np.eye(64)]) * 8  # each projection's signs, one column each
    assert set(np.unique(rows.round(12))) == {-1.0, 1.0}
    assert len({tuple(column) for column in rows.T.round()}) == PROJECTIONS


def test_empty_and_not_finite():
    assert (summarise(np.empty((0, 3))) == np.zeros(HEAD)).all()
    assert np.isnan(summarise(np.array([1.0, np.nan]))[0])
