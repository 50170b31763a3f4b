"""Calibration races: a contender against itself, and against itself with a planted slow-down, sliced into runs.

One long race stands for many runs of five repeats: every trial is a fresh process either way, and the gate is passed
once instead of twenty times. `python tests/benchmarks/calibration.py DIR` reads such a race again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.results import store
from bench.results.schema import Results
from bench.results.stats import Interval, paired_ratio

REPEATS = 5
"""Of ``measure=standard``."""

HANDICAP = 0.1
ROOT = Path(__file__).resolve().parents[2]
SHORT = ("train.epochs=1", "measure.predict_sizes=[]", "measure.predict_seconds=0", "report=false")
"""What is not calibrated here is kept short; the clocks of the training step are those of ``measure=standard``."""


def race(folder: Path, backend: str, runs: int, *, handicap: bool) -> Results:
    """Run as many repeats as `runs` runs have, of `backend`, itself again, and where `handicap` itself slowed down."""
    said = [f"framework=[{backend}]", f"+framework@frameworks.again={backend}"]
    if handicap:
        said += [f"+framework@frameworks.slow={backend}", f"frameworks.slow.handicap={HANDICAP}"]
    command = [sys.executable, "-m", "bench", *said, *SHORT, f"measure.repeats={runs * REPEATS}"]
    subprocess.run(
        [*command, f"hydra.run.dir={folder}"], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True
    )
    return store.read(folder)


def runs_of(results: Results, contender: str) -> list[Interval]:
    """Return the ratio contender ÷ baseline per training step of each run of `REPEATS` repeats."""
    steps = {(trial.contender, trial.repeat): trial.step_seconds for trial in results.trials if trial.status == "ok"}
    whole = len({repeat for _, repeat in steps}) // REPEATS
    blocks = [range(run * REPEATS, (run + 1) * REPEATS) for run in range(whole)]
    return [
        paired_ratio(
            [steps[contender, repeat] or 0.0 for repeat in block],
            [steps[results.baseline, repeat] or 0.0 for repeat in block],
        )
        for block in blocks
    ]


def half_width(found: Interval) -> float:
    """Return how far the interval reaches from its estimate, as a share."""
    assert found.low
    assert found.high
    return (found.high / found.low) ** 0.5 - 1


def told(results: Results) -> str:
    """Return every run of a race in a line, and what they come to."""
    lines = []
    for name in ("again", "slow"):
        found = runs_of(results, name) if any(trial.contender == name for trial in results.trials) else []
        lines += [f"{name} {each.estimate:.3f} ({each.low:.3f} to {each.high:.3f})" for each in found]
        if found:
            widths = sorted(map(half_width, found))
            different = sum(each.resolved(1.0) for each in found)
            lines.append(
                f"{name}: {different} of {len(found)} called different; half-width median "
                f"{100 * widths[len(widths) // 2]:.1f} %, {100 * widths[0]:.1f} to {100 * widths[-1]:.1f} %"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(told(store.read(Path(sys.argv[1]))))
