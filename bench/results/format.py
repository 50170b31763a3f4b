"""Numbers and settings as people read them, on screen and in the report: three significant digits, a unit, a dash."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

MISSING = "–"
"""For what was not measured."""

MINUTES_FROM, MINUTES_TO = 120.0, 1e9
"""Seconds between which a time is better read in minutes and hours."""

BOUNDLESS = 100
"""From this quotient of its ends on, an interval is not printed but called what it is."""

_FLOPS = ((1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"), (1e3, "kFLOP"), (1.0, "FLOP"))
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def significant(value: float | None, digits: int = 3) -> str:
    """Return `value` with that many significant digits, in plain notation: 1234.5 is "1,230", 0.01234 "0.0123"."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places > digits + 5 or places < -12:
        return f"{value:.{digits - 1}e}"
    rounded = round(value, places)
    # 9.996 rounds to 10.00: one digit moves to the front and one must go at the end.
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(places, 0)}f}"


def seconds(value: float | None) -> str:
    """Return a measured time in the unit that suits it: "1.23 ms", "45.6 µs", "12.3 s", "2 min 30 s"."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0 s"
    if MINUTES_FROM <= value < MINUTES_TO:
        return duration(value)
    rounded = float(f"{value:.3g}")
    size, unit = next((item for item in _UNITS if abs(rounded) >= item[0]), _UNITS[-1])
    return f"{significant(value / size)} {unit}"


def duration(value: float | None) -> str:
    """Return a span of time for planning: "8 s", "1 min 20 s", "2 h 5 min"."""
    if value is None or not math.isfinite(value) or value < 0:
        return MISSING
    whole = round(value)
    if value < 1:
        return "less than 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = round(value / 60)
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def rate(value: float | None) -> str:
    """Return samples per second with three significant digits: "12,300"."""
    return significant(value)


def flops(value: float | None) -> str:
    """Return a number of floating-point operations: "42.4 MFLOP"."""
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = float(f"{value:.3g}")
    size, unit = next((item for item in _FLOPS if abs(rounded) >= item[0]), _FLOPS[-1])
    return f"{significant(value / size)} {unit}"


def flop_rate(value: float | None) -> str:
    """Return floating-point operations per second: "212 GFLOP/s"."""
    found = flops(value)
    return found if found == MISSING else f"{found}/s"


def size(value: float | None) -> str:
    """Return a number of bytes: "14.6 GiB", "512 MiB", "32.0 KiB"."""
    if value is None or not math.isfinite(value):
        return MISSING
    power = next((power for power in (4, 3, 2, 1) if abs(value) >= 1024**power * 0.9995), 0)
    return f"{significant(value / 1024**power)} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


def percent(value: float | None, decimals: int = 1) -> str:
    """Return a share of one in percent: 0.972 is "97.2 %"."""
    return MISSING if value is None or not math.isfinite(value) else f"{100 * value:.{decimals}f} %"


def threshold(share: float) -> str:
    """Return a share that somebody has set, in percent and as exactly as it was said: "5 %", "2.25 %"."""
    return f"{100 * share:g} %"


def loss(value: float | None) -> str:
    """Return a loss with three significant digits."""
    return significant(value)


def quality(value: float | None, quantity: str) -> str:
    """Return a value of one of `schema.QUALITIES`: an accuracy in percent, the rest with three significant digits."""
    return percent(value) if quantity == "test_accuracy" else significant(value)


def ratio(value: float | None, decimals: int = 2) -> str:
    """Return a ratio without its sign: "1.32"; fewer decimals from ten on, "12.3", more below a tenth, "0.041"."""
    if value is None or not math.isfinite(value):
        return MISSING
    if 0 < abs(value) < 0.1:
        return significant(value, 2)
    return f"{value:.{decimals}f}" if abs(value) < 9.995 else significant(value)


def interval(low: float | None, high: float | None, places: int | None = None) -> str:
    """Return the two ends of a ratio's interval, "1.28–1.36"; a dash where there is none.

    With as many decimal `places` as tell both from 1.00, if none are given: on which side they lie is the verdict.
    "not resolved" where it says nothing: two repeats that scatter make one from 0.0000034 to 342.
    """
    if low is None or high is None:
        return MISSING
    if says_nothing(low, high):
        return "not resolved"
    places = decimals(low, high) if places is None else places
    return f"{ratio(low, places)}–{ratio(high, places)}"


def says_nothing(low: float, high: float) -> bool:
    """Return whether a ratio's interval holds 1 and reaches so far that its ends are no news to anybody."""
    return low <= 1 <= high and high > BOUNDLESS * low


def decimals(*values: float | None) -> int:
    """Return how many decimals (2 to 5) tell all of these ratios apart from 1.00."""
    distances = [abs(value - 1) for value in values if value is not None and value != 1]
    nearest = min(distances, default=1.0)
    return next((count for count in (2, 3, 4) if nearest >= 0.5 * 10**-count), 5)


def count(number: int, noun: str) -> str:
    """Return "1 repeat", "3 repeats"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: "tf, torch and torch_compile"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def first(items: Sequence[str], most: int) -> list[str]:
    """Return the first of `items`, and how many more there are: ["a", "b", "and 3 more"]."""
    rest = len(items) - most
    return [*items[:most], f"and {rest:,} more"] if rest > 0 else list(items)


def one_line(text: object) -> str:
    """Return `text` on one line, with every character that could drive a terminal shown as "?"."""
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "?" for c in str(text))


def plain(value: Any) -> str:
    """Return any setting in one line: lists joined, mappings as ``name (key value, …)``."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, Mapping):
        name = plain(value["name"]) if "name" in value else ""
        rest = pairs({key: item for key, item in value.items() if key != "name"})
        return f"{name} ({rest})" if name and rest else name or rest
    return str(value)


def pairs(values: Mapping[str, Any]) -> str:
    """Return settings in one line: "device cpu, batch size 64"."""
    return ", ".join(f"{str(key).replace('_', ' ')} {plain(value)}" for key, value in values.items())
