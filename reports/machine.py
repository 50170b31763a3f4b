"""The machine, what was in force in each contender's processes, and what the system counted of each trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.results.format import MISSING, plain
from bench.results.schema import Results, Trial
from reports import format as fmt

UNITS: dict[str, Callable[[Any], str]] = {
    "_bytes": fmt.size,
    "_mhz": lambda value: fmt.with_unit(value, "MHz"),
    "_celsius": lambda value: fmt.with_unit(value, "°C"),
    "_watts": lambda value: fmt.with_unit(value, "W"),
    "_seconds": fmt.seconds,
}
"""How a number is shown, by how its name ends."""

SAID_ELSEWHERE = {"framework", "versions", "retraces"}
"""Of a trial's environment."""

MOST = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What the system and the driver counted of one trial, set for the page."""

    contender: str
    repeat: int
    cpu: str
    """CPU time over wall time: how many CPUs it kept busy."""
    switches: str
    """Involuntary context switches per second."""
    faults: str
    waiting: str
    """Share of its time in which any thread of the machine was ready and had no CPU."""
    device: str
    energy: str


def facts(value: dict[str, Any]) -> list[tuple[str, str]]:
    """Return nested facts as lines, names in words and numbers with the units that their names say."""
    return _lines(value, (), None)[:MOST]


def _lines(value: Any, name: tuple[str, ...], unit: str | None) -> list[tuple[str, str]]:
    """Return the lines of one fact and of those below it, which have its unit."""
    if isinstance(value, dict):
        found = []
        for key, item in value.items():
            end = next((end for end in UNITS if str(key).endswith(end)), None)
            # Variables keep their names: nobody sets "omp num threads".
            words = str(key).removesuffix(end or "").replace("_", " ") if str(key).islower() else str(key)
            found += _lines(item, (*name, words), end or unit)
        return found
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        many = len(value) > 1
        return [
            line
            for number, item in enumerate(value, start=1)
            for line in _lines(item, (*name, str(number)) if many else name, unit)
        ]
    shown = "none" if value == [] else UNITS[unit](value) if unit and fmt.number(value) is not None else plain(value)
    return [(" ".join(name), shown)]


def in_force(results: Results, contender: str) -> list[tuple[str, str]]:
    """Return versions of libraries, build flags and threads in the contender's last trial that told them."""
    told = [
        trial.environment for trial in results.trials if trial.contender == contender and len(trial.environment) > 1
    ]
    last = told[-1] if told else {}
    shown = {key: value for key, value in last.items() if key not in SAID_ELSEWHERE and value not in ("", None)}
    return facts(shown)


def counted(results: Results) -> list[Counted]:
    """Return a row for each trial of which anything was counted."""
    return [_row(trial) for trial in results.trials if trial.usage or trial.energy_joules or "device" in trial.memory]


def _row(trial: Trial) -> Counted:
    wall = sum(number for value in trial.phases.values() if (number := fmt.number(value)) is not None)

    def per_second(name: str) -> float | None:
        found = fmt.number(trial.usage.get(name))
        return None if found is None or wall <= 0 else found / wall

    late, all_faults = trial.usage.get("late_major_faults"), fmt.count(trial.usage.get("major_faults"))
    cpu, switches = per_second("cpu_seconds"), per_second("involuntary_switches")
    return Counted(
        contender=trial.contender,
        repeat=trial.repeat + 1,
        cpu=fmt.rate(cpu),
        switches=fmt.rate(switches),
        faults=all_faults if fmt.number(late) is None else f"{all_faults} ({fmt.count(late)} after the first step)",
        waiting=fmt.percent(per_second("waiting_seconds")),
        device=fmt.size(trial.memory.get("device")),
        energy=fmt.with_unit(trial.energy_joules, "J") if trial.energy_joules is not None else MISSING,
    )
