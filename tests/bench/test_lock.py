from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bench import lock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "POLL_SECONDS", 0.02)
    return tmp_path / "parallax.lock"


def holder(path, body="time.sleep(60)", how="measuring('python -m bench model=cnn', print, path)"):
    """Start a process that holds the lock, and return it once it does."""
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from bench import lock
        path = Path({str(path)!r})
        with lock.{how}:
            print("held", flush=True)
            {body}
    """)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_free_machine_is_had_at_once_and_named_while_held(path):
    said = []
    with lock.measuring("python -m bench", said.append, path) as waited:
        assert waited == 0.0
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert said == []
    assert path.read_text() == ""


def test_a_second_run_waits_says_for_whom_and_for_how_long(path):
    process, said = holder(path, "time.sleep(0.6)"), []
    with lock.measuring("mine", said.append, path) as waited:
        assert process.wait(timeout=10) == 0
    assert 0.2 < waited < 10
    assert len(said) == 2
    assert f"process {process.pid} since " in said[0]
    assert said[0].endswith(": python -m bench model=cnn")
    assert said[1].startswith("waited ")


def test_a_killed_holder_releases_the_machine(path):
    process = holder(path)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    assert "model=cnn" in path.read_text()  # it had no chance to tidy up
    with lock.measuring("mine", pytest.fail, path) as waited:
        assert waited == 0.0


def test_children_of_the_holder_do_not_keep_the_lock(path):
    with lock.measuring("mine", pytest.fail, path):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"], close_fds=False)
    try:
        assert (
            "held"
            in subprocess.run(
                [sys.executable, "-c", _try_once(path)], cwd=ROOT, capture_output=True, text=True, timeout=20
            ).stdout
        )
    finally:
        child.kill()
        child.wait()


def _try_once(path):
    return textwrap.dedent(f"""
        from pathlib import Path
        from bench import lock
        with lock.measuring("other", print, Path({str(path)!r})):
            print("held")
    """)


def test_an_interrupt_ends_the_waiting(path, monkeypatch):
    process = holder(path)

    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(lock.time, "sleep", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), lock.measuring("mine", [].append, path):
            pytest.fail("the lock is not to be had")
    finally:
        process.kill()
        process.wait()
    monkeypatch.undo()
    with lock.measuring("mine", [].append, path):
        pass


def test_who_shall_not_wait_goes_on_without(path):
    process = holder(path)
    try:
        with pytest.raises(BlockingIOError), lock.working(pytest.fail, path, wait=False):
            pytest.fail("somebody measures")
    finally:
        process.kill()
        process.wait()
    with lock.working(pytest.fail, path, wait=False) as waited:
        assert waited == 0.0


def test_a_sweep_holds_it_around_its_runs(path):
    with lock.measuring("sweep", pytest.fail, path):
        with lock.measuring("run 1", pytest.fail, path) as waited:
            assert waited == 0.0
        assert "sweep" in path.read_text()
    with lock.measuring("again", pytest.fail, path):
        pass


def test_an_error_inside_releases_it(path):
    with pytest.raises(ZeroDivisionError), lock.measuring("mine", pytest.fail, path):
        raise ZeroDivisionError
    with lock.measuring("mine", pytest.fail, path) as waited:
        assert waited == 0.0


def test_the_file_is_for_all_users_whatever_the_umask(path):
    before = os.umask(0o077)
    try:
        with lock.measuring("mine", pytest.fail, path):
            assert path.stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_what_stands_in_the_file_cannot_drive_the_terminal(path):
    process, said = holder(path, "time.sleep(0.5)"), []
    path.write_text(json.dumps({"pid": 1, "since": "now", "command": "\x1b[2J" + "x" * 1000}))
    with lock.measuring("mine", said.append, path):
        process.wait(timeout=10)
    assert "\x1b" not in said[0]
    assert len(said[0]) < 400
    path.write_text("no json")


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_is_no_plain_file_is_neither_followed_nor_written(path, tmp_path, kind):
    precious, said = tmp_path / "precious", []
    precious.write_text("keep me")
    {
        "link": lambda: path.symlink_to(precious),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[kind]()
    with lock.measuring("mine", said.append, path) as waited:
        assert waited is None
    assert "cannot lock the machine" in said[0]
    assert precious.read_text() == "keep me"


WORKS = "working(print, path)"


def test_those_who_prepare_share_the_machine(path):
    process = holder(path, how=WORKS)
    try:
        with lock.working(pytest.fail, path) as waited:
            assert waited == 0.0
    finally:
        process.kill()
        process.wait()


def test_who_prepares_waits_for_who_measures(path):
    process, said = holder(path, "time.sleep(0.5)"), []
    with lock.working(said.append, path) as waited:
        assert process.wait(timeout=10) == 0
    assert waited > 0
    assert "this machine is measuring for process" in said[0]


def test_who_measures_waits_for_those_who_prepare(path):
    path.write_text(json.dumps({"pid": 1, "since": "then", "command": "killed long ago"}))
    process, said = holder(path, "time.sleep(0.5)", WORKS), []
    with lock.measuring("mine", said.append, path) as waited:
        assert process.wait(timeout=10) == 0
    assert waited > 0
    assert said[0] == "waiting: another run prepares its data or its parity gate"


def test_a_stream_of_those_who_prepare_does_not_keep_out_who_measures(path):
    first = holder(path, "time.sleep(0.6)", WORKS)
    waits = subprocess.Popen([sys.executable, "-u", "-c", _try_once(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert "prepares" in waits.stdout.readline(), "it is in the queue"
    said = []
    with lock.working(said.append, path):  # though the machine is shared at the moment
        assert waits.stdout.read().endswith("held\n"), "it came before"
    assert said
    assert waits.wait(timeout=10) == first.wait(timeout=10) == 0


def test_who_measures_may_prepare_but_not_the_other_way_round(path):
    with lock.measuring("mine", pytest.fail, path), lock.working(pytest.fail, path) as waited:
        assert waited == 0.0
    with lock.working(pytest.fail, path), pytest.raises(RuntimeError), lock.measuring("mine", pytest.fail, path):
        pass


def test_a_folder_belongs_to_one_process_until_that_ends(tmp_path):
    script = "import sys, pathlib; from bench import lock; handle = lock.own(pathlib.Path(sys.argv[1]))\n"
    script += "print('mine', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "mine\n"
    with pytest.raises(BlockingIOError):
        lock.own(tmp_path)
    process.kill()
    process.wait()
    os.close(lock.own(tmp_path))
    os.close(lock.own(tmp_path))
