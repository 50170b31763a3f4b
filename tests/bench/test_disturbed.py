"""The instruments are calibrated: what burns CPU beside a trial is seen, what the trial itself burns is not."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import pytest

from bench import counters as reading
from bench import disturbed, nvidia
from bench.disturbed import Spent
from tests.bench.fake_nvml import MIB, FakeNVML, process

BURN = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"


def quiet(**more):
    return reading.Counters(cpus=2, **more)


def kinds(warnings):
    return [warning.kind for warning in warnings]


def trial_of(after, *, before=None, wall=10.0, **spent):
    return disturbed.between(before or quiet(), after, Spent(wall_seconds=wall, **spent), "torch", 1)


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.skipif(not reading.counters().cpus, reason="this system does not count CPU time")
def test_a_process_that_burns_cpu_is_other_load_unless_it_is_the_trial():
    before, children, began = reading.counters(), children_seconds(), time.monotonic()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    wall, own, after = time.monotonic() - began, children_seconds() - children, reading.counters()
    found = disturbed.between(before, after, Spent(wall_seconds=wall), "torch", 0)
    assert "other_load" in kinds(found)
    assert "other processes used" in found[0].message
    share = (after.busy_seconds - before.busy_seconds) / (wall * after.cpus)
    rest = share - own / (wall * after.cpus)
    assert own >= 0.6
    assert rest < share
    counted_as_own = disturbed.between(before, after, Spent(wall_seconds=wall, cpu_seconds=own), "torch", 0)
    assert ("other_load" in kinds(counted_as_own)) == (rest > disturbed.OTHER_LOAD)


def test_the_share_is_of_the_cpus_time_without_the_trials_own():
    assert trial_of(quiet(busy_seconds=10.5), cpu_seconds=10.0) == []
    (found,) = trial_of(quiet(busy_seconds=14.0), cpu_seconds=10.0)
    assert found.kind == "other_load"
    assert found.message == "torch, repeat 2: other processes used 20 % of the CPU time"
    assert found.contender == "torch"


def test_each_counter_has_its_warning_and_its_threshold():
    assert kinds(trial_of(quiet(throttled_seconds=0.2))) == ["throttled"]
    assert trial_of(quiet(throttled_seconds=0.05)) == []
    assert kinds(trial_of(quiet(pages_out=512))) == ["swapping"]
    assert "2 MiB" in trial_of(quiet(pages_out=512))[0].message
    assert trial_of(quiet(pages_out=10)) == []
    assert kinds(trial_of(quiet(hot=1))) == ["hot"]
    assert kinds(trial_of(quiet(), late_faults=101)) == ["page_faults"]
    assert trial_of(quiet(), late_faults=99) == []


def test_what_the_host_took_is_a_share_of_what_was_wanted_and_no_load_of_others():
    for busy, kind in ((40.0, []), (10.0, ["steal"])):
        found = trial_of(quiet(busy_seconds=busy, steal_seconds=0.2), cpu_seconds=busy, wall=20.0)
        assert kinds(found) == kind
    assert "took 2.0 % of the CPU time" in found[0].message


def test_waiting_for_a_cpu_that_nobody_else_uses_is_a_crowd_of_ones_own():
    def after(share, others=0.0):
        return quiet(waiting_seconds=10 * share, busy_seconds=20 + others)

    before = quiet(waiting_seconds=0.0)
    crowd = trial_of(after(0.9), before=before, cpu_seconds=20.0, threads=4)
    assert kinds(crowd) == ["crowded"]
    assert "runtime.threads=2" in crowd[0].advice
    assert trial_of(after(0.2), before=before, cpu_seconds=20.0) == []
    assert trial_of(after(0.9), cpu_seconds=20.0) == [], "not counted before, so not counted"
    assert kinds(trial_of(after(0.9, others=5.0), before=before, cpu_seconds=20.0)) == ["other_load"]


def test_nothing_is_said_where_the_system_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(reading, "PROC", tmp_path)
    monkeypatch.setattr(reading, "CPUS", tmp_path)
    monkeypatch.setattr(reading.cgroup, "SELF", tmp_path / "cgroup")
    assert reading.counters() == reading.Counters()
    spent = Spent(wall_seconds=1.0, cpu_seconds=5.0)
    assert disturbed.between(reading.counters(), reading.counters(), spent, "torch", 0) == []


def test_counters_read_the_cpus_of_this_process_alone(monkeypatch, tmp_path):
    (tmp_path / "stat").write_text(
        "cpu  900 0 0 0 0 0 0 0 0 0\ncpu0 100 10 20 999 999 3 4 50 100 0\ncpu1 800 0 0 0 0 0 0 0 0 0\nintr 5\n"
    )
    (tmp_path / "vmstat").write_text("pswpin 1\npswpout 42\n")
    heat = tmp_path / "cpu0" / "thermal_throttle"
    heat.mkdir(parents=True)
    (heat / "core_throttle_count").write_text("3\n")
    (tmp_path / "pressure").mkdir()
    some = "some avg10=34.16 avg60=16.83 avg300=5.88 total=1930013714"
    (tmp_path / "pressure" / "cpu").write_text(f"{some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n")
    monkeypatch.setattr(reading, "PROC", tmp_path)
    monkeypatch.setattr(reading, "CPUS", tmp_path)
    monkeypatch.setattr(reading.os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(reading.os, "sysconf", lambda _: 100)
    found = reading.counters()
    # User time contains the time of guests already; waiting for a disk is not work.
    assert (found.busy_seconds, found.steal_seconds, found.cpus) == (1.37, 0.5, 1)
    assert (found.pages_out, found.hot) == (42, 3)
    assert found.waiting_seconds == 1930.013714


def gpu(monkeypatch, before, after, **spent):
    """Return the warnings about a GPU whose driver says `before`, then `after`: attributes of `FakeNVML`."""
    fake, read = FakeNVML(), []
    monkeypatch.setattr(nvidia, "library", lambda: fake)
    for values in (before, after):
        for name, value in values.items():
            setattr(fake, name, value)
        read.append(quiet(gpu=nvidia.chosen({}).reading()))
    return trial_of(read[1], before=read[0], **spent)


def test_other_processes_on_the_gpu_each_once(monkeypatch):
    assert gpu(monkeypatch, {}, {}) == []
    (found,) = gpu(monkeypatch, {"processes": [process(7, None)]}, {"processes": [process(7, 5), process(9, 5)]})
    assert found.kind == "gpu_shared"
    assert "2 other processes on the GPU (number 7, 9)" in found.message
    (hidden,) = gpu(monkeypatch, {"processes": [], "used": 300 * MIB}, {})
    assert "300 MiB" in hidden.message
    assert gpu(monkeypatch, {"processes": None, "used": 300 * MIB}, {"used": 10 * MIB}) == [], "left by then"


def test_clocks_that_were_held_down_by_counter_and_else_by_flag(monkeypatch):
    held = {0: 5_000_000_000, 1: 0}
    assert gpu(monkeypatch, {"held": held}, {"held": {0: 5_050_000_000, 1: 0}}) == [], "0.5 % of the time"
    (found,) = gpu(monkeypatch, {"held": held}, {"held": {0: 7_000_000_000, 1: 0}}, reasons=frozenset({"hardware"}))
    assert (found.kind, "by its power limit for 2.00 s" in found.message) == ("gpu_slowed", True)
    assert "hardware" not in found.message, "said by the counter already"
    seen = gpu(monkeypatch, {"held": {0: 0}}, {}, reasons=frozenset({"heat", "power"}))
    assert [item.message.partition("down ")[2] for item in seen] == ["by heat"], "the counter of power stood still"


def test_late_faults_are_those_after_the_first_step():
    assert disturbed.late_faults({"major_faults": 120.0}, 100) == 20
    assert disturbed.late_faults({"major_faults": 120.0}, None) is None
    assert disturbed.late_faults({}, 100) is None
