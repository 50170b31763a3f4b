"""How the ratio of two contenders that raced each other has changed from one folder of results to another."""

from __future__ import annotations

from pathlib import Path

from bench.results import changes_words, compare, stats
from bench.results.matching import Matched
from bench.results.schema import Comparison


def raced(pairs: list[Matched]) -> list[tuple[Matched, Matched]]:
    """Return (contender, baseline) for all who raced each other in one run, there and here."""
    races: dict[tuple[Path, Path], list[Matched]] = {}
    for pair in pairs:
        races.setdefault((pair[0].folder, pair[1].folder), []).append(pair)
    found = []
    for race in races.values():
        first = next((pair for pair in race if pair[1].contender.name == pair[1].results.baseline), race[0])
        found += [(pair, first) for pair in race if pair is not first and _namesakes(pair) and _namesakes(first)]
    return found


def _namesakes(pair: Matched) -> bool:
    return pair[0].contender.name == pair[1].contender.name


def shift(contender: Matched, baseline: Matched, quantity: str, family: int, certified: set[str]) -> Comparison | None:
    """Return how the ratio of two contenders has changed; None where one run did not measure it."""
    name, other = contender[0].contender.name, baseline[0].contender.name
    now, before = (
        compare.ratios(entry.results.trials, name, other, quantity) for entry in (contender[0], contender[1])
    )
    if not now or not before:
        return None
    interval = stats.unpaired_ratio(now, before, stats.together(family))
    sound = {contender[0].label, baseline[0].label} <= certified
    ratios = stats.geometric_mean(before), stats.geometric_mean(now)
    return Comparison(
        contender=f"{name} ÷ {other} ({contender[0].run})",
        baseline=f"{name} ÷ {other} ({contender[1].run})",
        quantity=quantity,
        ratio=interval.estimate,
        low=interval.low,
        high=interval.high,
        repeats=interval.repeats,
        paired=False,
        certified=sound,
        verdict=changes_words.shift(
            f"{name} ÷ {other}", quantity, interval, ratios, (len(now), len(before)), family=family, certified=sound
        ),
        family=family,
    )
