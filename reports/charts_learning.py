"""Charts of learning: loss and the task's metric against steps, epochs and seconds; repeats thin, the mean thick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from bench.results.format import significant
from reports.figure import Chart, Margins, canvas, finish, label, legend
from reports.frames import Array, Frames, thin
from reports.load import Run
from reports.palette import INK, LIGHT
from reports.reading import Reading, Series

HEIGHT = 3.1
POINTS, LEAST_POINTS = 8000, 50
"""Points of all thin lines over steps together, and of each of them at least."""

MEAN_POINTS = 120
"""Points of the thick line over steps: few enough to smooth the batches' noise away."""

STYLES: dict[str, tuple[Any, str]] = {"val": ("-", "validation"), "train": ((0, (4, 2)), "training")}
"""By split: the line, and its name in the legend."""

NAMES = {"loss": "loss", "accuracy": "accuracy", "mae": "mean absolute error"}
"""The columns of ``epochs.csv`` that are drawn, in words; a task has accuracy or mae."""


def draw(run: Run, colours: Mapping[str, int], prefix: str, png: bool, points: int = POINTS) -> list[Chart]:
    """Return the learning charts that the trials of `run` have data for; all repeats together have about `points`."""
    charts = [_per_step(run, colours, prefix, png, points)]
    charts += [
        _curves(run, colours, metric, against, prefix, png) for against in ("epochs", "seconds") for metric in NAMES
    ]
    return [chart for chart in charts if chart]


def _by_contender(run: Run) -> Iterator[tuple[str, list[Frames]]]:
    names = dict.fromkeys(item.trial.contender for item in run.trials)
    for name in names:
        yield name, [item for item in run.trials if item.trial.contender == name]


