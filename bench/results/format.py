"""Numbers as people read them: three significant digits, a unit, and a dash for what was not measured."""

from __future__ import annotations

import math

MISSING = "–"

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
    """Return a measured time in the unit that suits it: "1.23 ms", "45.6 µs", "12.3 s"."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0 s"
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


def percent(value: float | None, decimals: int = 1) -> str:
    """Return a share of one in percent: 0.972 is "97.2 %"."""
    return MISSING if value is None or not math.isfinite(value) else f"{100 * value:.{decimals}f} %"


def loss(value: float | None) -> str:
    """Return a loss with three significant digits."""
    return significant(value)


def ratio(value: float | None, decimals: int = 2) -> str:
    """Return a ratio without its sign: "1.32"; fewer decimals from ten on, "12.3", "123"."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.{decimals}f}" if abs(value) < 9.995 else significant(value)


def interval(low: float | None, high: float | None, decimals: int = 2) -> str:
    """Return the two ends of a ratio's interval, "1.28–1.36"; a dash where there is none."""
    return MISSING if low is None or high is None else f"{ratio(low, decimals)}–{ratio(high, decimals)}"


def decimals(*values: float | None) -> int:
    """Return how many decimals (2 to 5) tell all of these ratios apart from 1.00."""
    distances = [abs(value - 1) for value in values if value is not None and value != 1]
    nearest = min(distances, default=1.0)
    return next((count for count in (2, 3, 4) if nearest >= 0.5 * 10**-count), 5)


def count(number: int, noun: str) -> str:
    """Return "1 repeat", "3 repeats"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
