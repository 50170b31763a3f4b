"""The instruments are calibrated: what burns CPU beside a trial is seen, what the trial itself burns is not."""

from __future__ import annotations

import dataclasses
import resource
import subprocess
import sys
import time

import pytest

from bench import counters as reading
from bench import noise
from bench.results import stats
from bench.results.attained import Unequal
from bench.results.schema import Dataset, Trial

BURN = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"


def quiet(**more):
    return reading.Counters(cpus=2, **more)


def kinds(warnings):
    return [warning.kind for warning in warnings]


def trial_of(after, *, cpu=0.0, wall=10.0):
    return noise.between(quiet(), after, cpu, wall, "torch", 1)


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.skipif(not reading.counters().cpus, reason="this system does not count CPU time")
def test_a_process_that_burns_cpu_is_other_load_unless_it_is_the_trial():
    before, children, began = reading.counters(), children_seconds(), time.monotonic()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    wall, own, after = time.monotonic() - began, children_seconds() - children, reading.counters()
    found = noise.between(before, after, 0.0, wall, "torch", 0)
    assert "other_load" in kinds(found)
    assert "other processes used" in found[0].message
    share = (after.busy_seconds - before.busy_seconds) / (wall * after.cpus)
    rest = share - own / (wall * after.cpus)
    assert own >= 0.6
    assert rest < share
    counted_as_own = noise.between(before, after, own, wall, "torch", 0)
    assert ("other_load" in kinds(counted_as_own)) == (rest > noise.OTHER_LOAD)


def test_the_share_is_of_the_cpus_time_without_the_trials_own():
    assert trial_of(quiet(busy_seconds=10.5), cpu=10.0) == []
    (found,) = trial_of(quiet(busy_seconds=14.0), cpu=10.0)
    assert found.kind == "other_load"
    assert found.message == "torch, repeat 2: other processes used 20 % of the CPU time"
    assert found.contender == "torch"


def test_each_counter_has_its_warning_and_its_threshold():
    assert kinds(trial_of(quiet(steal_seconds=0.5))) == ["steal"]
    assert trial_of(quiet(steal_seconds=0.1)) == []
    assert kinds(trial_of(quiet(throttled_seconds=0.2))) == ["throttled"]
    assert trial_of(quiet(throttled_seconds=0.05)) == []
    assert kinds(trial_of(quiet(pages_out=512))) == ["swapping"]
    assert "2 MiB" in trial_of(quiet(pages_out=512))[0].message
    assert trial_of(quiet(pages_out=10)) == []
    assert kinds(trial_of(quiet(hot=1))) == ["hot"]


def test_nothing_is_said_where_the_system_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(reading, "PROC", tmp_path)
    monkeypatch.setattr(reading, "CPUS", tmp_path)
    monkeypatch.setattr(reading.cgroup, "SELF", tmp_path / "cgroup")
    assert reading.counters() == reading.Counters()
    assert noise.between(reading.counters(), reading.counters(), 5.0, 1.0, "torch", 0) == []


