"""Folders in, runs out: finds the runs in run and sweep folders and reads what they hold."""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench.results import anew, store
from bench.results.folder import inside
from bench.results.schema import Results
from reports import frames
from reports.frames import Frames

LONGEST = 20_000
"""Characters of any one text that are shown."""

DEEPEST = 40
"""Levels of nesting that are shown."""

LARGEST_OVERRIDES = 20_000
"""Bytes of the file that says what the sweep set for a run: a larger one takes YAML's parser seconds."""


class NothingToReport(Exception):  # noqa: N818 (it is an answer, not a fault)
    """None of the folders holds results; the message says so in one line."""


@dataclass(kw_only=True, slots=True)
class Run:
    """One run's folder and what could be read of it."""

    folder: Path
    name: str
    """Its name on the page: unique among the runs of a report."""
    side: str = ""
    """The name of the folder it was found in or under: unique among those that were given."""
    results: Results | None = None
    problem: str = ""
    """Why there are no results, in one line."""
    overrides: list[str] = field(default_factory=list)
    """What the sweep set for this run."""
    _trials: list[Frames] | None = field(default=None, init=False, repr=False)

    @property
    def trials(self) -> list[Frames]:
        """Its trials with what their files hold; they are read when first asked for."""
        if self._trials is None:
            self._trials = [frames.read(self.folder, trial) for trial in (self.results.trials if self.results else [])]
        return self._trials

    def release(self) -> None:
        """Forget what the files hold: of a sweep it is more than a machine has room for."""
        self._trials = None

    @property
    def status(self) -> str:
        """``ok``, ``failed``, ``interrupted``, ``running`` (it never came to an end) or ``no results``."""
        return self.results.status if self.results else "no results"


def load(folders: list[Path]) -> list[Run]:
    """Return the runs in `folders`, each a run's folder or a sweep's, in the order given.

    Raises `NothingToReport` where there is not a single readable result.
    """
    runs: list[Run] = []
    for folder in folders:
        if not folder.is_dir():
            raise NothingToReport(f"{folder}: there is no such folder")
        side = _unique(folder.resolve().name or str(folder), {run.side for run in runs})
        for place in _runs_in(folder) or [folder]:  # one that holds nothing is named, and never passes for compared
            label = side
            if place != folder:
                label = place.name if len(folders) == 1 else f"{side}/{place.name}"
            runs.append(_load_run(place, _unique(label, {run.name for run in runs}), side, folder))
    if not any(run.results for run in runs):
        places = ", ".join(str(folder) for folder in folders)
        problems = "; ".join(run.problem for run in runs if run.problem)
        raise NothingToReport(f"{places}: no results to report{f' ({problems[:300]})' if problems else ''}")
    return runs


def _runs_in(folder: Path) -> list[Path]:
    if os.path.lexists(folder / store.NAME):
        return [folder]
    # A numbered folder without results is a run of the sweep that came to nothing: it is shown as such.
    try:
        found = [item for item in folder.iterdir() if _may_be_run(item)]
    except OSError as error:
        raise NothingToReport(f"{folder}: it cannot be read ({error.strerror})") from None
    return sorted(found, key=lambda item: (not item.name.isdecimal(), len(item.name), item.name))


def _may_be_run(folder: Path) -> bool:
    return folder.is_dir() and (folder.name.isdecimal() or os.path.lexists(folder / store.NAME))


def _unique(label: str, taken: set[str]) -> str:
    label = clean(label)
    name, number = label, 2
    while name in taken:
        name, number = f"{label} ({number})", number + 1
    return name


def _load_run(folder: Path, name: str, side: str, root: Path) -> Run:
    """Return the run in `folder`, which lies in `root` or is it: a link out of there is not followed."""
    run = Run(folder=folder, name=name, side=side)
    if not folder.resolve().is_relative_to(root.resolve()):
        run.problem = "it is a link out of the folder that was given"
        return run
    run.overrides = _overrides(folder)
    try:
        results = clean(store.read(folder))
    except store.SchemaError as error:
        run.problem = clean(str(error)) if os.path.lexists(folder / store.NAME) else "it left no results"
        return run
    anew.compute(results)
    run.results = results
    return run


def _overrides(folder: Path) -> list[str]:
    try:
        path = inside(folder, ".hydra", "overrides.yaml")
        value = yaml.safe_load(path.read_text(encoding="utf-8")) if path.stat().st_size < LARGEST_OVERRIDES else None
    except Exception:  # a hostile file can raise anything in a parser; without the overrides the page is whole
        value = None
    # Texts alone: what else YAML can say may be short in the file and endless when written out (aliases of aliases).
    return [clean(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def clean(value: Any, depth: int = 0) -> Any:
    """Return `value` with every text in it cut to `LONGEST` and freed of what HTML and SVG cannot carry.

    Dataclasses are changed in place; control characters, lone surrogates and marks that turn the direction
    of writing become U+FFFD; what is nested deeper than `DEEPEST` becomes an ellipsis.
    """
    if isinstance(value, str):
        text = value if len(value) <= LONGEST else value[:LONGEST] + " …"
        return _UNPRINTABLE.sub("\ufffd", text)
    if value is None or isinstance(value, int | float):
        return value
    if depth > DEEPEST:
        return "…"
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item, depth + 1) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            setattr(value, item.name, clean(getattr(value, item.name), depth + 1))
    return value
