"""Compute, input, loop on the page: a table, sentences and a chart of what an end-to-end step is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes

from bench.results import decompose, decompose_words
from bench.results.decompose import Gap, Shares
from bench.results.schema import Results
from bench.results.summary import names
from reports.figure import Chart, Margins, canvas, finish, label, legend, without_heights
from reports.format import seconds
from reports.palette import INK, LIGHT

SHADES = {"compute": 0.95, "waiting for input": 0.55, "loop": 0.22}
"""How strong a contender's colour is in each part of its bar."""


@dataclass(kw_only=True, slots=True)
class PartsView:
    """The parts of the end-to-end steps of a run's contenders."""

    shares: list[Shares] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    """One sentence per contender."""
    why: list[str] = field(default_factory=list)
    """One sentence per gap."""


def view(results: Results) -> PartsView:
    """Return what the trials of a run say of compute, input and loop."""
    order = names(results)
    shares = [found for name in order if (found := decompose.shares(results, name))]
    gaps = [gap for name in order if (gap := decompose.gap(results, name))]
    return PartsView(
        shares=shares,
        gaps=gaps,
        where=[decompose_words.where(item) for item in shares],
        why=[decompose_words.gap(item) for item in gaps],
    )


def draw(found: PartsView, colours: Mapping[str, int], prefix: str, png: bool) -> list[Chart]:
    """Return the bars: one contender's end-to-end step by its parts, and the pipeline alone below it."""
    shares = found.shares
    if not shares:
        return []
    with canvas(0.85 + 0.85 * len(shares), margins=Margins(left=0.1)) as (figure, axes):
        for row, item in enumerate(shares):
            _bar(axes, -float(row), item, LIGHT[colours.get(item.contender, 0)])
        axes.set_xlim(0, 1e3 * max(_reach(item) for item in shares) * 1.01)
        axes.set_ylim(-len(shares) + 0.5, 0.55)
        without_heights(axes)
        axes.set_xlabel("milliseconds per step of real training")
        _legend(axes, shares)
        return [
            finish(
                figure,
                key="parts",
                title="Compute, input, loop",
                note=_note(shares),
                prefix=prefix,
                png=png,
            )
        ]


def _reach(item: Shares) -> float:
    return max(item.step.estimate, item.compute.estimate, item.input.estimate if item.input else 0.0)


def _bar(axes: Axes, place: float, item: Shares, colour: str) -> None:
    compute, waited = 1e3 * item.compute.estimate, 1e3 * item.waited.estimate
    loop = max(0.0, 1e3 * item.loop.estimate)
    left = 0.0
    for width, shade in zip((compute, waited, loop), SHADES.values(), strict=True):
        axes.barh(place, width, left=left, height=0.26, color=colour, alpha=shade)
        left += width
    if item.input is not None:
        # Its end lies where the waiting ends: what stands below the compute is hidden behind it.
        alone = 1e3 * item.input.estimate
        axes.barh(
            place - 0.24,
            alone,
            left=max(0.0, compute + waited - alone),
            height=0.12,
            facecolor="none",
            edgecolor=colour,
            linewidth=1.1,
        )
    words = f"{label(item.contender, 30)}  {seconds(item.step.estimate)}"
    axes.text(0, place + 0.2, words, transform=axes.get_yaxis_transform(), va="bottom")


def _legend(axes: Axes, shares: Sequence[Shares]) -> None:
    clocked = any(item.input is not None for item in shares)
    every = all(item.input is not None for item in shares)
    for name, shade in SHADES.items():
        if name == "waiting for input" and not clocked:
            continue
        text = name if name != "loop" or every else "input and loop" if not clocked else "loop (or input, not clocked)"
        axes.barh(0, 0, height=0, color=INK, alpha=shade, label=text)
    legend(axes)


def _note(shares: Sequence[Shares]) -> str:
    notes = ["Means over repeats."]
    if any(item.input is not None for item in shares):
        notes.append("Outline: the pipeline alone, per batch; what of it lies below the compute is hidden behind it.")
    if any(item.loop.estimate < 0 for item in shares):
        notes.append("Where a step takes less than its compute clock, the bar shows the latter.")
    return " ".join(notes)
