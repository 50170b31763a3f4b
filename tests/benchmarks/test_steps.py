"""What the harness adds to a training step, where a step is shortest: nothing one can measure, within a bound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.results.stats import paired_ratio

# Where in memory a loop's arrays happen to lie moves its speed by up to 1 %, for as long as its process lives: the
# process is the unit, as a trial is.
PROCESSES = 12
TURNS = 40
BARE = Path(__file__).with_name("bare.py")
ROOT = BARE.parents[2]


def measure(backend: str, trace: bool) -> list[dict[str, float]]:
    """Return the median over the turns of harness ÷ loop by hand, by loop, for each process."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "OMP_NUM_THREADS": "2",
    }
    command = [sys.executable, str(BARE), backend, str(trace).lower(), str(TURNS)]
    found = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        seconds = {name: np.array(each) for name, each in json.loads(done.stdout.splitlines()[-1]).items()}
        harness = seconds.pop("harness")
        found.append({name: float(np.median(harness / each)) for name, each in seconds.items()})
    return found


@pytest.mark.parametrize(
    ("backend", "trace", "bound"), [("tf", True, 1.03), ("torch", True, 1.02), ("torch", False, 1.01)]
)
def test_a_step_in_the_harness_costs_what_it_costs_by_hand(benchmark, backend, trace, bound):
    ratios = benchmark.pedantic(measure, args=(backend, trace), rounds=1)
    intervals = {}
    for loop in ("same", "stripped"):
        found = intervals[loop] = paired_ratio([ratio[loop] for ratio in ratios], [1.0] * PROCESSES)
        benchmark.extra_info[f"harness ÷ {loop}"] = f"{found.estimate:.4f} ({found.low:.4f} to {found.high:.4f})"
        print(f"{backend}, trace {trace}: harness ÷ {loop} loop: {benchmark.extra_info[f'harness ÷ {loop}']}")
    same = intervals["same"]
    assert same.high <= bound, f"{same.estimate:.4f} ({same.low:.4f} to {same.high:.4f})"
