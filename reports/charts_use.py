"""Charts of what a contender needs beside the training step: prediction by batch size, and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from bench.results.format import rate
from bench.results.schema import Results, Trial
from bench.results.summary import names
from reports.figure import Chart, canvas, finish, label, legend, without_heights
from reports.format import number, size
from reports.palette import LIGHT

MIB = 2.0**20


def draw(results: Results, things: str, colours: Mapping[str, int], prefix: str, png: bool) -> list[Chart]:
    """Return the charts that the finished trials of `results` have numbers for; `things` is what its samples are."""
    good = {name: [t for t in results.trials if t.contender == name and t.status == "ok"] for name in names(results)}
    charts = [_rates(good, things, colours, prefix, png), _memory(good, colours, prefix, png)]
    return [chart for chart in charts if chart]


def _rates(
    good: Mapping[str, Sequence[Trial]], things: str, colours: Mapping[str, int], prefix: str, png: bool
) -> Chart | None:
    lines = {name: [_line(trial) for trial in mine if len(trial.predict_rates) > 1] for name, mine in good.items()}
    lines = {name: [line for line in mine if len(line) > 1] for name, mine in lines.items()}
    sizes = sorted({batch for mine in lines.values() for line in mine for batch in line})
    if not sizes:
        return None
    with canvas(2.9) as (figure, axes):
        for name, mine in lines.items():
            if not mine:
                continue
            colour = LIGHT[colours.get(name, 0)]
            for line in mine:
                axes.plot(list(line), list(line.values()), color=colour, linewidth=0.6, alpha=0.4)
            shared = [batch for batch in sizes if all(batch in line for line in mine)]
            means = [float(np.exp(np.mean([np.log(line[batch]) for line in mine]))) for batch in shared]
            axes.plot(shared, means, color=colour, linewidth=2, marker="o", markersize=4, label=label(name))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(sizes, [f"{batch:,}" for batch in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: rate(value)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("batch size (log scale)")
        axes.set_ylabel(f"{things} per second (log scale)")
        legend(axes)
        return finish(
            figure,
            key="predict-rates",
            title="Prediction by batch size",
            note="The forward pass of one batch on the device, again and again. Thin: every repeat. Thick: their mean.",
            prefix=prefix,
            png=png,
        )


def _line(trial: Trial) -> dict[int, float]:
    """Return rates by batch size, ascending; what is no positive number is left out."""
    found = {int(batch): number(value) for batch, value in trial.predict_rates.items() if batch.isdecimal()}
    return {batch: value for batch, value in sorted(found.items()) if batch > 0 and value is not None and value > 0}


def _memory(good: Mapping[str, Sequence[Trial]], colours: Mapping[str, int], prefix: str, png: bool) -> Chart | None:
    peaks = {name: found for name, mine in good.items() if (found := _most(mine, "peak")) is not None}
    if not peaks:
        return None
    device = any(_most(good[name], "device") is not None for name in peaks)
    with canvas(0.85 + 0.62 * len(peaks)) as (figure, axes):
        for row, (name, peak) in enumerate(peaks.items()):
            _bars(axes, -float(row), good[name], peak, LIGHT[colours.get(name, 0)])
            told = [f"{label(name, 26)}   {size(peak)}"]
            if (held := _most(good[name], "device")) is not None:
                told.append(f"{size(held)} on the device")
            axes.text(0, -row + 0.34, ", ".join(told), transform=axes.get_yaxis_transform(), va="center")
        axes.set_ylim(-len(peaks) + 0.6, 0.55)
        axes.set_xlim(left=0)
        without_heights(axes)
        axes.set_xlabel("MiB of a trial's process, at most")
        return finish(
            figure,
            key="memory",
            title="Memory of a trial",
            note="The largest of all repeats, by the kernel's high-water mark, up to the end of training. "
            "The pale beginning: before the framework was imported." + (" Outline: the device." if device else ""),
            prefix=prefix,
            png=png,
        )


def _bars(axes: Axes, place: float, trials: Sequence[Trial], peak: float, colour: str) -> None:
    start = min(_most(trials, "start") or 0.0, peak)
    axes.barh(place, start / MIB, height=0.26, color=colour, alpha=0.35)
    axes.barh(place, (peak - start) / MIB, left=start / MIB, height=0.26, color=colour, alpha=0.85)
    if (held := _most(trials, "device")) is not None:
        axes.barh(place - 0.24, held / MIB, height=0.12, facecolor="none", edgecolor=colour, linewidth=1.1)


def _most(trials: Sequence[Trial], mark: str) -> float | None:
    found = [value for trial in trials if (value := number(trial.memory.get(mark))) is not None and value >= 0]
    return max(found, default=None)
