"""A run in short, as the screen and the report both show it: a row per contender, conditions, a warning per kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from bench.results import stats
from bench.results.schema import METRICS, Comparison, Contender, Results, RunWarning, Trial

CLOCK = "throughput clock (device synchronised only at the ends of a block): median block, geometric mean of repeats"
"""What "time per step" means."""

CALIBRATES = "handicap"
"""A setting that is none of a contender's own, and is told where it is in use."""

SAID_ELSEWHERE = {"backend", "python"}
"""Settings of a contender that are no condition of a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One contender in the table of a verdict: means over its finished trials, None where nothing was measured."""

    name: str
    framework: str
    finished: int
    """Trials that ended well."""
    trials: int
    """Trials that were begun."""
    trouble: str
    """What became of the others: "1 diverged, 1 failed", or nothing."""
    metric: str
    """What the task is judged by, one of `schema.METRICS`."""
    quality: float | None
    """Its arithmetic mean: a share of one, or an error in the target's own units."""
    quality_deviation: float | None
    """Standard deviation; None below two repeats."""
    test_loss: float | None
    test_loss_deviation: float | None
    step_seconds: float | None
    """Geometric mean, like all times here: so two rows divide to the ratio of a verdict over the same repeats."""
    latency_seconds: float | None
    """Median step of the latency clock."""
    throughput: float | None
    """Samples per second."""
    baseline: bool
    """Whether the others are compared with it."""
    comparison: Comparison | None
    """Its time per training step against the baseline's."""


def names(results: Results) -> list[str]:
    """Return the contenders of a run in the order they were named; those known from trials alone come last."""
    return list(dict.fromkeys([item.name for item in results.contenders] + [item.contender for item in results.trials]))


def metric(results: Results) -> str:
    """Return what the run's task is judged by, one of `schema.METRICS`."""
    measured = {name for trial in results.trials for name in trial.metrics}
    regression = results.dataset is not None and results.dataset.task == "regression"
    return next((name for name in METRICS if name in measured), "test_mae" if regression else "test_accuracy")


def things(results: Results) -> str:
    """Return what the samples of a run are: images, or the rows of a table, which are samples and no more."""
    table = results.dataset is not None and len(results.dataset.input_shape) == 1
    return "samples" if table else "images"


def rows(results: Results) -> list[Row]:
    """Return one row per contender, in the order of the run."""
    known = {contender.name: contender for contender in results.contenders}
    unknown = Contender(name="", backend="", framework="")
    return [_row(results, name, known.get(name, unknown).framework) for name in names(results)]


def _row(results: Results, name: str, framework: str) -> Row:
    trials = [trial for trial in results.trials if trial.contender == name]
    good = [trial for trial in trials if trial.status == "ok"]
    bad = [trial.status for trial in trials if trial.status != "ok"]
    compared = (item for item in results.comparison if item.contender == name and item.quantity == "step_seconds")
    judged = metric(results)
    qualities, losses = (_present(good, quantity) for quantity in (judged, "test_loss"))
    return Row(
        name=name,
        framework=framework,
        finished=len(good),
        trials=len(trials),
        trouble=", ".join(f"{bad.count(status)} {status}" for status in dict.fromkeys(bad)),
        metric=judged,
        quality=_mean(qualities),
        quality_deviation=_deviation(qualities),
        test_loss=_mean(losses),
        test_loss_deviation=_deviation(losses),
        step_seconds=_geometric(_present(good, "step_seconds")),
        latency_seconds=_geometric(_present(good, "latency_p50_seconds")),
        throughput=_geometric(_finite([trial.throughput for trial in good])),
        baseline=name == results.baseline and len(names(results)) > 1,
        comparison=next(compared, None),
    )


def own_settings(results: Results) -> dict[str, dict[str, Any]]:
    """Return, by contender, the settings that the conditions of the whole run do not say already."""
    found = {
        contender.name: {
            key: value
            for key, value in contender.settings.items()
            if key not in SAID_ELSEWHERE and value is not None and value != results.conditions.get(key)
            if key != CALIBRATES or value
        }
        for contender in results.contenders
    }
    return {name: settings for name, settings in found.items() if settings}


def grouped(warnings: Sequence[RunWarning]) -> list[RunWarning]:
    """Return one warning per kind and contender, the first of each, which says how many more there were."""
    groups: dict[tuple[str, str | None], list[RunWarning]] = {}
    for warning in warnings:
        groups.setdefault((warning.kind, warning.contender), []).append(warning)
    return [
        replace(first, message=f"{first.message} (and {len(rest)} more like it)") if rest else first
        for first, *rest in groups.values()
    ]


def _present(trials: Sequence[Trial], quantity: str) -> list[float]:
    return _finite([trial.quantity(quantity) for trial in trials])


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _deviation(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None


def _geometric(values: Sequence[float]) -> float | None:
    positive = [value for value in values if value > 0]
    return stats.geometric_mean(positive) if positive else None


def is_open(results: Results) -> bool:
    """Return whether another sitting could add anything: a trial failed or is missing, and nothing else stopped it.

    What diverged would do so again; so would a gate stop a race again, but for a fingerprint that was not computed.
    """
    planned = results.conditions.get("repeats", 1) * len(results.contenders)
    there = sum(trial.status in ("ok", "diverged") for trial in results.trials)
    again = results.stopped_by_gate and not results.parity.left_nothing
    return not again and (there < planned or results.status in ("running", "interrupted"))