def _per_step(run: Run, colours: Mapping[str, int], prefix: str, png: bool, points: int) -> Chart | None:
    known = {
        name: [(item.steps, item.losses) for item in trials if item.steps is not None and item.losses is not None]
        for name, trials in _by_contender(run)
    }
    if not any(known.values()):
        return None
    each = max(LEAST_POINTS, points // sum(map(len, known.values())))
    stretches = any(losses.size > each for lines in known.values() for _, losses in lines)
    reading = Reading(across="step")
    with canvas(HEIGHT, margins=Margins(left=0.76)) as (figure, axes):
        for position, (name, lines) in enumerate(known.items()):
            if not lines:
                continue
            colour = LIGHT[colours[name]]
            axes.plot(*_joined([_thinned(line, each) for line in lines]), color=colour, linewidth=0.5, alpha=0.3)
            steps, mean = _smooth(lines)
            axes.plot(steps, mean, color=colour, linewidth=_thickness(position), label=label(name))
            reading.series.append(Series(name=name, colour=colours[name], x=steps, y=mean))
        _loss_axis(axes, [losses for lines in known.values() for _, losses in lines])
        axes.set_xlabel("training step")
        axes.set_ylabel("training loss")
        axes.margins(x=0.01)
        legend(axes)
        return finish(
            figure,
            key="loss-per-step",
            title="Training loss per step",
            note=f"Faint: every repeat{', averaged over stretches' if stretches else ''}. "
            "Strong: mean over repeats, smoothed.",
            prefix=prefix,
            png=png,
            reading=reading,
        )


def _joined(lines: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return several lines as one with gaps: drawn at once, in a fraction of the time."""
    gap = np.array([np.nan])
    places, values = (np.concatenate([part for line in lines for part in (line[axis], gap)]) for axis in (0, 1))
    return places, values


def _thinned(line: tuple[Array, Array], points: int) -> tuple[Array, Array]:
    """Return a line of no more than so many points, each the mean of a stretch."""
    steps, values = line
    places, means = thin(values, points)
    return np.interp(places, np.arange(1.0, values.size + 1), steps), means


def _smooth(lines: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the smoothed mean line of those that went to the end."""
    return _thinned(_mean(lines), MEAN_POINTS)


def _mean(lines: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the mean places and values of the longest lines: one that broke off would cut the others short."""
    size = max(values.size for _, values in lines)
    whole = [line for line in lines if line[1].size == size]
    places, values = (np.vstack([line[part] for line in whole]).mean(axis=0) for part in (0, 1))
    return places, values


def _curves(run: Run, colours: Mapping[str, int], metric: str, against: str, prefix: str, png: bool) -> Chart | None:
    known = {
        (name, split): lines
        for name, trials in _by_contender(run)
        for split in STYLES
        if (lines := _lines(trials, f"{split}_{metric}", against))
    }
    if not known:
        return None
    names = list(dict.fromkeys(name for name, _ in known))
    reading = Reading(across="epoch", percent=metric == "accuracy")
    if against == "seconds":
        reading.across, reading.unit = "after", "s"
    with canvas(HEIGHT, margins=Margins(left=0.76)) as (figure, axes):
        for (name, split), lines in known.items():
            colour, style = LIGHT[colours[name]], STYLES[split][0]
            axes.plot(*_joined(lines), color=colour, linestyle=style, linewidth=0.6, alpha=0.4)
            places, values = _mean(lines)
            width = _thickness(names.index(name)) * (1 if split == "val" else 0.7)
            marker = "o" if values.size == 1 else None
            axes.plot(places, values, color=colour, linestyle=style, linewidth=width, marker=marker)
            told = f"{name}, {STYLES[split][1]}"
            reading.series.append(Series(name=told, colour=colours[name], x=places, y=values))
        for name in names:
            axes.plot([], [], color=LIGHT[colours[name]], linewidth=2.4, label=label(name))
        for split in dict.fromkeys(split for _, split in known):
            style, word = STYLES[split]
            axes.plot([], [], color=INK, linewidth=1.2, linestyle=style, label=word)
        _finish_axes(axes, metric, against, [values for lines in known.values() for _, values in lines])
        # In the figure as well as above it: its file goes out into the world alone.
        mark = run.results.dataset.mark if run.results and run.results.dataset and metric != "loss" else ""
        if mark:
            axes.set_ylabel(f"{NAMES[metric]} ({label(mark, 30)})")
        legend(axes)
        return finish(
            figure,
            key=f"{metric}-{against}",
            title=f"{NAMES[metric].capitalize()} against {'epochs' if against == 'epochs' else 'training time'}"
            + (f" ({mark})" if mark else ""),
            note="Thin: every repeat. Thick: their mean.",
            prefix=prefix,
            png=png,
            reading=reading,
        )


def _lines(trials: Sequence[Frames], column: str, against: str) -> list[tuple[Array, Array]]:
    """Return (places, values) of every trial that has any."""
    lines = [_line(item, column, against) for item in trials if item.epochs]
    return [line for line in lines if np.isfinite(line[1]).any()]


def _line(item: Frames, column: str, against: str) -> tuple[Array, Array]:
    epochs = item.epochs
    places = epochs["epoch"] if against == "epochs" else np.cumsum(epochs["seconds"])
    return places, epochs[column]


def _thickness(position: int) -> float:
    """Return a width that shrinks from contender to contender: where two agree, both still show."""
    return max(1.3, 3.6 - 1.9 * position)


def _finish_axes(axes: Axes, metric: str, against: str, shown: list[Array]) -> None:
    axes.set_ylabel(NAMES[metric])
    if metric != "accuracy":
        _loss_axis(axes, shown)
    else:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    if against == "epochs":
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        low, high = axes.get_xlim()
        if high - low < 1:  # a single epoch
            axes.set_xlim(low - 0.5, high + 0.5)
    else:
        axes.set_xlabel("seconds of training (end-to-end clock, evaluation left out)")
        axes.set_xlim(left=0)


def _loss_axis(axes: Axes, shown: list[Array]) -> None:
    """Make the loss axis logarithmic where the losses span more than a factor of 30."""
    values = np.concatenate(shown)
    values = values[np.isfinite(values)]
    if values.size and values.min() > 0 and values.max() / values.min() > 30:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 1)))
