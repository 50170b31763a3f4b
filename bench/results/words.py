"""The sentences of a verdict: every one with its interval, its repeats, and what it must not be taken for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.results import format as formats
from bench.results.schema import QUALITIES
from bench.results.stats import Interval

FEW = 3
"""Up to so many repeats an interval is wide by nature (Student's t with two degrees of freedom is 4.3)."""

SPLITS = {"train": "training", "val": "validation", "test": "test"}
"""What people call each split."""

NEGLIGIBLE = {"test_accuracy": 0.0005, "test_kappa": 0.001, "test_mae": 0.001, "test_loss": 0.001}
"""Differences too small to matter, however surely they are resolved: a share of one; of the error; of the loss. Kappa's
is twice the accuracy's: of two equally frequent classes, it moves twice as far."""

SMALL = {"test_accuracy": 0.01, "test_kappa": 0.02, "test_mae": 0.025, "test_loss": 0.05}
"""Widest margin, in the same shares, that may be called agreement: a wider one says only that nothing was resolved."""

WIDEST = {"test_accuracy": 1.0, "test_kappa": 2.0}
"""No difference exceeds these: an accuracy lies between 0 and 1, a kappa between -1 and 1."""

WIDE = 1.1
"""From this quotient of its ends on, an interval is called wide where few repeats are the reason."""

MOST_APART = 4
"""Differences between two runs that a sentence names; tables have them all."""

EQUAL_TIMES = 0.001
"""Ratios of times so close to 1 are no difference: a share of one."""

PHRASES = {
    "step_seconds": "per training step",
    "latency_p50_seconds": "per training step waited for singly (latency, median)",
    "epoch_seconds": "per epoch of real training",
    "target_seconds": "in training until the target was reached",
    "input_seconds": "per batch of the input pipeline alone",
    "first_step_seconds": "in the first step (with tracing and compiling, where there is any)",
    "predict_seconds": "in predicting the test set",
    "import_seconds": "in importing the framework",
}
"""How a sentence names each quantity of `schema.TIMES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Who is held against whom, over how many trials of each, and the remarks that go with it."""

    contender: str
    baseline: str
    repeats: tuple[int, int]
    marks: list[str]
    family: int = 1
    """How many comparisons of the quantity hold their 95 % together."""

    @property
    def count(self) -> str:
        """In words: "5 repeats", or "5 and 3 repeats" of an unpaired comparison."""
        one, other = self.repeats
        return formats.count(one, "repeat") if one == other else f"{one} and {other} repeats"

    @property
    def few(self) -> bool:
        """Whether the interval is wide by nature."""
        return min(self.repeats) <= FEW

    @property
    def together(self) -> str:
        """What follows an interval where several hold together: " for 3 comparisons together"."""
        return together(self.family)

    def remarks(self, *parts: str) -> str:
        """Return the parts and the marks in brackets; nothing where there are none."""
        found = [*parts, *self.marks]
        return f"({', '.join(found)})" if found else ""


def together(family: int) -> str:
    """Return what follows an interval that holds together with others; nothing for one that stands alone."""
    return f" for {family} comparisons together" if family > 1 else ""


def marks(*, paired: bool, certified: bool, note: str = "", apart: Sequence[str] = ()) -> list[str]:
    """Return the remarks that must stand beside a number wherever it is shown.

    `apart` names what else differed between two runs that were made apart, most telling first; a sentence has room for
    the first of them.
    """
    found = [note] if note else []
    if not paired:
        found += ["machine drift not controlled", *formats.first(apart, MOST_APART)]
    if not certified:
        found.append("uncertified")
    return found


def time_verdict(pair: Pair, quantity: str, interval: Interval | None) -> str:
    """Return the sentence for a ratio of times, contender ÷ baseline."""
    phrase = PHRASES[quantity]
    if interval is None:
        why = pair.remarks("no repeat in which both finished")
        return f"{pair.contender} and {pair.baseline} cannot be compared {phrase} {why}"
    estimate, low, high = interval.estimate, interval.low, interval.high
    if low is None or high is None:
        way, factor, _ = _speed(estimate, None, None)
        equal = abs(estimate - 1) <= EQUAL_TIMES
        measured = "the same as" if equal else f"{factor}× {way} than"
        within = f", to within {100 * EQUAL_TIMES:g} %" if equal and way else ""
        return (
            f"{pair.contender} measured {measured} {pair.baseline} {phrase}{within} "
            f"{pair.remarks(pair.count, 'no interval')}"
        )
    if low >= 1 - EQUAL_TIMES and high <= 1 + EQUAL_TIMES:
        return (
            f"{pair.contender} and {pair.baseline} take equally long {phrase}, to within {100 * EQUAL_TIMES:g} % "
            f"{pair.remarks(f'95 % interval {formats.interval(low, high, 4)}{pair.together}', pair.count)}"
        )
    if not interval.resolved(1.0):
        wide = pair.few and high > WIDE * low
        parts = [f"ratio {formats.interval(low, high)}{pair.together}", *(["a wide interval"] if wide else [])]
        if formats.says_nothing(low, high):
            parts = [f"they scatter too far: the ends of the interval lie a factor of over {formats.BOUNDLESS} apart"]
        return (
            f"no difference resolved between {pair.contender} and {pair.baseline} {phrase} "
            f"at {pair.count} {pair.remarks(*parts)}"
        )
    way, factor, ends = _speed(estimate, low, high)
    count = f"wide at {pair.count}" if pair.few and high > WIDE * low else pair.count
    return (
        f"{pair.contender} is {factor}× {way} than {pair.baseline} {phrase} "
        f"{pair.remarks(f'95 % interval {ends}{pair.together}', count)}"
    )


def _speed(estimate: float, low: float | None, high: float | None) -> tuple[str, str, str]:
    """Return the direction in words, the factor (above 1) and its interval, for a ratio of times."""
    if estimate == 1:
        return "", formats.ratio(1.0), formats.interval(low, high)
    if estimate < 1:
        estimate, low, high = 1 / estimate, 1 / high if high else None, 1 / low if low else None
        way = "faster"
    else:
        way = "slower"
    places = formats.decimals(estimate, low, high)
    ends = formats.interval(low, high, places)
    if low is not None and high is not None and high > formats.BOUNDLESS * low:
        ends = f"{formats.ratio(low, places)} and more"
    return way, formats.ratio(estimate, places), ends


def quality_verdict(pair: Pair, quantity: str, interval: Interval | None, *, level: float) -> str:
    """Return the sentence for a difference of quality, contender − baseline; `level` is the baseline's own value.

    "Agree within" is for a small margin alone, the far end of the interval: a difference that is not resolved
    within a wide one is no agreement, and reads so. No difference of accuracies exceeds 100 points.
    """
    name = QUALITIES[quantity]
    who = f"{pair.contender} and {pair.baseline}"
    if interval is None:
        return f"{who} cannot be compared in {name} {pair.remarks('no repeat in which both finished')}"
    estimate, low, high = interval.estimate, interval.low, interval.high
    if low is None or high is None:
        if estimate == 0:
            return f"{who} measured the same {name} {pair.remarks(pair.count, 'no interval')}"
        way = _higher(pair, estimate)
        return (
            f"{who} measured {_amount(quantity, abs(estimate))} apart in {name} "
            f"{pair.remarks(way, pair.count, 'no interval')}"
        )
    if quantity in WIDEST:
        low, high = max(low, -WIDEST[quantity]), min(high, WIDEST[quantity])
    margin = max(abs(low), abs(high))
    if margin == 0:
        return f"{who} have the same {name} in each of the {pair.count} {pair.remarks()}".rstrip()
    count = f"wide at {pair.count}" if pair.few and margin > negligible(quantity, level) else pair.count
    small = SMALL[quantity] * _unit(quantity, level)
    if margin <= negligible(quantity, level) or (margin <= small and not interval.resolved(0.0)):
        return (
            f"{who} agree in {name} within ±{_amount(quantity, margin)} {pair.remarks(f'95 %{pair.together}', count)}"
        )
    if not interval.resolved(0.0):
        ends = f"{_signed(quantity, low)} to {_signed(quantity, high)}"
        reach = f"{ends} points" if quantity == "test_accuracy" else ends
        return (
            f"no difference resolved in {name} between {pair.contender} and {pair.baseline} "
            f"{pair.remarks(reach, f'95 %{pair.together}', count)}"
        )
    near, far = sorted((abs(low), abs(high)))
    between = f"{_bare(quantity, near)}–{_bare(quantity, far)}"
    return (
        f"{who} differ by {_amount(quantity, abs(estimate))} in {name} "
        f"{pair.remarks(_higher(pair, estimate), f'95 % interval {between}{pair.together}', count)}"
    )


def negligible(quantity: str, level: float) -> float:
    """Return the difference of quality below which two are equal for every purpose; `level` is the baseline's value."""
    return NEGLIGIBLE[quantity] * _unit(quantity, level)


def _unit(quantity: str, level: float) -> float:
    """Return what a share is of: accuracies and kappas differ in shares of one, the rest in the baseline's."""
    return 1.0 if quantity in WIDEST else level


def _higher(pair: Pair, difference: float) -> str:
    return f"{pair.contender if difference > 0 else pair.baseline} higher"


def _amount(quantity: str, value: float) -> str:
    """Return a difference with its unit: points (of a percentage) for an accuracy, none for an error or a loss."""
    return f"{_bare(quantity, value)} points" if quantity == "test_accuracy" else _bare(quantity, value)


def _signed(quantity: str, value: float) -> str:
    return f"{'−' if value < 0 else '+'}{_bare(quantity, abs(value))}"  # a minus, as it is set


def _bare(quantity: str, value: float) -> str:
    if quantity != "test_accuracy":
        return formats.significant(value, 2)
    points = 100 * value
    return f"{points:.1f}" if points >= 0.1 else formats.significant(points, 1)
