"""The way in for notebooks: ``run`` races as the command line does, ``load`` reads what was left; both give `Runs`."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import reporting
from bench.errors import RequestError
from bench.overrides import overrides as said
from bench.overrides import quoted
from bench.results import store
from bench.resume import KEY
from bench.runs import Runs

COMMAND = [sys.executable, "-m", "bench"]

REFUSED, INTERRUPTED = 2, 130
"""Exit statuses of ``python -m bench``."""


def run(
    *, overrides: Sequence[str] = (), folder: str | Path | None = None, progress: bool = True, **settings: Any
) -> Runs:
    """Race as ``python -m bench`` does with the same `settings`, in a process of its own; return what it left.

    ``run(dataset="digits", framework=["tf", "torch"], train={"epochs": 2})``, or with dots:
    ``run(**{"train.epochs": 2})``. `overrides` are further words of the command line as they stand there (``["-m",
    "model=linear,mlp"]`` is a sweep). `folder` is where the results go (usually ``outputs/<date>/<time>``);
    `progress` shows what the command says while it is at work.

    ``run(resume="outputs/DATE/TIME")`` goes on with an earlier one, in its folder.

    Raises `RequestError` with the command's message where the request is refused, `RuntimeError` where no result was
    left; what lay in `folder` before is none. A run that failed, or whose parity gate did, is returned: its verdict
    says so. An interrupt reaches the command, which keeps the finished repeats, and is raised again.
    """
    resume = settings.pop("resume", None)
    words = [*overrides, *said(settings)]
    for word in words:
        if word.startswith(("hydra.run.dir=", "hydra.sweep.dir=")):
            raise RequestError(f"{word}: a notebook says folder=… instead")
        if word.startswith(KEY):
            raise RequestError(f"{word}: say resume= as a setting: run(resume={word.removeprefix(KEY)!r})")
    if resume is not None:
        if folder is not None:
            raise RequestError(f"folder={str(folder)!r}: does not go with resume=, which goes on in the earlier folder")
        place = Path(resume).expanduser()  # the command takes the folder, and all else, from there
        words.append(f"{KEY}{place}")
    else:
        sweep = any(word in ("-m", "--multirun") for word in overrides)
        place = Path(folder).expanduser() if folder is not None else _new_folder("multirun" if sweep else "outputs")
        words.append(f"hydra.{'sweep' if sweep else 'run'}.dir={quoted(str(place.resolve()))}")
    # What is resumed may be whole already: what lies there is then what it came to.
    before = {} if resume is not None else _written(place)
    status, message = _race(words, progress)
    if status == INTERRUPTED:
        raise KeyboardInterrupt(f"what was finished: bench.load({str(place)!r})")
    if status == REFUSED:
        raise RequestError(message)
    if _written(place).items() <= before.items():
        raise RuntimeError(f"python -m bench left no results (exit status {status}):\n{message}")
    return load(place)


def load(*folders: str | Path) -> Runs:
    """Return what lies in `folders`, each a run's or a sweep's; raises `RequestError` where there is nothing."""
    if not folders:
        raise RequestError("load: name at least one folder of results")
    found = Runs([Path(folder).expanduser().resolve() for folder in folders])
    _ = found.runs  # what is not there is said now, not when a frame is asked for
    return found


def _new_folder(above: str) -> Path:
    now = datetime.now()
    # As Hydra names them, to the millisecond: a notebook may start two within a second.
    return Path(above) / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{now.microsecond // 1000:03}"


def _written(place: Path) -> dict[Path, int]:
    """Return when each file of results in `place` was last written."""
    return {path: path.lstat().st_mtime_ns for path in place.glob(f"**/{store.NAME}")}


def _race(words: Sequence[str], progress: bool) -> tuple[int, str]:
    """Run ``python -m bench`` with `words`; return its exit status and what it wrote to stderr."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=reporting.environment() | {"PYTHONIOENCODING": "utf-8"},
        start_new_session=True,  # an interrupt reaches it from here, and once
    )
    complaints: list[str] = []
    listener = threading.Thread(target=lambda: complaints.extend(process.stderr or ()), daemon=True)
    listener.start()
    interrupted = False
    while True:
        try:
            for line in process.stdout or ():
                if progress:
                    print(line, end="", flush=True)
            status = process.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
            process.send_signal(signal.SIGINT)
    listener.join()
    message = "".join(complaints).strip()
    if status != REFUSED and message:
        print(message, file=sys.stderr)
    return INTERRUPTED if interrupted else status, message
