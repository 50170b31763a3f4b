"""What the harness adds to a training step, where a step is shortest: nothing one can measure, within a bound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.results.stats import paired_ratio

PAIRS = 60
BARE = Path(__file__).with_name("bare.py")
ROOT = BARE.parents[2]


def measure(backend: str, trace: bool) -> dict[str, list[float]]:
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "OMP_NUM_THREADS": "2",
    }
    command = [sys.executable, str(BARE), backend, str(trace).lower(), str(PAIRS)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("backend", "trace", "bound"), [("tf", True, 1.03), ("torch", True, 1.02), ("torch", False, 1.01)]
)
def test_a_step_in_the_harness_costs_what_it_costs_by_hand(benchmark, backend, trace, bound):
    seconds = benchmark.pedantic(measure, args=(backend, trace), rounds=1)
    for loop in ("same", "stripped"):
        found = paired_ratio(seconds["harness"], seconds[loop])
        benchmark.extra_info[f"harness ÷ {loop}"] = f"{found.estimate:.4f} ({found.low:.4f} to {found.high:.4f})"
        print(f"{backend}, trace {trace}: harness ÷ {loop} loop: {benchmark.extra_info[f'harness ÷ {loop}']}")
    same = paired_ratio(seconds["harness"], seconds["same"])
    assert same.high <= bound, f"{same.estimate:.4f} ({same.low:.4f} to {same.high:.4f})"
