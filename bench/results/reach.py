"""Time to accuracy: how long each contender trained until the validation first came up to ``train.target``.

Seconds are those of training alone, without the evaluations; the validation is asked after each epoch, so a time is
known to within one epoch. A repeat that did not get there is *censored*: its time is longer than its training was,
and no more is known. It stays in the share and in the median; to leave it out would favour whoever gets there only
when it is quick. For the same reason no ratio is taken where any repeat is censored. A trial that diverged is
censored too; one that failed says nothing, and is not counted.

Sources: D. G. Altman and J. M. Bland, "Time to event (survival) data", BMJ 317 (1998); C. Coleman et al., "DAWNBench:
an end-to-end deep learning benchmark and competition", NIPS ML Systems Workshop (2017), for the quantity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.results import format as formats
from bench.results.schema import Results, Trial
from bench.results.summary import metric, names

QUANTITY = "target_seconds"
"""The name of the time in `schema.TIMES`."""

Block = tuple[int, int]
"""A repeat and its seed: what contenders share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """How one contender came to the target."""

    contender: str
    repeats: int
    """Trials that trained, to the end or until they diverged."""
    got_there: int
    seconds: float | None
    """Median over all of them; None where it is known from below only, or nobody trained."""
    at_least: float | None
    """What the median is longer than, where it is known from below only."""


def moment(rows: Sequence[Mapping[str, float]], target: float, judged: str) -> tuple[float, bool] | None:
    """Return (seconds of training until the target was first reached, True), or (seconds of all, False) where never.

    `rows` are those of ``epochs.csv``, with ``seconds`` and ``val_accuracy`` (at least `target`) or ``val_mae`` (at
    most); `judged` is ``accuracy`` or ``mae``. None where there is no epoch.
    """
    spent = 0.0
    for row in rows:
        spent += row["seconds"]
        value = row.get(f"val_{judged}", math.nan)
        if value >= target if judged == "accuracy" else value <= target:
            return spent, True
    return (spent, False) if rows else None


def target(results: Results) -> float | None:
    """Return the run's ``train.target``, or None where none was set."""
    train = results.config.get("train")
    value = train.get("target") if isinstance(train, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def reached(results: Results, contender: str) -> Reached:
    """Return how `contender` came to the target, over its repeats."""
    found = list(_blocks(results.trials, contender).values())
    least = [seconds for seconds, _ in found]
    most = [seconds if there else math.inf for seconds, there in found]
    low, high = (median(values) if values else math.inf for values in (least, most))
    known = low == high and math.isfinite(low)
    return Reached(
        contender=contender,
        repeats=len(found),
        got_there=sum(there for _, there in found),
        seconds=low if known else None,
        at_least=low if found and not known else None,
    )


def outcomes(trials: Sequence[Trial], contender: str) -> list[tuple[float, bool]]:
    """Return by repeat (seconds of training until the target was first reached, or of all of it; whether it was)."""
    return list(_blocks(trials, contender).values())


def complete(trials: Sequence[Trial], contenders: Sequence[str]) -> bool:
    """Return whether every repeat of all `contenders` got to one and the same target: else a ratio would be biased."""
    found = [item for name in contenders for item in _blocks(trials, name).values()]
    mine = {trial.target for trial in trials if trial.contender in contenders}
    return bool(found) and len(mine) == 1 and all(there for _, there in found)


def sentences(results: Results) -> list[str]:
    """Return what a run says of time to accuracy: a sentence per contender, then one per comparison."""
    if target(results) is None:
        return []
    every = [found for name in names(results) if (found := reached(results, name)).repeats]
    said = goal(results)
    verdicts = {item.contender: item.verdict for item in results.comparison if item.quantity == QUANTITY}
    base = next((item for item in every if item.contender == results.baseline), None)
    others = [item for item in every if item is not base]
    compared = [verdicts.get(item.contender) or _why_not(item, base) for item in others] if base else []
    return [_told(item, said) for item in every] + compared


def _blocks(trials: Sequence[Trial], contender: str) -> dict[Block, tuple[float, bool]]:
    """Return (seconds, whether it got there) by block; a trial that was made again replaces the earlier one."""
    return {
        (trial.repeat, trial.seed): found
        for trial in trials
        if trial.contender == contender and (found := _outcome(trial)) is not None
    }


def _outcome(trial: Trial) -> tuple[float, bool] | None:
    seconds, there = trial.target_seconds, trial.target_reached
    if trial.status not in ("ok", "diverged") or seconds is None or there is None:
        return None
    return (seconds, there and trial.status == "ok") if math.isfinite(seconds) and seconds > 0 else None


def goal(results: Results) -> str:
    """Return the target in words: "a validation accuracy of 95 %", "a validation MAE of 45"."""
    value = target(results) or 0.0
    mark = f" ({results.dataset.mark})" if results.dataset and results.dataset.mark else ""
    if metric(results) == "test_accuracy":
        return f"a validation accuracy of {100 * value:.6g} %{mark}"
    return f"a validation MAE of {value:.6g}{mark}"


def _told(found: Reached, goal: str) -> str:
    repeats = formats.count(found.repeats, "repeat")
    if not found.got_there:
        spent = formats.seconds(found.at_least)
        return f"{found.contender} did not reach {goal} in any of {repeats}, in {spent} of training"
    if found.seconds is None:
        time = f"> {formats.seconds(found.at_least)} of training (median; too many did not get there to say more)"
    else:
        kept = "; who did not get there counts as longer" if found.got_there < found.repeats else ""
        time = f"{formats.seconds(found.seconds)} of training (median, to within an epoch{kept})"
    return f"{found.contender} reached {goal} in {found.got_there} of {repeats}, after {time}"


def _why_not(found: Reached, base: Reached) -> str:
    late = [
        f"{formats.count(item.repeats - item.got_there, 'repeat')} of {item.contender}"
        for item in (found, base)
        if item.got_there < item.repeats
    ]
    why = f"{' and '.join(late)} did not get there, and without them it would be biased" if late else "none has both"
    return f"no ratio of {found.contender} to {base.contender} in time to that: {why}"
