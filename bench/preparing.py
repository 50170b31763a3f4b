"""A progress bar for what happens before a run: downloads and preparation of data. Silent where nothing is to do."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Preparing:
    """Shows the progress that `bench.datasets` reports; a context manager, so that the cursor comes back."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Preparing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` (0: unknown) of `what` is done."""
        if not sys.stderr.isatty():
            if what not in self._tasks:
                self._tasks[what] = None
                print(f"{what} …", file=sys.stderr, flush=True)
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True))
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total or None)
        self._bar.update(self._tasks[what], completed=done, total=total or None)
