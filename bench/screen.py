"""What the user sees during a run: bars on a terminal, plain lines elsewhere; no CPU taken from a trial.

No thread refreshes anything: the screen changes when something happens, at most twice a second, and stands still
between. On a file or a pipe every event is one line without control codes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from bench.results import format as formats
from bench.results.format import one_line
from bench.results.schema import METRICS, QUALITIES, Results, Trial
from bench.verdict import Line, render

REFRESH_SECONDS = 0.5
"""The bars are drawn no more often than that, however many events there are."""

PLAIN_SECONDS = 10.0
"""Without bars, a phase or an epoch is said only after so long a silence."""

COLOURS = {"ok": "green", "diverged": "yellow", "failed": "red"}


class Screen:
    """Tells the user what happens, event by event; a context manager, so that the cursor comes back."""

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic, label: str = ""
    ) -> None:
        stream = stream or sys.stdout
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 gets "?", not a traceback
        # Who shares the screen has no bars: each line says whose it is.
        self.live = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not label
        self._label = f"[{label}] " if label else ""
        self._console = Console(file=stream, force_terminal=self.live, highlight=False, markup=False, emoji=False)
        self._clock = clock
        self._bars: Progress | None = None
        self._race: TaskID | None = None
        self._inside: TaskID | None = None
        self._drawn = self._spoken = clock()
        self._estimate: float | None = None
        self._began: float | None = None
        self._trial_began = clock()
        self._index, self._total, self._finished = 0, 0, 0
        self._spent, self._running = 0.0, False
        self._trial = ""

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def announce(self, lines: Sequence[str], estimate_seconds: float | None = None) -> None:
        """Say what will be done; `estimate_seconds` for all trials together feeds the time left."""
        self._estimate = estimate_seconds
        for line in lines:
            self._say(line)
        if estimate_seconds is not None:
            self._say(f"This takes about {formats.duration(estimate_seconds)}.")

    def waiting(self, text: str) -> None:
        """Say for what the run waits."""
        self._say(text, style="yellow")

    def gate(self, text: str) -> None:
        """Say what the parity gate does, or found."""
        self._say(text)

    def problem(self, text: str) -> None:
        """Say what went wrong."""
        self._say(text, style="bold red")

    def trial_begin(self, index: int, total: int, text: str) -> None:
        """Begin trial `index` of `total`, counted from 1, or the trials of a repeat that take turns; `text` says it."""
        self._trial_began = self._clock()
        self._began = self._trial_began if self._began is None else self._began
        self._index, self._total, self._running = index, total, True
        self._trial = one_line(text)
        if not self.live:
            self._say(f"{self._trial} …")
            return
        self._start_bars()
        self._draw(inside="starting", done=0, of=1, force=True)

    def phase(self, name: str) -> None:
        """Say that the running trial has entered a phase."""
        text = one_line(name).replace("_", " ")
        if self.live:
            # Always drawn: a trial has few phases, and one of them may compile for a minute.
            self._draw(inside=text, done=0, of=1, force=True)
        else:
            self._beat(text)

    def epoch(self, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` epochs are trained; `note` is what they came to ("loss 0.31")."""
        text = f"epoch {done} of {total}" + (f", {one_line(note)}" if note else "")
        if self.live:
            self._draw(inside=text, done=done, of=total)
        else:
            self._beat(text)

    def trial_end(self, trials: Sequence[Trial], note: str = "") -> None:
        """End the running trials and say what they came to; `note` is the data's ("synthetic stand-in")."""
        took = self._clock() - self._trial_began
        self._finished, self._spent, self._running = self._finished + 1, self._spent + took, False
        lone = trials[0] if len(trials) == 1 else None
        how = "done in" if lone is None or lone.status == "ok" else f"{one_line(lone.status)} after"
        came = outcome(lone, note) if lone else ""
        line = f"{how} {_span(took)}" + (f": {one_line(came)}" if came else "")
        style = COLOURS.get(lone.status, "red") if lone and lone.status != "ok" else None
        self._say(f"{self._trial}: {line}" if self.live else f"  {line}", style=style)
        for trial in trials if lone is None else ():
            ill = "" if trial.status == "ok" else f"{trial.status}; "
            colour = COLOURS.get(trial.status, "red") if ill else None
            self._say(f"  {trial.contender}: {ill}{outcome(trial, note)}", style=colour)
        if self.live:
            self._draw(inside="", done=1, of=1, force=True)

    def verdict(self, results: Results, folder: Path) -> None:
        """Show the table, the verdicts, their conditions, the certificate, the warnings, and where the report lies."""
        self.close()
        for part in render(results, folder):
            copied = isinstance(part, Text) and bool(part.no_wrap)
            self._console.print(part, soft_wrap=copied or (not self.live and isinstance(part, Line)))
        self._console.file.flush()

    def close(self) -> None:
        """Take the bars away; may be called at any time, and again."""
        bars, self._bars = self._bars, None
        if bars is not None:
            bars.stop()

    def _say(self, text: str, style: str | None = None) -> None:
        self._spoken = self._clock()
        # Lines that are read by programs too must not be broken at 80 columns.
        self._console.print(Text(self._label + one_line(text), style=style or ""), soft_wrap=not self.live)
        self._console.file.flush()

    def _beat(self, text: str) -> None:
        """Give a sign of life, where nothing has been said for a while."""
        if self._clock() - self._spoken >= PLAIN_SECONDS:
            left = self._left()
            self._say(f"  {text}" + (f" ({left})" if left else ""))

    def _start_bars(self) -> None:
        if self._bars is not None:
            return
        columns = (
            BarColumn(bar_width=16),
            TextColumn("{task.fields[what]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False, style="cyan"),
        )
        self._bars = Progress(*columns, console=self._console, auto_refresh=False, transient=True)
        self._race = self._bars.add_task("", total=self._total, what=self._trial, left="")
        self._inside = self._bars.add_task("", total=1, what="", left="")
        self._bars.start()

    def _draw(self, *, inside: str, done: int, of: int, force: bool = False) -> None:
        """Bring the bars up to date, and onto the screen if they have not been there a moment ago."""
        if self._bars is None or self._race is None or self._inside is None:
            return
        done_trials = self._index - self._running
        self._bars.update(self._race, total=self._total, completed=done_trials, what=self._trial, left=self._left())
        self._bars.update(self._inside, total=max(of, 1), completed=done, what=inside)
        now = self._clock()
        if force or now - self._drawn >= REFRESH_SECONDS:
            self._drawn = now
            self._bars.refresh()

    def _left(self) -> str:
        """Return the time left: by the trials that are finished, by the announced estimate until there is one."""
        now = self._clock()
        if self._finished:
            rest = self._spent / self._finished * (self._total - self._index + self._running)
            rest -= now - self._trial_began if self._running else 0.0
        elif self._estimate is not None and self._began is not None:
            rest = self._estimate - (now - self._began)
        else:
            return ""
        return f"about {formats.duration(max(rest, 0.0))} left" if rest >= 1 else "nearly done"


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else formats.duration(seconds)


def outcome(trial: Trial, note: str = "") -> str:
    """Return what a trial came to, in one line; `note` is the data's ("synthetic stand-in")."""
    if trial.status != "ok":
        return trial.message
    parts = []
    if trial.step_seconds is not None:
        parts.append(f"{formats.seconds(trial.step_seconds)} per step")
    found = {name: value for name in METRICS if (value := trial.metrics.get(name)) is not None}
    remark = f" ({note})" if note else ""
    parts += [f"{QUALITIES[name]} {formats.quality(value, name)}{remark}" for name, value in found.items()]
    return ", ".join(parts)
