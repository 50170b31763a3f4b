from __future__ import annotations

import time

import pytest

from frameworks import clock


class Device:
    """Counts calls, and remembers their order."""

    def __init__(self, seconds=0.0):
        self.calls, self.seconds = "", seconds

    def step(self):
        self.calls += "s"
        time.sleep(self.seconds)

    def synchronize(self):
        self.calls += "|"


def test_fifty_milliseconds_read_as_fifty():
    device = Device(0.05)
    each = clock.latency(device.step, device.synchronize, 5)
    assert each.shape == (5,)
    assert 0.05 <= each.min() < 0.055
    block = clock.throughput(device.step, device.synchronize, 4)
    assert block.shape == (1,)
    assert 0.05 <= block.min() < 0.055


def test_phases_read_right_and_add_up():
    told = []
    phases = clock.Phases(lambda event, **values: told.append((event, values)))
    readings = []
    for _ in range(3):
        before = phases.seconds.get("build", 0.0)
        with phases.phase("build"):
            time.sleep(0.05)
        readings.append(phases.seconds["build"] - before)
    assert 0.05 <= min(readings) < 0.055
    assert phases.seconds["build"] == pytest.approx(sum(readings))
    phases.add("train", 2.0)
    phases.add("train", 1.5)
    assert phases.seconds["train"] == 3.5
    assert told == [("phase", {"name": "build"})] * 3


def test_a_phase_that_fails_is_clocked_too():
    phases = clock.Phases(lambda *_, **__: None)
    with pytest.raises(ZeroDivisionError), phases.phase("train"):
        _ = 1 / 0
    assert "train" in phases.seconds


def test_latency_synchronises_after_every_step():
    device = Device()
    clock.latency(device.step, device.synchronize, 3)
    assert device.calls == "|s|s|s|"


@pytest.mark.parametrize(
    ("steps", "blocks", "calls"), [(6, 2, "f|sss|f|sss|"), (5, 2, "f|ss|f|ss|"), (1, 3, "f|s|f|s|f|s|")]
)
def test_throughput_synchronises_at_the_ends_of_a_block_and_each_begins_afresh(steps, blocks, calls):
    device = Device()

    def fresh():
        device.calls += "f"

    read = clock.in_blocks(lambda n: clock.throughput(device.step, device.synchronize, n), steps, blocks, fresh)
    assert device.calls == calls
    assert read.shape == (blocks,)


def test_latency_in_blocks_reads_every_step():
    device = Device()
    read = clock.in_blocks(lambda n: clock.latency(device.step, device.synchronize, n), 6, 2, lambda: None)
    assert read.shape == (6,)


@pytest.mark.parametrize(
    ("step_seconds", "steps"), [(0.01, 200), (1.0, 20), (1e-6, 300), (0.0, 300), (0.1, 20), (0.02, 100)]
)
def test_budget_stays_within_its_bounds(step_seconds, steps):
    assert clock.budget(step_seconds, {"seconds": 2.0, "min_steps": 20, "steps": 300}) == steps
