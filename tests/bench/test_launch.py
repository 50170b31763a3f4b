from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from bench import launch
from frameworks.contract import Request

CHILD = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
request = json.loads(Path(sys.argv[1]).read_text())
folder = Path(request["folder"])
def tell(**values):
    print(json.dumps(values), flush=True)
def leave(**values):
    (folder / "outcome.json").write_text(json.dumps(values))
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Run a child that does what `code` says; return (outcome, what it told)."""

    def run(code, listen=None, take=None, patience=float("inf"), **settings):
        worker = tmp_path / "worker.py"
        worker.write_text(CHILD + code)
        monkeypatch.setattr(launch, "WORKER", worker)
        settings = {"python": None, "threads": 3, "device": "cpu"} | settings
        folder = str(tmp_path / "place")
        request = Request(task="trial", contender="torch", backend="torch", settings=settings, folder=folder)
        told = []
        return launch.run(request, listen or told.append, take, patience=patience), told

    return run


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_what_a_child_leaves_and_tells(start, tmp_path):
    outcome, told = start(
        "tell(event='phase', name='import')\n"
        "print('no JSON'); print('[1, 2]'); print('7'); print('{\"a\": 1}')\n"
        "tell(event='epoch', done=1)\n"
        "print('to the log', file=sys.stderr)\n"
        "leave(status='diverged', message='at step 3', phases={'import': 1.5}, loss=float('nan'))\n"
    )
    assert (outcome.status, outcome.message) == ("diverged", "at step 3")
    assert outcome.values["phases"] == {"import": 1.5}
    started, *rest = told
    assert (started["event"], started["pid"] > 0) == ("process", True)
    assert rest == [{"event": "phase", "name": "import"}, {"event": "epoch", "done": 1}]
    assert (tmp_path / "place" / "log.txt").read_text() == "to the log\n"
    assert json.loads((tmp_path / "place" / "request.json").read_text())["contender"] == "torch"
    assert outcome.wall_seconds > 0


def test_the_cpu_of_the_child_and_its_own_children_is_counted(start):
    burn = "end = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
    outcome, _ = start(
        f"subprocess.run([sys.executable, '-c', {'import time' + chr(10) + burn!r}])\nleave(status='ok')"
    )
    assert outcome.cpu_seconds > 0.4
    assert outcome.usage["cpu_seconds"] == outcome.cpu_seconds
    assert outcome.usage.keys() == {"cpu_seconds", "involuntary_switches", "major_faults"}


def test_a_child_that_shares_its_cpu_is_interrupted_and_one_that_sleeps_is_not(start):
    burn = "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
    one_cpu = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    rival = f"other = subprocess.Popen([sys.executable, '-c', {'import time' + chr(10) + burn!r}])\n"
    shared, _ = start(one_cpu + rival + burn + "other.wait()\nleave(status='ok')")
    alone, _ = start("time.sleep(0.3)\nleave(status='ok')")
    # Two that share a CPU take turns every few milliseconds: 0.6 s of them have far more turns than a start has.
    assert shared.usage["involuntary_switches"] > 30 + alone.usage["involuntary_switches"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("sys.exit(3)", "the process ended with status 3"),
        ("raise KeyError('what')", "the process ended with status 1: KeyError: 'what'"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "the process ended by SIGKILL (out of memory?)"),
        ("print('bad', file=sys.stderr); os.abort()", "the process was ended by SIGABRT: bad"),
        ("(folder / 'outcome.json').write_text('{\"status\": ')", "the process ended with status 0"),
        ("(folder / 'outcome.json').write_text('[]')", "the process ended with status 0"),
        ("leave(message='no status')", "the process ended with status 0"),
    ],
)
def test_a_child_that_leaves_no_outcome_failed(start, code, message):
    outcome, _ = start(code)
    assert outcome.status == "failed"
    assert outcome.message.replace("was ended by SIGKILL", "ended by SIGKILL") == message
    assert outcome.values == {}


def test_an_outcome_of_earlier_is_not_taken_for_this_one(start):
    assert start("leave(status='ok')")[0].status == "ok"
    assert start("sys.exit(1)")[0].status == "failed"


def environment(start, **settings):
    outcome, _ = start("leave(status='ok', env=dict(os.environ), flags=sys.flags.safe_path)", **settings)
    assert outcome.values["flags"]
    return outcome.values["env"]


def test_threads_devices_and_determinism_are_set_before_anything_is_imported(start, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    found = environment(start)
    threads = {found[f"{name}_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS")}
    assert (threads, found["CUDA_VISIBLE_DEVICES"], found["PYTHONHASHSEED"]) == ({"3"}, "-1", "0")
    assert found["PYTHONPATH"] == "somewhere"
    assert environment(start, device="gpu")["CUDA_VISIBLE_DEVICES"] == "0"


def test_another_interpreter_is_not_led_to_this_ones_packages(start, monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "")
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & set(environment(start, python=sys.executable))


def test_the_compilers_cache_is_empty_in_every_trial_and_gone_afterwards(start):
    code = (
        "cache = Path(os.environ['TORCHINDUCTOR_CACHE_DIR'])\nleave(status='ok', cache=str(cache), was=cache.exists())"
    )
    (one, _), (other, _) = start(code), start(code)
    assert one.values["cache"] != other.values["cache"]
    assert not one.values["was"]
    assert not Path(one.values["cache"]).parent.exists()


HANGS = "other = subprocess.Popen(['sleep', '60'])\ntell(event='pids', pids=[os.getpid(), other.pid])\n"


def test_an_interrupt_ends_the_child_and_its_own_children(start):
    pids = []

    def listen(told):
        if told["event"] == "process":
            return
        pids.extend(told["pids"])
        threading.Timer(0.2, os.kill, args=(os.getpid(), signal.SIGINT)).start()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        start(HANGS + "time.sleep(60)", listen)
    assert time.monotonic() - began < 20
    assert len(pids) == 2
    assert wait_for(lambda: all(map(gone, pids)))
    assert not launch._running


def test_children_can_be_stopped_from_another_thread(start):
    outcome, _ = start(HANGS + "time.sleep(60)", lambda told: told["event"] == "pids" and launch.stop())
    assert (outcome.status, "SIGKILL" in outcome.message) == ("failed", True)


def test_what_a_child_leaves_running_does_not_reach_into_the_next_trial(start):
    outcome, told = start(HANGS.replace("'60']", "'60'], stdout=2") + "leave(status='ok')")
    assert outcome.status == "ok"
    assert wait_for(lambda: gone(told[1]["pids"][1]))


def test_a_listener_that_fails_is_heard_and_the_child_ended(start):
    def listen(told):
        raise ValueError("a fault of our own")

    with pytest.raises(ValueError, match="our own"):
        start(HANGS + "time.sleep(60)", listen)
    assert not launch._running


def test_waiting_takes_no_cpu(start):
    def spent():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    before = spent()
    outcome, _ = start("time.sleep(1)\nleave(status='ok')")
    assert outcome.wall_seconds > 1
    assert spent() - before < 0.15


def test_a_child_is_in_a_group_of_its_own_and_reads_no_input(start):
    outcome, _ = start("leave(status='ok', group=os.getpgid(0), input=sys.stdin.read())")
    assert outcome.values["group"] != os.getpgid(0)
    assert outcome.values["input"] == ""


TURNS = """
tell(event='turn', of='compute', spent=0.0)
first = json.loads(sys.stdin.readline())['more']
tell(event='turn', of='compute', spent=0.5)
leave(status='ok', more=[first, json.loads(sys.stdin.readline())['more']])
"""


def test_a_child_that_asks_for_turns_is_answered(start):
    asked = []

    def take(of, spent):
        asked.append((of, spent))
        return len(asked) < 2

    outcome, told = start(TURNS, take=take)
    assert asked == [("compute", 0.0), ("compute", 0.5)]
    assert outcome.values == {"more": [True, False]}
    assert [item["event"] for item in told] == ["process"], "turns are between the two of them"


def test_a_child_that_dies_asleep_has_failed_and_nothing_else_happens(start):
    def take(of, spent):
        time.sleep(0.5)  # it is gone by now
        return True

    outcome, _ = start("tell(event='turn', of='compute', spent=0.0)\nos.kill(os.getpid(), signal.SIGKILL)\n", take=take)
    assert outcome.status == "failed"
    assert "SIGKILL" in outcome.message


def test_a_child_that_hangs_is_ended_with_its_own_children_and_says_what_was_asked_of_it(start):
    outcome, told = start(HANGS + "tell(event='phase', name='train')\ntime.sleep(60)", patience=1.0)
    assert outcome.status == "failed"
    assert outcome.message == "told nothing for 1 s and was ended as hung (measure.timeout allows more, in seconds)"
    assert wait_for(lambda: all(map(gone, told[1]["pids"])))


def test_a_child_that_waits_for_its_turn_does_not_hang(start):
    def take(of, spent):
        time.sleep(0.8)
        return True

    assert start(TURNS, take=take, patience=0.5)[0].status == "ok"


def test_a_child_that_gives_signs_of_life_does_not_hang(start):
    outcome, _ = start(
        "for n in range(8): tell(event='epoch', done=n); time.sleep(0.2)\nleave(status='ok')", patience=1.0
    )
    assert outcome.status == "ok"


def test_a_child_without_enough_memory_has_failed(start):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))\n"
    outcome, _ = start(limit + "block = bytearray(2**30)\nleave(status='ok')")
    assert (outcome.status, outcome.message) == ("failed", "the process ended with status 1: MemoryError")


def test_a_child_whose_disk_is_full_has_failed(start):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    outcome, _ = start(limit + "leave(status='ok', much='x' * 5000)")
    assert outcome.status == "failed"
    assert "File too large" in outcome.message


def test_no_child_outlives_its_parent_however_that_ends(tmp_path):
    child = "import os, time; from frameworks import worker; worker.end_with_parent()\n"
    child += "print(os.getpid(), flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    root = str(Path(launch.__file__).parents[1])
    running = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=root)
    pid = int(running.stdout.readline())
    running.kill()
    running.wait()
    assert wait_for(lambda: gone(pid))
