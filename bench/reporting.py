"""The report, rendered in a process of its own: a fault there cannot cost a result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def render(folder: Path) -> subprocess.CompletedProcess[str]:
    """Render the report over the run or the sweep in `folder`; its output and exit status tell what came of it."""
    root = str(Path(__file__).resolve().parent.parent)  # found from here, it is found by the child as well
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "reports", str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