def test_counters_read_the_cpus_of_this_process_alone(monkeypatch, tmp_path):
    (tmp_path / "stat").write_text(
        "cpu  900 0 0 0 0 0 0 0 0 0\ncpu0 100 10 20 999 999 3 4 50 100 0\ncpu1 800 0 0 0 0 0 0 0 0 0\nintr 5\n"
    )
    (tmp_path / "vmstat").write_text("pswpin 1\npswpout 42\n")
    heat = tmp_path / "cpu0" / "thermal_throttle"
    heat.mkdir(parents=True)
    (heat / "core_throttle_count").write_text("3\n")
    monkeypatch.setattr(reading, "PROC", tmp_path)
    monkeypatch.setattr(reading, "CPUS", tmp_path)
    monkeypatch.setattr(reading.os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(reading.os, "sysconf", lambda _: 100)
    found = reading.counters()
    # User time contains the time of guests already; waiting for a disk is not work.
    assert (found.busy_seconds, found.steal_seconds, found.cpus) == (1.37, 0.5, 1)
    assert (found.pages_out, found.hot) == (42, 3)


def test_advice_knows_what_the_user_set():
    threads = {"tf": 2, "torch": 1}
    assert "runtime.threads=1" in noise.unequal_threads(threads, {}).advice
    own = {"runtime": {"threads": 2}, "frameworks": {"tf": {"threads": 2}, "torch": {"threads": 1}}}
    assert noise.unequal_threads(threads, own).advice == "leave out frameworks.torch.threads for equal threads"
    pinned = {"runtime": {"threads": 2}, "frameworks": {"tf": {"threads": 2}, "torch": {"threads": 2}}}
    assert "runtime.threads=" not in noise.unequal_threads(threads, pinned).advice


MADE_UP = Dataset(
    name="mnist",
    title="",
    source="",
    synthetic=True,
    input_shape=[],
    classes=[],
    note="synthetic stand-in: it says nothing",
)


def test_what_is_a_stand_in_for_nothing_has_no_real_files():
    assert noise.synthetic_data(MADE_UP).message == MADE_UP.note
    assert "dataset.root=DIR" in noise.synthetic_data(MADE_UP).advice
    own = dataclasses.replace(MADE_UP, name="synthetic", note="synthetic samples: of their own")
    assert noise.synthetic_data(own).message == own.note
    assert "root" not in noise.synthetic_data(own).advice


UNEQUAL = Unequal(
    slower="torch",
    faster="tf",
    rates=(2.15e11, 4.52e11),
    ratio=stats.paired_ratio([2.15, 2.15], [4.52, 4.52]),
    saving=0.433,
)


def test_the_library_is_named_where_it_is_known_to_be_slow():
    message, advice = (getattr(noise.unequal_blas(UNEQUAL, "AuthenticAMD", mkl=True), key) for key in WORDS)
    assert "torch multiplies large matrices at 215 GFLOP/s, tf at 452 GFLOP/s on this AMD processor" in message
    assert "might take about 43 % less" in message
    assert message.endswith("torch is built with Intel's MKL, which takes a slower path on AMD processors")
    assert "processor of another vendor" in advice
    for vendor, mkl in (("GenuineIntel", True), ("AuthenticAMD", False), (None, True)):
        message, advice = (getattr(noise.unequal_blas(UNEQUAL, vendor, mkl=mkl), key) for key in WORDS)
        assert "MKL" not in message + advice
        assert "vendor" not in advice
    assert "this" not in noise.unequal_blas(UNEQUAL).message


WORDS = ("message", "advice")


def test_every_kind_is_worded_once():
    trial = Trial(contender="tf", repeat=2, seed=2, status="diverged", message="loss became NaN at step 7")
    worded = [
        noise.single_repeat(),
        noise.few_repeats(3),
        noise.other_load("tf", 0, 0.2),
        noise.swapping("tf", 0, 300),
        noise.throttled("tf", 0, 1.0),
        noise.hot("tf", 0, 1),
        noise.steal("tf", 0, 0.1),
        noise.drift("tf", -0.2, alike=True),
        noise.outliers("tf", 5.0),
        noise.unequal_threads({"tf": 1, "torch": 2}, {}),
        noise.synthetic_data(MADE_UP),
        noise.uncertified("torch", "tf"),
        noise.diverged(trial, 0.5),
        noise.same_padding(["layers[3].conv2d"]),
        noise.collapse("tf", 2.04),
        noise.retraces("tf", 0, 2),
        noise.unequal_blas(UNEQUAL),
    ]
    assert sorted(kinds(worded)) == sorted(noise.Kind)
    assert all(warning.message and warning.advice for warning in worded)
    assert "steps became 20 % faster" in worded[7].message
    assert worded[12].message == "tf, repeat 3: diverged; loss became NaN at step 7"
    assert "(now 0.5)" in worded[12].advice
    assert "layers[3].conv2d" in worded[13].message
    assert worded[14].message == (
        "tf: steps in a row took 2.0 times as long as steps waited for: its threads fight with other load; "
        "the time per step is not meaningful"
    )
    assert worded[15].message == (
        "tf, repeat 1: the training step was traced or compiled again 2 times inside the training"
    )


def test_nobody_is_told_to_do_what_they_did():
    assert "runtime.threads below" in noise.collapse("tf", 2.0, 4, 4).advice
    assert noise.collapse("tf", 2.0, 2, 4).advice == "close other programs"
    assert noise.collapse("tf", 2.0, 1, 1).advice == "close other programs"
    assert "train.drop_last=true" in noise.retraces("tf", 0, 1).advice
    assert "drop_last" not in noise.retraces("tf", 0, 1, drop_last=True).advice


def test_only_what_slows_all_alike_cancels():
    assert "cancels" in noise.drift("tf", 0.2, alike=True).advice
    moved = noise.drift("tf", 0.2, alike=False).advice
    assert "cancels" not in moved
    assert "measure.repeats" in moved
    assert "suffer differently" in noise.other_load("tf", 0, 0.2).advice
    assert "widens" not in noise.other_load("tf", 0, 0.2).advice
