"""``resume=DIR``: the command line of an earlier run or sweep, read from its folder and nothing else.

The folder may come from anywhere: what is read is plain YAML, and of Hydra's own settings only those are taken over
that can name no code.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.errors import RequestError
from bench.overrides import quoted

KEY = "resume="

FREE = ("report", "measure.timeout")
"""Settings on which no number depends: they may be said beside it, and two sittings may differ in them."""

RUN, SWEEP = Path(".hydra/hydra.yaml"), Path("multirun.yaml")
"""Where Hydra leaves its own settings, in a run's folder and in a sweep's."""

OURS = ("hydra.run.dir=", "hydra.sweep.dir=", "hydra.mode=", "hydra.callbacks.parallax.resume=")
"""Said anew each time."""

TAKEN = (
    "hydra.sweep.subdir=",
    "hydra.job.name=",
    "hydra.searchpath=",
    "hydra/launcher=",
    "hydra.launcher.n_jobs=",
    "hydra.launcher.pre_dispatch=",
    "hydra.launcher.batch_size=",
    "hydra.launcher.verbose=",
    "hydra/sweeper=",
    "hydra.sweeper.max_batch_size=",
    "hydra.sweeper.params.",
)
"""Of Hydra's own settings, those that are taken over."""

MAX_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """The command line of an earlier run or sweep, to go on in its folder."""

    arguments: list[str]
    started_in: str
    """The working directory then: relative paths meant that."""

    def hint(self) -> str:
        """Return what explains a path that is not found, where the working directory is another one now."""
        elsewhere = self.started_in and Path(self.started_in) != Path.cwd()
        return f" (it was started in {self.started_in}: relative paths are those of that folder)" if elsewhere else ""


def wanted(words: Sequence[str]) -> bool:
    """Return whether a command line asks to go on with an earlier one."""
    return any(word.startswith(KEY) for word in words)


def earlier(words: Sequence[str]) -> Earlier:
    """Return what `words`, a whole command line with ``resume=DIR`` in it, amount to.

    Raises `RequestError` for words that do not go with it, and for a folder in which nothing is to be taken up.
    """
    asked, *more = [word for word in words if word.startswith(KEY)]
    beside = [word for word in words if word.startswith(tuple(f"{key}=" for key in FREE))]
    other = [*more, *(word for word in words if word not in (asked, *beside))]
    if other:
        raise RequestError(
            f"{other[0]}: does not go with {asked}, which does the rest of what was asked for then; "
            "leave it out, or start a new run"
        )
    folder = Path(asked.removeprefix(KEY).strip("'\"")).expanduser()
    if not folder.is_dir():
        raise RequestError(f"{asked}: there is no such folder; name the folder of a run or of a sweep")
    name = next((name for name in (RUN, SWEEP) if (folder / name).is_file()), None)
    if name is None:
        raise RequestError(
            f"{asked}: nothing to take up there, neither {RUN} nor {SWEEP}; name the folder of a run or of a sweep"
        )
    node = _read(folder / name)
    try:
        arguments = _arguments(node, folder.resolve(), sweep=name == SWEEP)
        cwd = str(node["runtime"].get("cwd") or "")
    except (KeyError, TypeError, AttributeError):
        raise RequestError(f"{folder / name}: not what Hydra writes; start a new run") from None
    return Earlier(arguments=[*arguments, *beside], started_in=cwd)


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("too large")
        return dict(yaml.safe_load(path.read_text(encoding="utf-8"))["hydra"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise RequestError(f"{path}: cannot be read ({type(error).__name__}); start a new run") from None


def _arguments(node: dict[str, Any], folder: Path, *, sweep: bool) -> list[str]:
    task, hydra = ([str(item) for item in node["overrides"][kind]] for kind in ("task", "hydra"))
    hydra = [item for item in hydra if not item.startswith(OURS)]
    for item in (*task, *hydra):
        if item.startswith("-") or "_target_" in item or (item.lstrip("+~").startswith("hydra") and item in task):
            raise _refused(item)
    for item in hydra:
        if not item.startswith(TAKEN):
            raise _refused(item)
        if item.startswith("hydra.searchpath="):
            for path in item.partition("=")[2].strip("[]").replace("'", "").replace('"', "").split(","):
                _outside(path.strip().removeprefix("file://"), folder, item)
    flags = ["-m"] if sweep else []
    for source in node["runtime"]["config_sources"]:
        if source["provider"] == "command-line":
            _outside(str(source["path"]), folder, f"--config-dir {source['path']}")
            flags += ["--config-dir", str(source["path"])]
    where = "hydra.sweep.dir" if sweep else "hydra.run.dir"
    return [*flags, *task, *hydra, f"{where}={quoted(str(folder))}", "hydra.callbacks.parallax.resume=true"]


def _refused(item: str) -> RequestError:
    return RequestError(f"{item[:200]}: is not taken over from a folder of results, for it could run code; say it anew")


def _outside(path: str, folder: Path, what: str) -> None:
    """Refuse a path that leads into the results: nothing in there is ever run, nor configures what is."""
    if "$" in path or Path(os.path.realpath(path)).is_relative_to(folder):
        raise _refused(what)


def check_interpreters(frameworks: Mapping[str, Any], folder: Path) -> None:
    """Refuse resolved contenders whose interpreter lies in the `folder` that is taken up."""
    for name, settings in frameworks.items():
        python = settings.get("python")
        if python:
            for path in (str(Path(python).parent), python):  # a virtual environment's python is a link out of it
                _outside(path, folder.resolve(), f"frameworks.{name}.python={python}")
