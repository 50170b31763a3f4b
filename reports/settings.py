"""What varies over the runs of a page: the settings that a sweep made, or the conditions of runs put side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.results.format import plain
from bench.results.schema import Results
from reports.load import Run

CONTENDERS = "framework"
"""The setting that names the contenders: they have a column of their own."""


def varying(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Return, run by run, the values of those settings that are not the same in all of them, in one order."""
    told = [_told(run) for run in runs]
    keys = dict.fromkeys(key for item in told for key in item)
    known = [
        {key: item.get(key) or _configured(run.results, key) for key in keys}
        for run, item in zip(runs, told, strict=True)
    ]
    found = _vary(known)
    return _short(found) if any(found) else _vary([_conditions(run.results) for run in runs])


def ordered(values: Sequence[str]) -> list[str]:
    """Return the values of one setting, each once: numbers by size, words as they first appear."""
    each = list(dict.fromkeys(values))
    try:
        return sorted(each, key=float)
    except ValueError:
        return each


def _vary(settings: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    every = dict.fromkeys(key for item in settings for key in item)
    keys = [key for key in every if len({item.get(key, "") for item in settings}) > 1]
    return [{key: item.get(key, "") for key in keys} for item in settings]


def _short(settings: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the same by the last part of each key, ``batch_size``, where that is the key of no other."""
    lasts = Counter(key.rpartition(".")[2] for key in settings[0])
    names = {key: last if lasts[last := key.rpartition(".")[2]] == 1 else key for key in settings[0]}
    return [{names[key]: value for key, value in item.items()} for item in settings]


def _told(run: Run) -> dict[str, str]:
    """Return what the command line said of a run."""
    pairs = (text.partition("=") for text in run.overrides)
    return {key.lstrip("+~"): value for key, _, value in pairs if key.lstrip("+~") != CONTENDERS}


def _configured(results: Results | None, key: str) -> str:
    """Return the value that a run had where nothing was said: of a group, its name; empty where it is not known."""
    value: Any = results.config if results else {}
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value = value.get("name")
    return "" if value is None else plain(value)


def _conditions(results: Results | None) -> dict[str, str]:
    """Return data, model and conditions of a run, where no command line made the difference."""
    if results is None:
        return {}
    found: dict[str, Any] = {}
    if results.dataset:
        found["dataset"] = results.dataset.name
    if results.model:
        found["model"] = results.model.name
    return {key.replace("_", " "): plain(value) for key, value in (found | results.conditions).items()}
