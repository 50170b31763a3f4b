from __future__ import annotations

import time

import numpy as np
import pytest

from frameworks import clock


@pytest.fixture
def unreal(monkeypatch):
    """Put a clock in force that only sleeping moves on, and reading by a microsecond, whatever else runs."""
    passed = [0.0]

    def move(seconds):
        passed[0] += seconds
        return passed[0]

    monkeypatch.setattr(clock, "now", lambda: move(1e-6))
    monkeypatch.setattr(time, "sleep", move)


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
    assert told == [("phase", {"name": "build"})], "once"


def test_a_phase_that_fails_is_clocked_too():
    phases = clock.Phases(lambda *_, **__: None)
    with pytest.raises(ZeroDivisionError), phases.phase("train"):
        _ = 1 / 0
    assert "train" in phases.seconds


def test_latency_synchronises_after_every_step():
    device = Device()
    clock.latency(device.step, device.synchronize, 3)
    assert device.calls == "|s|s|s|"


class Paced:
    """Steps that wait as long as a list says, and then as its last entry."""

    def __init__(self, *seconds):
        self.seconds = iter(seconds)
        self.last = seconds[-1]

    def step(self):
        time.sleep(next(self.seconds, self.last))


def nothing():
    pass


def test_a_warm_up_ends_when_steps_have_settled(unreal):
    paced = Paced(*[0.02] * 5, *[0.01] * 5, 0.002)
    found = clock.settle(paced.step, nothing, window=5, bound=10.0)
    assert found.settled
    assert found.steps > 20, "windows of 20, 10, 2 and 2 milliseconds, and more: no warm-up is shorter than a ramp"
    assert 0.3 <= found.seconds < 5
    assert found.step_seconds == pytest.approx(0.002, rel=0.01)


def test_a_warm_up_that_never_settles_ends_by_its_bound(unreal):
    paced = Paced(*(0.002 * 2 ** (n // 4) for n in range(20)), 1.0)
    found = clock.settle(paced.step, nothing, window=4, bound=0.05)
    assert not found.settled
    assert 0.05 <= found.seconds < 1.0


def test_steps_that_are_steady_but_noisy_have_settled():
    generator = np.random.default_rng(0)
    pairs = [np.exp(generator.normal(0, 0.2, (2, 20))) for _ in range(500)]
    alike = np.mean([clock._alike(*pair) for pair in pairs])
    slower = np.mean([clock._alike(older, 2 * newer) for older, newer in pairs])
    assert alike > 0.9
    assert slower < 0.01


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_handicap_lengthens_a_step_by_its_share(unreal, share):
    device = Device(0.02)
    step = clock.handicapped(device.step, device.synchronize, share)
    each = clock.latency(step, nothing, 5)
    assert each == pytest.approx(0.02 * (1 + share), rel=1e-3)
