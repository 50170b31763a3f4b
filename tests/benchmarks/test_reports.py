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
import pytest

from tests.reports import conftest

ROOT = Path(__file__).parents[2]
STEPS = 2000
FOUR = ("tf", "tf_xla", "torch", "torch_compile")
PAIR = FOUR[::2]
SHAPES = {
    "40 runs": (40, FOUR, 6),
    "50 runs": (50, PAIR, 10),
    "100 runs": (100, PAIR, 5),
    "1,000 runs": (1000, ("tf",), 1),
}
"""Runs, contenders and repeats: each about a thousand trials."""


def sweep(folder: Path, runs: int, contenders: tuple[str, ...], repeats: int) -> Path:
    for number in range(runs):
        names = {"dataset": f"d{number // 5}", "model": f"m{number % 5}"}
        conftest.write_run(folder / str(number), contenders=contenders, repeats=repeats, **names)
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


@pytest.mark.parametrize("shape", SHAPES)
def test_a_report_over_a_thousand_trials(benchmark, shape, tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "STEPS", STEPS)
    runs, contenders, repeats = SHAPES[shape]
    few = rendered(sweep(tmp_path / "few", runs // 5, contenders, repeats))
    many = sweep(tmp_path / "many", runs, contenders, repeats)
    found = benchmark.pedantic(rendered, args=(many,), rounds=1)
    benchmark.extra_info["seconds"] = f"{found.wall:.1f}, of a fifth of the trials {few.wall:.1f}"
    benchmark.extra_info["CPU seconds"] = f"{found.cpu:.1f}, of a fifth {few.cpu:.1f}"
    benchmark.extra_info["page"] = f"{found.size / 1e6:.1f} MB, of a fifth {few.size / 1e6:.1f}"
    benchmark.extra_info["MiB of the largest process"] = f"{found.peaks[0]:.0f}, of a fifth {few.peaks[0]:.0f}"
    print(shape, benchmark.extra_info)
    assert found.wall < 20
    assert found.size < 10e6
    assert found.peaks[0] < 1.3 * few.peaks[0]
