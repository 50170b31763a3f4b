"""What an optimizer costs that is not the framework's own: whole training steps, ours over stock, paired."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.results.stats import paired_ratio

PROCESSES, TURNS = 8, 40
CHILD = Path(__file__).with_name("optimizers.py")


def measure(backend: str) -> dict[str, list[float]]:
    """Return the median over the turns of ours ÷ stock of each process, by case."""
    env = os.environ | {
        "PYTHONPATH": str(CHILD.parents[2]),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "OMP_NUM_THREADS": "2",
    }
    found: dict[str, list[float]] = {}
    for _ in range(PROCESSES):
        command = [sys.executable, str(CHILD), backend, str(TURNS)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        for case, seconds in json.loads(done.stdout.splitlines()[-1]).items():
            ratios = np.array(seconds["ours"]) / np.array(seconds["stock"])
            found.setdefault(case, []).append(float(np.median(ratios)))
    return found


@pytest.mark.parametrize("backend", ["tf", "torch"])
def test_an_adapted_optimizer_costs_no_more_than_the_stock_one(benchmark, backend):
    ratios = benchmark.pedantic(measure, args=(backend,), rounds=1)
    intervals = {case: paired_ratio(each, [1.0] * PROCESSES) for case, each in ratios.items()}
    for case, interval in intervals.items():
        told = f"{interval.estimate:.4f} ({interval.low:.4f} to {interval.high:.4f})"
        benchmark.extra_info[f"{case}: ours ÷ stock"] = told
        print(f"{backend}, {case}: ours ÷ stock {told}")
    dear = {case: interval for case, interval in intervals.items() if interval.low > 1.05}
    assert not dear, dear
