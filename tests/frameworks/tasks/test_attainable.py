"""The large matrix product: what is counted, for how long, and that each room multiplies what it says."""

from __future__ import annotations

import numpy as np
import pytest

from frameworks import rooms
from frameworks.clock import Phases
from frameworks.tasks import attainable

BACKENDS = rooms.names()
LAYERS = ["flatten", {"dense": "outputs"}]


class Room:
    """A room whose products take the given seconds, one after the other, on a clock of its own."""

    def __init__(self, *seconds):
        self.seconds, self.time, self.asked, self.waiting = list(seconds), 0.0, [], 0.0

    def matrix_product(self, size):
        self.asked.append(size)

        def product():
            self.waiting = self.seconds.pop(0)

        return product

    def synchronize(self):
        self.time += self.waiting


@pytest.fixture
def clocked(monkeypatch):
    """Return the function that clocks a room's products."""

    def clock(room, *, device="cpu", seconds=1.0):
        monkeypatch.setattr(attainable, "now", lambda: room.time)
        told = []
        phases = Phases(lambda _, name: told.append(name))
        found = attainable.matrix_product(room, device, seconds, phases)
        assert list(phases.seconds) == told == ["matrix_product"]
        return found

    return clock


def test_the_best_product_counts_and_the_warm_ones_do_not(clocked):
    room = Room(0.001, *[0.08, 0.04, 0.05], *[0.09] * 5)
    found = clocked(room)
    assert found == {"matrix_product_flops": pytest.approx(2 * 2048**3 / 0.04), "matrix_product_size": 2048}
    assert room.seconds == [], "eight are clocked where they fit the time"


def test_the_size_is_the_devices(clocked):
    room = Room(*[0.02] * 10)
    assert clocked(room, device="gpu")["matrix_product_size"] == 8192
    assert room.asked == [8192]


@pytest.mark.parametrize(("each", "clocked_products"), [(0.1, 8), (0.25, 5), (0.45, 3), (5.0, 2)])
def test_a_slow_machine_stops_early_but_not_before_two(clocked, each, clocked_products):
    room = Room(*[each] * 10)
    clocked(room)
    assert 10 - len(room.seconds) - attainable.WARM == clocked_products


VARIANTS = [("tf", {}), ("tf", {"jit_compile": True}), ("torch", {}), ("torch", {"compile": True})]


@pytest.mark.parametrize(("backend", "settings"), VARIANTS, ids=str)
def test_a_room_multiplies_two_matrices_of_its_precision(side_by_side, job, backend, settings):
    made = job(layers=LAYERS, settings=settings)
    for precision in ("float32", "float64"):
        found = side_by_side.ask(backend, "product", made, size=256, precision=precision)
        first, second = found.under("product/").values()
        assert (first.shape, first.dtype.name) == ((256, 256), precision)
        assert np.array_equal(first, second), "the operands are made once"
        # Normal numbers: each value of the product is a sum of 256 terms of variance 1.
        assert first.std() == pytest.approx(16, rel=0.05)
        assert found.values == {"traces": 0, "untouched": True}
