"""What two runs recorded differently that is in no hash of their work and yet in every number of theirs."""

from __future__ import annotations

from typing import Any

from bench.results import format as formats
from bench.results.schema import Results

HARDWARE = ("cpu", "architecture", "cores", "cpu_limit", "gpus")
"""Facts of a machine that make it another one."""

SYSTEM = ("kernel", "governor", "mitigations", "transparent_hugepages")
"""Facts of how it is driven."""

HOW_OFTEN = {"name", "repeats", "half_width", "pilot", "most_repeats", "timeout"}
"""Settings of measuring that say how many trials there are, and change none of them."""

REVISION = 10
"""Letters of a commit that are shown."""


def machine(ours: Results, theirs: Results) -> list[str]:
    """Return which facts make it another machine, in short: "another machine (cpu, cores)"."""
    facts = _unequal(ours.machine, theirs.machine, HARDWARE)
    return [f"another machine ({', '.join(facts)})"] if facts else []


def settings(ours: Results, theirs: Results) -> list[str]:
    """Return how differently samples were fetched and clocks were run: "pipeline workers 4 against 0"."""
    one, other = (_part(item.config, "pipeline") for item in (ours, theirs))
    found = [against(f"pipeline {key}", one[key], other[key]) for key in _both(one, other) if key != "name"]
    one, other = (_part(item.config, "measure") for item in (ours, theirs))
    clocks = [key.replace("_", " ") for key in _both(one, other) if key not in HOW_OFTEN]
    return [*found, f"measured otherwise ({', '.join(clocks)})"] if clocks else found


def surroundings(ours: Results, theirs: Results) -> list[str]:
    """Return which code of Parallax, which kernel and governor, and which variables of the environment differ."""
    revisions = [_part(item.machine, "revision").get("parallax") for item in (ours, theirs)]
    found = [] if revisions[0] == revisions[1] else [against("revision", *map(_short, revisions))]
    system = _unequal(ours.machine, theirs.machine, SYSTEM)
    found += [against(key, ours.machine.get(key), theirs.machine.get(key)) for key in system]
    one, other = (_part(item.machine, "environment") for item in (ours, theirs))
    names = _unequal(one, other, sorted(one | other))
    return [*found, f"environment ({', '.join(names)})"] if names else found


def against(key: str, ours: object, theirs: object) -> str:
    """Return a difference in words: "threads 1 against 2"."""
    return f"{key.replace('_', ' ')} {formats.plain(ours)} against {formats.plain(theirs)}"


def _part(values: dict[str, Any], key: str) -> dict[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _both(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the keys with other values, of those that both have: an earlier Parallax had fewer settings."""
    return [key for key in one if key in other and one[key] != other[key]]


def _unequal(one: dict[str, Any], other: dict[str, Any], keys: tuple[str, ...] | list[str]) -> list[str]:
    return [key for key in keys if (one.get(key) or None) != (other.get(key) or None)]


def _short(revision: object) -> str | None:
    """Return a commit in few letters with its state: "4d9d03d2aa (changed)"."""
    commit, _, state = str(revision or "").partition(" ")
    return f"{commit[:REVISION]} {state}".strip() or None
