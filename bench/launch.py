"""Starts a child: one contender, one task, one fresh process; reads what it tells, without spending CPU on it."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.results.format import duration
from bench.watch import Watch
from frameworks import rooms
from frameworks.contract import LOG, REQUEST, Request, outcome

WORKER = Path(rooms.__file__).with_name("worker.py")

_running: set[subprocess.Popen[bytes]] = set()

Listener = Callable[[dict[str, Any]], None]
"""Gets ``{"event": "process", "pid": …}`` when the child has been started, and then each thing that it tells:
``{"event": "phase", "name": …}``, ``{"event": "epoch", …}``."""

Take = Callable[[str, float], bool]
"""Waits until a child that asks for a turn has it: (what for, seconds that its clocks of it ran) → whether there is
more of it to be clocked (`bench.relay`)."""


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What a child left behind."""

    status: str
    """``ok``, ``diverged`` or ``failed``."""
    message: str
    values: dict[str, Any] = field(default_factory=dict)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    """User and system time of the child and its own children."""
    usage: dict[str, float] = field(default_factory=dict)
    """What the system counted of the same processes, as in `Trial.usage`."""


def run(request: Request, listen: Listener, take: Take | None = None, *, patience: float = math.inf) -> Outcome:
    """Run `request` in its folder and wait; whatever happens to the child becomes an outcome.

    `take` answers a child that asks for its next turn; tasks without turns need none. A child that tells nothing for
    `patience` seconds, in which it had the machine, has hung and is ended.

    Interrupted, the child is ended before the interrupt goes on.
    """
    folder = Path(request.folder)
    folder.mkdir(parents=True, exist_ok=True)
    outcome(folder).unlink(missing_ok=True)
    path = folder / REQUEST
    path.write_text(json.dumps(request.to_json(), indent=1), encoding="utf-8")
    python = request.settings.get("python") or sys.executable
    begin = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="parallax-") as cache,
        (folder / LOG).open("wb") as log,
        subprocess.Popen(
            [python, "-P", str(WORKER), str(path)],
            env=_environment(request, cache),
            stdin=subprocess.PIPE if take else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # A group of its own: Ctrl-C reaches the parent alone, which then decides what to keep.
            start_new_session=True,
        ) as child,
        Watch(patience, lambda: _end_group(child)) as watch,
    ):
        _running.add(child)
        try:
            listen({"event": "process", "pid": child.pid})
            status, usage = _follow(child, listen, take, watch)
        except BaseException:
            _end(child)
            raise
        finally:
            _running.discard(child)
            _end_group(child)  # helpers of a compiler, which would work into the next trial
    found = Outcome(status="failed", message=_hung(patience)) if watch.hung else _read(folder, status)
    found.wall_seconds, found.cpu_seconds, found.usage = time.perf_counter() - begin, usage["cpu_seconds"], usage
    return found


def stop() -> None:
    """End every child that runs now, for an interrupt that reaches another thread than theirs."""
    for child in list(_running):
        _end_group(child)


def _environment(request: Request, cache: str) -> dict[str, str]:
    """Return the child's environment: threads, determinism and devices are set before anything is imported."""
    given = dict(os.environ)
    if request.settings.get("python"):
        # Another interpreter must not be led to this one's packages.
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            given.pop(name, None)
    threads = str(request.settings["threads"])
    given |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    given |= {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
    if request.settings["device"] == "cpu":
        given["CUDA_VISIBLE_DEVICES"] = "-1"
    return given | rooms.environment(request.backend, request.settings, cache)


def _follow(
    child: subprocess.Popen[bytes], listen: Listener, take: Take | None, watch: Watch
) -> tuple[int, dict[str, float]]:
    """Hand on what the child tells until it ends; return its exit status and its usage.

    The usage has no memory: its high-water mark begins with that of the parent, from whom the child was forked.
    """
    assert child.stdout is not None
    for line in child.stdout:
        watch.heard()
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if not isinstance(told, dict) or "event" not in told:
            continue
        if told["event"] == "turn" and take and child.stdin:
            watch.heard(asleep=True)
            answer = json.dumps({"more": take(told["of"], told["spent"])})
            watch.heard()
            with suppress(BrokenPipeError):  # it died asleep: its status says so
                child.stdin.write(f"{answer}\n".encode())
                child.stdin.flush()
        else:
            listen(told)
    if child.stdin:
        # What a dead child was to be told is still in the buffer, and closing the pipe later would stumble over it.
        with suppress(BrokenPipeError):
            child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, {
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "involuntary_switches": float(usage.ru_nivcsw),
        "major_faults": float(usage.ru_majflt),
    }


def _end(child: subprocess.Popen[bytes]) -> None:
    _end_group(child)
    child.wait()


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _hung(patience: float) -> str:
    return f"told nothing for {duration(patience)} and was ended as hung (measure.timeout allows more, in seconds)"


def _read(folder: Path, status: int) -> Outcome:
    try:
        values = json.loads(outcome(folder).read_text(encoding="utf-8"))
        return Outcome(status=values.pop("status"), message=values.pop("message", ""), values=values)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Outcome(status="failed", message=_died(folder, status))


def _died(folder: Path, status: int) -> str:
    """Say how a child ended that left no outcome."""
    if status < 0:
        how = f"the process was ended by {signal.Signals(-status).name}"
        how += " (out of memory?)" if -status == signal.SIGKILL else ""
    else:
        how = f"the process ended with status {status}"
    log = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"{how}: {log[-1][:300]}" if log else how
