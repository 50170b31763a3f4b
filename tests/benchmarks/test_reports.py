"""What a report over a thousand trials costs: seconds, bytes of the page, and memory, which must not grow with them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.reports import conftest

ROOT = Path(__file__).parents[2]
RUNS, REPEATS, STEPS = 50, 10, 2000


def sweep(folder: Path, runs: int) -> Path:
    for number in range(runs):
        conftest.write_run(folder / str(number), dataset=f"d{number // 5}", model=f"m{number % 5}", repeats=REPEATS)
        (folder / str(number) / ".hydra").mkdir()
        overrides = f"- dataset=d{number // 5}\n- model=m{number % 5}\n"
        (folder / str(number) / ".hydra" / "overrides.yaml").write_text(overrides)
    return folder


@dataclass
class Cost:
    wall: float
    cpu: float
    """Seconds of all processes together: on a machine with other work this says more."""
    size: int
    """Bytes of the page."""
    peaks: list[float]
    """MiB that each process held at most, the largest first."""


def rendered(folder: Path) -> Cost:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "reports", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)})
    seconds: dict[int, float] = {}
    peaks: dict[int, float] = {}
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            for item in (parent, *parent.children(recursive=True)):
                seconds[item.pid] = item.cpu_times().user + item.cpu_times().system
                peaks[item.pid] = max(peaks.get(item.pid, 0.0), item.memory_info().rss / 2**20)
        time.sleep(0.05)
    assert process.returncode == 0
    return Cost(
        wall=time.perf_counter() - begin,
        cpu=sum(seconds.values()),
        size=(folder / "report.html").stat().st_size,
        peaks=sorted(peaks.values(), reverse=True),
    )


def test_a_report_over_a_thousand_trials(benchmark, tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "STEPS", STEPS)
    few = rendered(sweep(tmp_path / "few", RUNS // 5))
    found = benchmark.pedantic(rendered, args=(sweep(tmp_path / "many", RUNS),), rounds=1)
    benchmark.extra_info["seconds"] = f"{found.wall:.1f}, of a fifth of the trials {few.wall:.1f}"
    benchmark.extra_info["CPU seconds"] = f"{found.cpu:.1f}, of a fifth {few.cpu:.1f}"
    benchmark.extra_info["page"] = f"{found.size / 1e6:.1f} MB"
    benchmark.extra_info["MiB of the largest process"] = f"{found.peaks[0]:.0f}, of a fifth {few.peaks[0]:.0f}"
    print(benchmark.extra_info)
    assert found.wall < 20
    assert found.size < 10e6
    assert found.peaks[0] < 1.3 * few.peaks[0]
