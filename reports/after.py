"""What training ended with: validation and test side by side, mean and spread over the finished repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from bench.results.schema import QUALITIES, Results, Trial
from bench.results.summary import metric, names
from bench.results.words import SPLITS
from reports import format as fmt
from reports.format import number


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One number of the table."""

    mean: str
    deviation: str
    """Empty below two repeats."""


@dataclass(kw_only=True, slots=True)
class After:
    """The table of what training ended with."""

    heads: list[tuple[str, bool]] = field(default_factory=list)
    """Of the columns, and whether what stands beside every accuracy belongs there."""
    rows: dict[str, list[Value]] = field(default_factory=dict)
    """By contender."""
    repeats: dict[str, int] = field(default_factory=dict)
    """By contender: how many finished."""


def view(results: Results) -> After:
    """Return what training ended with in `results`; a quantity that no trial has is no column."""
    judged = metric(results).removeprefix("test_")
    good = {name: [t for t in results.trials if t.contender == name and t.status == "ok"] for name in names(results)}
    kinds = dict.fromkeys([judged, "loss", "kappa"] if judged == "accuracy" else [judged, "loss"])
    quantities = [f"{split}_{kind}" for kind in kinds for split in ("val", "test")]
    there = [name for name in quantities if any(_values(mine, name) for mine in good.values())]
    return After(
        heads=[(_head(name), "loss" not in name) for name in there],
        rows={name: [_value(_values(mine, quantity), quantity) for quantity in there] for name, mine in good.items()},
        repeats={name: len(mine) for name, mine in good.items()},
    )


def _head(quantity: str) -> str:
    split, _, kind = quantity.partition("_")
    return f"{SPLITS[split]} {QUALITIES[f'test_{kind}'].removeprefix('test ')}"


def _values(trials: Sequence[Trial], quantity: str) -> list[float]:
    return [value for trial in trials if (value := number(trial.metrics.get(quantity))) is not None]


def _value(values: Sequence[float], quantity: str) -> Value:
    mean = fmean(values) if values else None
    kind = f"test_{quantity.partition('_')[2]}"
    told = fmt.loss(mean) if kind == "test_loss" else fmt.quality(mean, kind)
    spread = stdev(values) if len(values) > 1 else None
    return Value(mean=told, deviation=fmt.spread(spread, kind) if spread is not None else "")
