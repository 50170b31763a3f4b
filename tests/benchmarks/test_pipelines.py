"""What the harness's input pipelines deliver beside the best that were written by hand, and how soon after opening."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.results.stats import paired_ratio

PROCESSES, TURNS = 6, 20
PIPELINES = Path(__file__).with_name("pipelines.py")
ROOT = PIPELINES.parents[2]


NOT_FOR_FIT = {"tf": {"eager", "numpy", "cut"}, "torch": set()}
"""Loops by hand without tf.data, which Keras's ``fit`` could take by way of a slow generator only; shown beside."""


@pytest.fixture(scope="module")
def mnist_sized(tmp_path_factory) -> Path:
    """A folder with as many bytes as MNIST has in training."""
    folder = tmp_path_factory.mktemp("mnist")
    draw = np.random.default_rng(0)
    np.save(folder / "x.npy", draw.integers(0, 256, (60_000, 28, 28, 1), np.uint8))
    np.save(folder / "y.npy", draw.integers(0, 10, 60_000))
    np.save(folder / "train.npy", np.arange(60_000))
    return folder


def measure(backend: str, pipeline: str, folder: Path) -> list[dict[str, float]]:
    """Return the median seconds per batch by pipeline, for each process."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "OMP_NUM_THREADS": "2",
    }
    command = [sys.executable, str(PIPELINES), backend, pipeline, str(folder), str(TURNS)]
    found = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        seconds = json.loads(done.stdout.splitlines()[-1])
        found.append({name: float(np.median(each)) for name, each in seconds.items()})
    return found


@pytest.mark.parametrize("backend", ["tf", "torch"])
@pytest.mark.parametrize("pipeline", ["memory", "device"])
def test_batches_come_nearly_as_fast_as_by_the_best_hand(benchmark, mnist_sized, backend, pipeline):
    found = benchmark.pedantic(measure, args=(backend, pipeline, mnist_sized), rounds=1)
    medians = {name: float(np.median([each[name] for each in found])) for name in found[0]}
    out = NOT_FOR_FIT[backend] if pipeline == "memory" else set()
    best = min((name for name in medians if name not in {"harness"} | out), key=medians.__getitem__)
    speed = paired_ratio([each[best] for each in found], [each["harness"] for each in found])
    told = f"{speed.estimate:.2f} ({speed.low:.2f} to {speed.high:.2f})"
    benchmark.extra_info[f"speed of {backend} {pipeline} ÷ {best} by hand"] = told
    benchmark.extra_info["microseconds per batch"] = {name: round(1e6 * each, 1) for name, each in medians.items()}
    print(benchmark.extra_info)
    assert speed.estimate >= 0.9


@pytest.mark.parametrize("backend", ["tf", "torch"])
def test_a_second_run_trains_within_a_second_of_opening_whatever_the_size(benchmark, tmp_path, backend):
    env = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1", "PARALLAX_CACHE": str(tmp_path)}
    command = [sys.executable, str(PIPELINES.with_name("opening.py")), backend]

    def measure() -> dict[int, list[float]]:
        sizes = (500, 8000)
        runs = {size: subprocess.run([*command, str(size)], env=env, capture_output=True, check=True) for size in sizes}
        return {size: json.loads(done.stdout.splitlines()[-1]) for size, done in runs.items()}

    for size, (first, second) in benchmark.pedantic(measure, rounds=1).items():
        told = f"{first:.2f} s the first time, {second:.3f} s the second"
        benchmark.extra_info[f"{backend}, {size} images of 224 x 224 x 3"] = told
        assert second < 1
    print(benchmark.extra_info)
