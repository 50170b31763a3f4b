"""Charts of speed: the distribution of step latencies, and where a trial's time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from matplotlib.axes import Axes

from bench.results.schema import Trial
from reports.figure import Chart, Margins, canvas, finish, label, log_ticks, without_heights
from reports.format import number, seconds, share
from reports.frames import Array
from reports.load import Run
from reports.palette import INK, LIGHT
from reports.reading import Reading, Series

LATENCY_BINS = 60


def draw(run: Run, colours: Mapping[str, int], prefix: str, png: bool) -> list[Chart]:
    """Return latency distribution and phases, where `run` has data for them."""
    charts = [_latencies(run, colours, prefix, png), _phases(run, colours, prefix, png)]
    return [chart for chart in charts if chart]


def _names(run: Run) -> list[str]:
    return list(dict.fromkeys(item.trial.contender for item in run.trials))


def _latencies(run: Run, colours: Mapping[str, int], prefix: str, png: bool) -> Chart | None:
    pools: dict[str, list[Array]] = {}
    for item in run.trials:
        if item.latencies is not None:
            pools.setdefault(item.trial.contender, []).append(item.latencies)
    if not pools:
        return None
    every = np.concatenate([part for parts in pools.values() for part in parts])
    low, high = every.min(), max(np.quantile(every, 0.995), every.min() * 1.05)
    edges = np.geomspace(low * 0.98, high * 1.02, LATENCY_BINS + 1)
    beyond = int((every > edges[-1]).sum())
    reading = Reading(across="around", unit="ms", factor=1e3)
    with canvas(0.75 + 0.85 * len(pools), margins=Margins(left=0.26, right=0.26)) as (figure, axes):
        for row, name in enumerate(pools):
            heights = _ridge(axes, -float(row), pools[name], edges, LIGHT[colours[name]])
            reading.series.append(_told(name, colours[name], -float(row), heights, edges))
            axes.text(0, -row + 0.62, label(name, 40), transform=axes.get_yaxis_transform(), va="center")
        axes.set_xscale("log")
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(-len(pools) + 0.85, 0.85)
        without_heights(axes)
        log_ticks(axes, _time_candidates(axes), _tick)
        axes.set_xlabel("time per step, device synchronised after every step (log scale)")
        rest = f" {beyond:,} of {every.size:,} steps lie beyond the right edge." if beyond else ""
        return finish(
            figure,
            key="latency",
            title="Distribution of step latencies",
            note=f"All repeats together; line: p50, dots: p95 and p99.{rest}",
            prefix=prefix,
            png=png,
            reading=reading,
        )


def _ridge(axes: Axes, base: float, parts: list[Array], edges: Array, colour: str) -> Array:
    """Draw one contender's histogram on `base`; return the share of its steps in every bin."""
    pooled = np.concatenate(parts)
    counts = np.histogram(pooled, edges)[0].astype(np.float64)
    heights = counts * 0.5 / max(counts.max(), 1.0)
    axes.stairs(base + heights, edges, baseline=base, fill=True, color=colour, alpha=0.45)
    axes.stairs(base + heights, edges, baseline=base, color=colour, linewidth=0.9)
    middle, *tails = np.quantile(pooled, [0.5, 0.95, 0.99])
    axes.plot([middle, middle], [base, base + 0.56], color=INK, linewidth=1.4)
    axes.text(middle, base + 0.6, f" p50 {seconds(float(middle))}", ha="left", va="bottom", fontsize=8)
    axes.plot(tails, [base + 0.05] * 2, linestyle="", marker="o", markersize=3.5, color=INK)
    return counts / pooled.size


def _told(name: str, colour: int, base: float, shares: Array, edges: Array) -> Series:
    heights = base + shares * 0.5 / max(shares.max(), 1e-12)
    texts = [f"{share(value)} of steps" for value in shares]
    return Series(name=name, colour=colour, x=np.sqrt(edges[:-1] * edges[1:]), y=heights, texts=texts)


def _time_candidates(axes: Axes) -> list[float]:
    """Return round numbers of time within the axis, the roundest first."""
    low, high = np.log10(axes.get_xlim())
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    steps = (1, 2, 5, 3, 1.5, 4, 7, *np.arange(1.1, 10, 0.1))
    return [float(f"{step * 10.0**power:.6g}") for step in steps for power in decades]


def _tick(value: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if value * factor >= 0.9995:
            return f"{value * factor:.3g} {unit}"
    return f"{value:.1g} s"


def _phases(run: Run, colours: Mapping[str, int], prefix: str, png: bool) -> Chart | None:
    trials = [item.trial for item in run.trials]
    found = {name: phases for name in _names(run) if (phases := phase_medians(trials, name))}
    if not found:
        return None
    reading = Reading(nearest=True)
    with canvas(0.8 + 0.8 * len(found), margins=Margins(left=0.1)) as (figure, axes):
        total = max(sum(phases.values()) for phases in found.values())
        if total <= 0:
            return None
        for row, (name, phases) in enumerate(found.items()):
            left, texts, middles = 0.0, [], []
            for place, (phase, value) in enumerate(phases.items()):
                alpha = 0.9 if place % 2 == 0 else 0.5
                axes.barh(-row, value, left=left, height=0.34, color=LIGHT[colours[name]], alpha=alpha)
                texts.append(f"{phase} {seconds(value)}")
                middles.append(left + value / 2)
                if value > total * 0.015 * (len(phase) + 1):
                    axes.text(left + value / 2, -row - 0.2, phase, ha="center", va="top", fontsize=8)
                left += value
            title = f"{label(name, 40)}  {seconds(left)}"
            rows = np.full(len(middles), -float(row))
            reading.series.append(Series(name=name, colour=colours[name], x=np.array(middles), y=rows, texts=texts))
            axes.text(0, -row + 0.3, title, transform=axes.get_yaxis_transform(), va="center")
        axes.set_xlim(0, total * 1.01)
        axes.set_ylim(-len(found) + 0.45, 0.5)
        without_heights(axes)
        axes.set_xlabel("seconds of one trial (median over repeats)")
        return finish(
            figure,
            key="phases",
            title="Where a trial's time goes",
            note="Phases in order; narrow ones are unnamed here and listed in the table of phases.",
            prefix=prefix,
            png=png,
            reading=reading,
        )


def phase_medians(trials: Sequence[Trial], contender: str) -> dict[str, float]:
    """Return a contender's seconds by phase, the median over its repeats, in the order they ran."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        if trial.contender != contender:
            continue
        for phase, value in trial.phases.items():
            if (known := number(value)) is not None and known >= 0:
                found.setdefault(phase, []).append(known)
    return {phase: median(values) for phase, values in found.items()}
