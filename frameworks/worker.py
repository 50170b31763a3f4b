"""The child's main: reads a request, does its task with one framework, leaves outcome and files.

Run by path (``python -P .../frameworks/worker.py REQUEST``), also by interpreters in which Parallax is not
installed: this package alone is made importable, so that no other package of the parent's environment is.
Needs numpy, safetensors and the framework of the request, nothing more.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TextIO

PR_SET_PDEATHSIG = 1


def _import_package() -> None:
    folder = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(
        "frameworks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is no package")
    module = importlib.util.module_from_spec(spec)
    sys.modules["frameworks"] = module
    spec.loader.exec_module(module)


def end_with_parent() -> None:
    """Have Linux end this process when the one that began it is gone, however that ended: nobody waits for it then."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _telling() -> TextIO:
    """Return the stream on which the parent listens; what frameworks print goes to the log instead."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stream


def main(path: str) -> int:
    """Do the task of the request in `path`; return the exit status."""
    end_with_parent()
    telling = _telling()
    _import_package()
    from frameworks.contract import Request, outcome
    from frameworks.line import Line
    from frameworks.tasks import TASKS

    request = Request.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    try:
        result = TASKS[request.task](request, Line(telling, sys.stdin))
    except Exception as error:
        traceback.print_exc()
        result = {"status": "failed", "message": f"{type(error).__name__}: {error}".splitlines()[0][:500]}
    outcome(Path(request.folder)).write_text(json.dumps(result), encoding="utf-8")
    return 0 if result["status"] in ("ok", "diverged") else 1


if __name__ == "__main__":
    status = main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    # All is written: tearing a framework down would only cost time that belongs to nobody.
    os._exit(status)
