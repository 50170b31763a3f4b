"""What the instrument calls different: equal things seldom, a planted slow-down always; and how alike two runs are.

About two hours, on a quiet machine of two cores: 20 runs of each framework against itself, of PyTorch also against
itself slowed down by 10 %, as slices of one long race each; then the default job ten times.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys

import pytest

from bench.results import store
from tests.benchmarks.calibration import HANDICAP, ROOT, half_width, race, runs_of, told

RUNS = 20
VERDICTS = 10


def races(folder):
    """Run both calibration races; torch's has the slow-down too."""
    return {backend: race(folder / backend, backend, RUNS, handicap=backend == "torch") for backend in ("torch", "tf")}


def test_equal_things_are_called_equal_and_a_slow_down_is_found(benchmark, tmp_path):
    found = benchmark.pedantic(races, args=(tmp_path,), rounds=1)
    for backend, results in found.items():
        print(f"\n{backend}\n{told(results)}")
    equal = [each for results in found.values() for each in runs_of(results, "again")]
    assert len(equal) == 2 * RUNS
    assert sum(each.resolved(1.0) for each in equal) <= 5
    assert statistics.median(map(half_width, equal)) <= 0.05
    slowed = runs_of(found["torch"], "slow")
    assert sum(each.resolved(1.0) and each.estimate > 1 for each in slowed) >= RUNS - 1
    assert statistics.median(each.estimate for each in slowed) == pytest.approx(1 + HANDICAP, abs=0.02)


def verdicts(folder):
    """Run the default comparison again and again; return the ratio per training step of each with its interval."""
    found = []
    for run in range(VERDICTS):
        command = [sys.executable, "-m", "bench", "report=false", f"hydra.run.dir={folder / str(run)}"]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
        comparison = store.read(folder / str(run)).comparison
        found.append(next(item for item in comparison if item.quantity == "step_seconds"))
    return found


def test_the_verdict_of_the_default_job_stays_what_it_is(benchmark, tmp_path):
    found = benchmark.pedantic(verdicts, args=(tmp_path,), rounds=1)
    pairs = list(itertools.combinations(found, 2))
    overlap = sum(one.low <= other.high and other.low <= one.high for one, other in pairs) / len(pairs)
    ratios = [item.ratio for item in found]
    print("\n" + "\n".join(f"{item.ratio:.3f} ({item.low:.3f} to {item.high:.3f})" for item in found))
    print(f"{100 * overlap:.0f} % of pairs of intervals overlap; ratios scatter by {statistics.stdev(ratios):.3f}")
    assert overlap >= 0.8
