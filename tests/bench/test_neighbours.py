from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench import counters, neighbours, nvidia
from bench.neighbours import Look
from tests.bench.fake_nvml import FakeNVML

BUSY = "import ctypes; ctypes.CDLL(None).prctl(15, b'burner'); print('go', flush=True)\nwhile True: pass"
IDLE = "import time; import ctypes; ctypes.CDLL(None).prctl(15, b'sleeper'); print('go', flush=True); time.sleep(60)"


@pytest.fixture
def programs():
    """Start programs that run until the test ends."""
    started = []

    def start(code):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"go\n"

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.skipif(not counters.counters().cpus, reason="this system does not count CPU time")
def test_who_burns_is_named_and_who_sleeps_is_not(monkeypatch, programs):
    monkeypatch.setattr(neighbours, "LOOK_SECONDS", 0.5)
    for code in (IDLE, BUSY, BUSY, BUSY):
        programs(code)
    found = neighbours.look()
    assert "sleeper" not in found.busiest
    assert found.busiest["burner"] > 0.2, "three of them, added up"
    assert found.share > 0.2 / os.cpu_count()


def stat(folder, number, name, user, system):
    (folder / str(number)).mkdir(exist_ok=True)
    fields = " ".join(["S", *["0"] * 10, str(user), str(system), *["0"] * 9])
    (folder / str(number) / "stat").write_text(f"{number} ({name}) {fields}")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A made-up /proc of two CPUs; what `then` does happens while one looks, which takes a second."""
    now = [0.0]
    monkeypatch.setattr(counters, "PROC", tmp_path)
    monkeypatch.setattr(counters.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(counters.os, "sysconf", lambda _: 100)
    monkeypatch.setattr(neighbours.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(neighbours.time, "process_time", lambda: 0.0)

    def cpus(busy):
        (tmp_path / "stat").write_text(f"cpu0 {busy} 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n")

    def look(then, gpu=None):
        cpus(0)

        def sleep(_):
            now[0] += 1.0
            then(cpus)

        monkeypatch.setattr(neighbours.time, "sleep", sleep)
        return neighbours.look(gpu)

    look.folder = tmp_path
    return look


def test_shares_are_of_the_time_one_looked(machine):
    folder = machine.folder
    for number, name in ((1, "init"), (8, "a (b) c"), (9, "cc1"), (10, "cc1"), (os.getpid(), "python")):
        stat(folder, number, name, 1000, 1000)

    def then(cpus):
        cpus(60)
        stat(folder, 8, "a (b) c", 1020, 1010)
        stat(folder, 9, "cc1", 1020, 1000)
        stat(folder, 10, "cc1", 1000, 1020)
        stat(folder, os.getpid(), "python", 9000, 9000)
        stat(folder, 11, "new", 500, 500)

    found = machine(then)
    assert found.share == pytest.approx(0.3)
    assert found.busiest == pytest.approx({"cc1": 0.4, "a (b) c": 0.3})
    (warning,) = neighbours.warnings(found)
    assert "used 30 % of the CPUs" in warning.message
    assert "cc1 40 % of one, a (b) c 30 % of one" in warning.message


def test_a_load_average_alone_is_no_load(machine):
    found = machine(lambda cpus: cpus(20))
    assert found.share == pytest.approx(0.1)
    assert neighbours.warnings(Look(share=found.share, load=50.0)) == []
    assert neighbours.warnings(Look(share=None, load=50.0)) == []


def test_a_gpu_at_work_is_said(machine):
    fake = FakeNVML()
    for busy, kinds in ((5, []), (40, ["gpu_busy_at_start"])):
        fake.busy = busy
        found = machine(lambda cpus: None, nvidia.Device(fake, 0))
        assert [item.kind for item in neighbours.warnings(found)] == kinds
    assert neighbours.warnings(Look(share=None, load=None, gpu=None)) == []
