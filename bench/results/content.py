"""What work a run was given, as far as its configuration tells: why two runs cannot be held against each other."""

from __future__ import annotations

from typing import Any

from bench.results.format import plain
from bench.results.schema import Results

PARTS = ("model", "dataset", "pipeline", "optimizer", "schedule", "train", "parity")
"""Parts of the configuration that say what work it is."""

IRRELEVANT = (
    "dataset.root",
    "dataset.source",  # what it leads to has a checksum
    "model.name",
    "model.weights",
    "parity.on_fail",
    "pipeline.workers",
    "train.target",
    "train.trace",
    "train.sample_weight",
)
"""Keys below them that are none of the work: paths, and what only observes."""

SHOWN = 5
"""Differences that are told; the rest is counted."""

DEEPEST = 40
"""Levels of nesting that are looked into."""


def differences(ours: Results, theirs: Results) -> list[str]:
    """Return what makes the work of two runs another, most telling first: "train.epochs 1 against 10"."""
    found = []
    data = ours.dataset, theirs.dataset
    if data[0] and data[1] and data[0].checksum != data[1].checksum:
        sums = [(item.checksum or "unknown")[:12] for item in data if item]
        what = f"{data[0].name}, checksum {sums[0]} against {sums[1]}"
        if data[0].name != data[1].name:
            what = f"{data[0].name} against {data[1].name}"
        found.append(f"other data ({what})")
    one, other = flat(ours.config), flat(theirs.config)
    keys = [key for key in {**other, **one} if one.get(key) != other.get(key)]
    told = [f"{key} {short(one.get(key))} against {short(other.get(key))}" for key in keys]
    return [*found, *told]


def why(ours: Results, theirs: Results) -> str:
    """Return in one line why two runs with other contents are not the same work."""
    found = differences(ours, theirs)
    if not found:
        return "other work, though not by its configuration: another split, other given weights, or another Parallax"
    rest = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"other work: {'; '.join(found[:SHOWN])}{rest}"


def flat(config: dict[str, Any]) -> dict[str, Any]:
    """Return the leaves of what says the work, by dotted key; an empty list or mapping is a leaf."""
    found: dict[str, Any] = {}
    todo = [(name, config[name], 0) for name in reversed(PARTS) if name in config]
    while todo:
        key, value, depth = todo.pop()
        if key in IRRELEVANT:
            continue
        items: list[tuple[str, Any]] = []
        if isinstance(value, dict) and depth < DEEPEST:
            items = [(f"{key}.{name}", item) for name, item in value.items()]
        elif isinstance(value, list) and depth < DEEPEST:
            items = [(f"{key}[{place}]", item) for place, item in enumerate(value)]
        todo += [(name, item, depth + 1) for name, item in reversed(items)]
        if not items:
            found[key] = value
    return found


def short(value: Any) -> str:
    """Return a value in few letters."""
    text = plain(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
