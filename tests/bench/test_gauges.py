from __future__ import annotations

import os

import pytest

from bench import gauges, nvidia
from bench.gauges import Board, Gauge
from tests.bench.fake_nvml import MIB, FakeNVML


@pytest.fixture
def fake(monkeypatch):
    driver = FakeNVML()
    monkeypatch.setattr(nvidia, "library", lambda: driver)
    return driver


@pytest.fixture
def clock(monkeypatch):
    """Moments that a test sets."""
    now = [100.0]
    monkeypatch.setattr(gauges.time, "monotonic", lambda: now[0])
    return now


def phase(name):
    return {"event": "phase", "name": name}


def run(gauge, fake, clock, *steps):
    """Begin phases, each with the memory, energy and moment there are by then."""
    for name, used, joules, moment in steps:
        fake.used, fake.millijoules, clock[0] = used, None if joules is None else joules * 1000, moment
        gauge(phase(name))


TRAINING = (
    ("import", 0, 50, 100),
    ("train", 700 * MIB, 100, 110),
    ("evaluate", 500 * MIB, 400, 113),
    ("predict", 600 * MIB, 999, 114),
)


def test_memory_is_the_most_that_was_seen_less_what_was_there_before(fake, clock):
    fake.used = 100 * MIB
    gauge = Gauge(lambda _: None, Board(nvidia.chosen({})))
    assert gauge.device_bytes() is None, "no phase was told"
    run(gauge, fake, clock, *TRAINING)
    assert gauge.device_bytes() == 600 * MIB


def test_energy_is_that_from_the_beginning_of_training_to_the_next_phase(fake, clock):
    gauge = Gauge(lambda _: None, Board(nvidia.chosen({})))
    run(gauge, fake, clock, *TRAINING[:2])
    assert gauge.energy_joules() is None, "training did not end"
    run(gauge, fake, clock, *TRAINING[2:], ("save", 0, 9000, 300))
    assert gauge.energy_joules() == 300.0


@pytest.mark.parametrize(
    ("end", "joules"), [((400, 111.9), None), ((100, 113), None), ((None, 113), None), ((400, 112), 300.0)]
)
def test_energy_that_the_counter_cannot_tell_is_none(fake, clock, end, joules):
    gauge = Gauge(lambda _: None, Board(nvidia.chosen({})))
    run(gauge, fake, clock, ("train", 0, 100, 110), ("evaluate", 0, *end))
    assert gauge.energy_joules() == joules


def test_flags_are_collected_over_the_readings(fake):
    gauge = Gauge(lambda _: None, Board(nvidia.chosen({})))
    for mask in (0x04, 0x01, 0x40):
        fake.mask = mask
        gauge(phase("latency"))
    assert gauge.reasons() == {"power", "heat"}


def test_without_a_gpu_nothing_is_asked_and_all_is_handed_on(fake):
    told = []
    gauge = Gauge(told.append, None)
    events = [{"event": "process", "pid": 1}, phase("train"), {"event": "epoch", "done": 1}]
    for event in events:
        gauge(event)
    assert told == events
    assert fake.calls == []
    assert (gauge.device_bytes(), gauge.energy_joules(), gauge.reasons()) == (None, None, frozenset())


def test_page_faults_are_counted_to_the_end_of_the_first_step(monkeypatch, tmp_path):
    monkeypatch.setattr(gauges, "PROC", tmp_path)
    (tmp_path / "77").mkdir()
    stat = "77 (a (b) c) R 1 2 3 4 5 6 {minor} 0 {major} {children} 9 9"
    gauge = Gauge(lambda _: None, None)
    gauge({"event": "process", "pid": 77})
    for major, name in ((1, "import"), (4, "first_step"), (20, "warmup"), (30, "first_step"), (40, "latency")):
        (tmp_path / "77" / "stat").write_text(stat.format(minor=5, major=major, children=100))
        gauge(phase(name))
    assert gauge.faults_at_first() == 120
    gone = Gauge(lambda _: None, None)
    gone({"event": "process", "pid": 78})
    gone(phase("first_step"))
    gone(phase("warmup"))
    assert gone.faults_at_first() is None


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system counts no page faults")  # noqa: PTH110
def test_the_kernels_own_numbers_are_read():
    assert gauges._major_faults(os.getpid()) >= 0


def test_of_children_that_take_turns_each_holds_what_grew_in_its_own(fake, clock):
    def grow(mib, joules=0, seconds=0.0):
        fake.used += mib * MIB
        fake.millijoules += joules * 1000
        clock[0] += seconds

    board = Board(nvidia.chosen({}))
    one, other = Gauge(lambda _: None, board), Gauge(lambda _: None, board)

    def others_turn(*work):
        def take(of, spent):
            grow(*work)
            return True

        return take

    one(phase("import"))
    grow(300)

    def import_of_the_other(of, spent):
        other(phase("import"))
        grow(50)
        assert other.turn(others_turn(0), "compute", 0.0)
        return True

    assert one.turn(import_of_the_other, "compute", 0.0)
    asked = len(fake.calls)
    assert one.turn(others_turn(0), "compute", 0.1)
    assert len(fake.calls) == asked, "turns of milliseconds are not read"
    one(phase("train"))
    grow(100, joules=40, seconds=3.0)
    assert one.turn(others_turn(20, 1000, 10.0), "epoch", 0.0)
    grow(0, joules=60, seconds=2.0)
    one(phase("evaluate"))
    assert (one.device_bytes(), other.device_bytes()) == (400 * MIB, 50 * MIB)
    assert one.energy_joules() == 100.0, "of its own turns alone"
    fake.used -= 400 * MIB
    one.end()
    other(phase("predict"))
    assert other.device_bytes() == 50 * MIB


def test_turns_that_are_too_short_for_the_counter_have_no_energy(fake, clock):
    gauge = Gauge(lambda _: None, Board(nvidia.chosen({})))
    gauge(phase("train"))
    for _ in range(3):
        fake.millijoules, clock[0] = fake.millijoules + 50_000, clock[0] + 1.9
        gauge.turn(lambda of, spent: True, "epoch", 0.0)
    clock[0] += 1.9
    gauge(phase("evaluate"))
    assert gauge.energy_joules() is None
