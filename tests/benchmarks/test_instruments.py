"""What the instrument does to what it measures: nothing that can be resolved, each part on against off.

The trace of losses is in `test_steps`. Counters, memory and energy are read before, after and between clocks, never
inside one; what is left is the process of another contender, asleep beside the one at work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.results.stats import paired_ratio

PARKED = Path(__file__).with_name("parked.py")
ROOT = PARKED.parents[2]
ROUNDS = 12
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

    def work(self) -> float:
        """Have it train; return its seconds per step."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self) -> None:
        """End it."""
        self.process.communicate()


def beside_a_sleeper(backend: str) -> tuple[list[float], list[float]]:
    """Return the seconds per step of `backend` with another contender asleep beside it, and alone, round by round."""
    worker = Worker(backend)
    worker.work()
    beside, alone = [], []
    for turn in range(ROUNDS):
        first = [worker.work()] if turn % 2 else []
        neighbour = Worker(NEIGHBOUR[backend])
        neighbour.work()
        beside.append(worker.work())
        neighbour.end()
        alone.append(first[0] if first else worker.work())
    worker.end()
    return beside, alone


@pytest.mark.parametrize("backend", NEIGHBOUR)
def test_a_contender_asleep_costs_the_one_at_work_nothing(benchmark, backend):
    found = paired_ratio(*benchmark.pedantic(beside_a_sleeper, args=(backend,), rounds=1))
    benchmark.extra_info["beside ÷ alone"] = f"{found.estimate:.4f} ({found.low:.4f} to {found.high:.4f})"
    print(f"\n{backend}: beside a sleeper ÷ alone {found.estimate:.4f} ({found.low:.4f} to {found.high:.4f})")
    assert found.estimate <= 1.02
    assert found.high <= 1.05, "and narrow enough to say so"
