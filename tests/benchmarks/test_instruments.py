"""What the instrument does to what it measures: nothing that can be resolved, each part on against off.

There are two parts that could: the trace of losses, which runs within the step, and the other contenders, whose
processes lie asleep beside the one at work. Counters, memory and energy are read before, after and between clocks,
never inside one. On and off take turns of a tenth of a second: over minutes this machine itself changes by more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bench.results.stats import paired_ratio

PARKED = Path(__file__).with_name("parked.py")
ROOT = PARKED.parents[2]
PROCESSES = 10
"""Where in memory a process's arrays happen to lie moves its speed for as long as it lives: the process is the unit."""
TURNS = 40
NEIGHBOUR = {"tf": "torch", "torch": "tf"}


class Worker:
    """A `parked` process."""

    def __init__(self, backend: str) -> None:
        env = os.environ | {
            "PYTHONPATH": str(ROOT),
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "OMP_NUM_THREADS": "2",
        }
        self.process = subprocess.Popen(
            [sys.executable, str(PARKED), backend],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def work(self, trace: str = "on") -> float:
        """Have it train; return its seconds per step."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{trace}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextmanager
def parked(backend: str) -> Iterator[Worker]:
    """Yield a worker that has trained already; end it."""
    worker = Worker(backend)
    try:
        for trace in ("on", "off", "on", "off"):
            worker.work(trace)
        yield worker
    finally:
        worker.process.kill()
        worker.process.communicate()


def in_turns(on: Callable[[], float], off: Callable[[], float]) -> float:
    """Return the median over the turns of on ÷ off; who goes first changes with each turn."""
    ratios = []
    for turn in range(TURNS):
        if turn % 2:
            without = off()
            ratios.append(on() / without)
        else:
            ratios.append(on() / off())
    return float(np.median(ratios))


def traced(backend: str) -> list[float]:
    """Return the step with the trace ÷ the step without, for each process."""
    found = []
    for _ in range(PROCESSES):
        with parked(backend) as worker:
            found.append(in_turns(lambda: worker.work("on"), lambda: worker.work("off")))
    return found


def beside_a_sleeper(backend: str) -> list[float]:
    """Return the step beside another contender asleep ÷ the step beside one that is stopped, for each process.

    A stopped process takes nothing of the processor, whatever its threads and timers would do; its memory stays where
    it is in both cases.
    """
    found = []
    for _ in range(PROCESSES):
        with parked(backend) as worker, parked(NEIGHBOUR[backend]) as neighbour:

            def after(what: signal.Signals) -> float:
                neighbour.process.send_signal(what)
                return worker.work()

            found.append(in_turns(lambda: after(signal.SIGCONT), lambda: after(signal.SIGSTOP)))
    return found


@pytest.mark.parametrize("instrument", [traced, beside_a_sleeper])
@pytest.mark.parametrize("backend", NEIGHBOUR)
def test_no_instrument_changes_the_step(benchmark, backend, instrument):
    ratios = benchmark.pedantic(instrument, args=(backend,), rounds=1)
    found = paired_ratio(ratios, [1.0] * PROCESSES)
    said = f"{found.estimate:.4f} ({found.low:.4f} to {found.high:.4f})"
    benchmark.extra_info["on ÷ off"] = said
    print(f"\n{backend}, {instrument.__name__}: on ÷ off {said}")
    assert found.high <= 1.03, "and narrow enough to say so"
    assert found.low >= 0.97
