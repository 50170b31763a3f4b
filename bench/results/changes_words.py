"""The sentences of a comparison of folders: changed ratios, and why something is not compared."""

from __future__ import annotations

from collections.abc import Sequence

from bench.results import format as formats
from bench.results.apart import Entry
from bench.results.schema import Contender, Results
from bench.results.stats import Interval
from bench.results.words import PHRASES, Pair

STATES = {"running": "has not come to its end (still running, or killed)", "failed": "failed"}
STATES |= {"interrupted": "was interrupted"}


def unfinished(name: str, results: Results) -> str:
    """Return a sentence on a run that did not come to a good end; nothing for one that did."""
    if results.status == "ok":
        return ""
    done = sum(trial.status == "ok" for trial in results.trials)
    state = STATES.get(results.status, f"ended as {results.status!r:.40}")
    return f"{name} {state}: what is compared are its {formats.count(done, 'finished trial')}"


def contentless(results: Results) -> str:
    """Return why a run is of no work that could be compared."""
    if results.contenders and results.trials:
        return "it does not say what work it was given: it was made by an earlier Parallax"
    return f"it came to nothing{f' ({results.message})' if results.message else ''}"


def unmatched(contender: Contender, others: Sequence[Contender], side: str, reference: str) -> str:
    """Return why a contender of the reference has no counterpart among the `others`, those of a later folder."""
    name, namesakes = contender.name, [item for item in others if item.name == contender.name]
    if any(item.backend == contender.backend for item in namesakes):
        return f"there are several of it, and in {side} none, or more than one, ran under the same conditions"
    if namesakes:
        return f"{name} is {contender.framework} in {reference} and {namesakes[0].framework} in {side}"
    return f"{side} has no contender {name}, but {formats.listed([item.name for item in others])}"


def lacking(entry: Entry, quantity: str) -> str:
    """Return why a contender's repeats are too few to judge a quantity of time by; nothing where they are enough."""
    planned, finished, measured = entry.planned(), entry.finished(), entry.measured(quantity)
    if planned is not None and finished < planned:
        return f"{entry.label} finished {finished} of {formats.count(planned, 'repeat')}"
    if not finished:
        return f"no repeat of {entry.label} finished"
    if not measured:
        return f"no repeat of {entry.label} measured {quantity}"
    return f"one repeat of {entry.label} gives no interval" if measured == 1 else ""


def new(names: Sequence[str], side: str, reference: str, work: str) -> str:
    """Return a sentence on contenders that only the later folder has."""
    verb = "is" if len(names) == 1 else "are"
    return f"{formats.listed(names)}, {work}, {verb} in {side} alone, not in {reference}"


def shift(
    what: str,
    quantity: str,
    interval: Interval,
    ratios: tuple[float, float],
    repeats: tuple[int, int],
    *,
    family: int,
    certified: bool,
) -> str:
    """Return the sentence for a changed ratio; `ratios` are those before and now, `repeats` those now and before."""
    pair = Pair(contender="", baseline="", repeats=repeats, marks=[] if certified else ["uncertified"], family=family)
    phrase = PHRASES[quantity]
    before, now = (formats.ratio(value) for value in ratios)
    if interval.low is None or interval.high is None:
        told = pair.remarks(pair.count, "no interval")
        return f"{what} measured {before} before and {now} now {phrase} {told}"
    places = formats.decimals(interval.estimate, interval.low, interval.high)
    ends = formats.interval(interval.low, interval.high, places)
    factor = formats.ratio(interval.estimate, places)
    if not interval.resolved(1.0):
        told = pair.remarks(f"change {ends}{pair.together}", pair.count)
        return f"no change resolved of {what} {phrase}: {before} before, {now} now {told}"
    way = "rose" if interval.estimate > 1 else "fell"
    told = pair.remarks(f"95 % interval {ends}{pair.together}", pair.count)
    return f"{what} {way} from {before} to {now} {phrase}, a factor of {factor} {told}"
