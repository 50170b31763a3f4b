"""The numbers of `bench.results.format` as a page sets them, and those that only a page shows."""

from __future__ import annotations

import math
from typing import Any

from bench.results import attained_words
from bench.results import format as formats

NONE = formats.MISSING
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


def seconds(value: Any) -> str:
    """Return a time with its fitting unit: 850 ns, 1.23 ms, 4.56 s, 12 min 3 s."""
    return formats.seconds(number(value)).replace(" ", GAP)


def size(value: Any) -> str:
    """Return a number of bytes: 14.6 GiB."""
    return formats.size(number(value)).replace(" ", GAP)


def with_unit(value: Any, unit: str) -> str:
    """Return three digits and a unit: 2,600 MHz; a dash without the unit where there is no number."""
    found = number(value)
    return NONE if found is None else f"{formats.significant(found)}{GAP}{unit}"


def signed(value: Any) -> str:
    """Return a difference of times: +1.23 ms, −45.6 µs."""
    found = number(value)
    if found is None:
        return NONE
    return ("−" if found < 0 else "+" if found > 0 else "") + seconds(abs(found))


def weight(value: Any) -> str:
    """Return the weight of a class: 1.32."""
    return formats.significant(number(value))


def percent(value: Any) -> str:
    """Return a share as percent: 97.2 %."""
    return formats.percent(number(value)).replace(" ", GAP)


def quality(value: Any, quantity: str) -> str:
    """Return a value of the task's metric: an accuracy as percent, an error with three significant digits."""
    return formats.quality(number(value), quantity).replace(" ", GAP)


def spread(value: Any, quantity: str) -> str:
    """Return its standard deviation with two digits: of an accuracy in percentage points."""
    return points(value) if "accuracy" in quantity else deviation(value)


def share(value: Any) -> str:
    """Return a part of a whole: 27.0 %, and what is too small for that as "< 0.1 %"."""
    found = number(value)
    return f"<{GAP}0.1{GAP}%" if found is not None and 0 < found < 0.0005 else percent(found)


def points(value: Any) -> str:
    """Return a share as a number of percentage points with two digits, for the spread beside a percentage."""
    found = number(value)
    return NONE if found is None else f"{100 * found:.2f}"


def loss(value: Any) -> str:
    """Return a loss: 0.0839."""
    return formats.loss(number(value))


def deviation(value: Any) -> str:
    """Return a standard deviation with two digits."""
    return formats.significant(number(value), 2)


def count(value: Any) -> str:
    """Return a whole number with its thousands separated: 300,938."""
    found = number(value)
    if found is None:
        return NONE
    return f"{round(found):,}" if abs(found) < 1e15 else scientific(found)


def rate(value: Any) -> str:
    """Return samples per second: 45,700."""
    return formats.rate(number(value))


def flops(value: Any) -> str:
    """Return a number of floating-point operations: 42.4 MFLOP."""
    return formats.flops(number(value)).replace(" ", GAP)


def flop_rate(value: Any) -> str:
    """Return floating-point operations per second: 212 GFLOP/s."""
    return formats.flop_rate(number(value)).replace(" ", GAP)


def part(value: Any) -> str:
    """Return a share with two significant digits, however small: 5.8 %, 0.041 %."""
    found = number(value)
    return NONE if found is None else attained_words.percent(found).replace(" ", GAP)


def ratio(value: Any) -> str:
    """Return a ratio with its sign: 0.76×."""
    found = number(value)
    return NONE if found is None else f"{formats.ratio(found)}×"


def interval(low: Any, high: Any) -> str:
    """Return an interval of ratios: 0.73–0.79; empty where a bound is missing."""
    one, other = number(low), number(high)
    return "" if one is None or other is None else formats.interval(one, other)


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
    """Return a signed difference of quality: +0.12 points for an accuracy, −0.003 for an error or a loss."""
    found = number(value)
    if found is None:
        return NONE
    if "accuracy" in quantity:
        return f"{100 * found:+.2f}".replace("-", "−")
    return ("+" if found >= 0 else "−") + formats.significant(abs(found))
