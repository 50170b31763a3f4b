"""Numbers as people read them: with units, to a sensible number of digits, an en dash where there is none."""

from __future__ import annotations

import math
from typing import Any

NONE = "–"
GAP = "\u202f"
"""Between a number and its unit: narrow, and never broken over lines."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Any) -> float | None:
    """Return `value` as a finite float, or None where it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def digits(value: float, figures: int = 3) -> str:
    """Return `value` with `figures` significant digits, thousands separated: 1.23, 45.7, 12,346."""
    if value == 0:
        return "0"
    # Through text, so that 0.99999 is rounded up before its digits are counted.
    exponent = int(f"{value:.{figures - 1}e}".split("e")[1])
    if not -5 <= exponent <= 14:
        return scientific(value)
    return f"{value:,.{max(0, figures - 1 - exponent)}f}"


def seconds(value: Any) -> str:
    """Return a time with its fitting unit: 850 ns, 1.23 ms, 4.56 s, 12 min 3 s."""
    found = number(value)
    if found is None:
        return NONE
    size = abs(found)
    if size >= 120:
        minutes, rest = divmod(round(size), 60)
        hours, minutes = divmod(minutes, 60)
        sign = "−" if found < 0 else ""
        return f"{sign}{hours:,} h {minutes} min" if hours else f"{sign}{minutes} min {rest} s"
    for limit, factor, unit in ((1, 1, "s"), (1e-3, 1e3, "ms"), (1e-6, 1e6, "µs")):
        if size >= limit * 0.9995 or size == 0:
            return f"{digits(found * factor)}{GAP}{unit}"
    return f"{digits(found * 1e9)}{GAP}ns"


def percent(value: Any) -> str:
    """Return a share as percent: 97.2 %."""
    found = number(value)
    return NONE if found is None else f"{100 * found:.1f}{GAP}%"


def points(value: Any) -> str:
    """Return a share as a number of percentage points with two digits, for the spread beside a percentage."""
    found = number(value)
    return NONE if found is None else f"{100 * found:.2f}"


def loss(value: Any) -> str:
    """Return a loss with four digits."""
    found = number(value)
    return NONE if found is None else digits(found, 4)


def deviation(value: Any) -> str:
    """Return a standard deviation with two digits."""
    found = number(value)
    return NONE if found is None else digits(found, 2)


def count(value: Any) -> str:
    """Return a whole number with its thousands separated: 300,938."""
    found = number(value)
    if found is None:
        return NONE
    return f"{round(found):,}" if abs(found) < 1e15 else scientific(found)


def rate(value: Any) -> str:
    """Return images per second: 45,678."""
    found = number(value)
    if found is None:
        return NONE
    return count(found) if abs(found) >= 100 else digits(found)


def flops(value: Any) -> str:
    """Return a number of floating-point operations: 0.60 MFLOP."""
    found = number(value)
    if found is None:
        return NONE
    for factor, unit in ((1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"), (1e3, "kFLOP")):
        if abs(found) >= factor:
            return f"{digits(found / factor)}{GAP}{unit}"
    return f"{count(found)}{GAP}FLOP"


def ratio(value: Any) -> str:
    """Return a ratio: 0.76×."""
    found = number(value)
    return NONE if found is None else f"{_ratio_digits(found)}×"


def interval(low: Any, high: Any) -> str:
    """Return an interval of ratios: 0.73–0.79; empty where a bound is missing."""
    one, other = number(low), number(high)
    if one is None or other is None:
        return ""
    return f"{_ratio_digits(one)}–{_ratio_digits(other)}"


def _ratio_digits(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= abs(value) < 100 else digits(value, 2)


def scientific(value: Any) -> str:
    """Return an error or a tolerance: 3.1 × 10⁻¹³."""
    found = number(value)
    if found is None:
        return NONE
    if found == 0:
        return "0"
    mantissa, exponent = f"{found:.1e}".split("e")
    power = str(int(exponent)).translate(_SUPERSCRIPT)
    return f"10{power}" if mantissa == "1.0" else f"{mantissa}{GAP}×{GAP}10{power}"


def difference(value: Any, quantity: str) -> str:
    """Return a signed difference of quality: +0.12 points for an accuracy, −0.003 for a loss."""
    found = number(value)
    if found is None:
        return NONE
    if "accuracy" in quantity:
        return f"{100 * found:+.2f}".replace("-", "−")
    return ("+" if found >= 0 else "−") + digits(abs(found))


def plain(value: Any) -> str:
    """Return any setting in one line: lists joined, mappings as ``name (key value, …)``."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        rest = ", ".join(f"{key} {plain(item)}" for key, item in value.items() if key != "name")
        name = plain(value["name"]) if "name" in value else ""
        return f"{name} ({rest})" if name and rest else name or rest
    return str(value)
