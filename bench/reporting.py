"""The report, rendered in a process of its own: a fault there cannot cost a result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def render(folder: Path) -> subprocess.CompletedProcess[str]:
    """Render the report over the run or the sweep in `folder`; its output and exit status tell what came of it."""
    return _reports([str(folder)])


def export(folders: Sequence[Path], names: str, out: Path) -> subprocess.CompletedProcess[str]:
    """Write the exports `names` of what lies in `folders` into ``exports`` in the folder `out`, without a report."""
    return _reports([*map(str, folders), "--no-report", "--export", names, "--out", str(out / "report.html")])


def environment() -> dict[str, str]:
    """Return the environment in which a process of its own finds Parallax where this one has found it."""
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


def _reports(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reports", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment())
