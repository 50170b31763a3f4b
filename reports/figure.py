"""The canvas of all charts: matplotlib figures out of pyplot's reach, as SVG for the page and files beside it."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.ticker import FuncFormatter, NullLocator

from reports import svg
from reports.palette import INK
from reports.reading import Reading, data

WIDTH = 4.9
"""Inches: a chart fills a phone's width at its natural size, so that its text stays readable there."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "parallax",
    # A contender's name may hold a dollar sign, which must not be read as mathematics.
    "text.parse_math": False,
    "font.size": 9,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.5,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """One finished chart."""

    key: str
    """Its file name without suffix."""
    title: str
    """What it shows."""
    note: str
    """How to read it."""
    markup: Markup
    """The SVG for the page: its colours follow the page's, its ids are its own."""
    svg: str
    """The SVG for a file."""
    png: bytes | None
    data: Markup | None = None
    """Its numbers for the page's script, as JSON; None where there is nothing to ask."""


class Margins(LayoutEngine):
    """Room around the axes in inches, given: to measure every text, as the constrained layout does, takes longer than
    to draw it."""

    # What `LayoutEngine` asks of its children: `subplots_adjust` may be called, and a colour bar takes room of its own.
    _adjust_compatible = True
    _colorbar_gridspec = True

    def __init__(self, *, left: float, right: float = 0.2, bottom: float = 0.43, top: float = 0.09) -> None:
        super().__init__()
        self.left, self.right, self.bottom, self.top = left, right, bottom, top

    def execute(self, fig: Figure) -> None:
        """Place the axes of `fig`."""
        width, height = fig.get_size_inches()
        fig.subplots_adjust(
            left=self.left / width,
            right=1 - self.right / width,
            bottom=self.bottom / height,
            top=1 - self.top / height,
        )


@contextmanager
def canvas(height: float, *, width: float = WIDTH, margins: Margins | None = None) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure of `width` × `height` inches in the house's style, and its axes.

    Without `margins` matplotlib finds the room that the texts around the axes need.
    """
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A glyph the font lacks, a number no axis can hold: nothing that whoever asked for the page can act on.
        warnings.simplefilter("ignore")
        figure = Figure(figsize=(width, height), layout=margins or "constrained")
        yield figure, figure.subplots()


def finish(
    figure: Figure, *, key: str, title: str, note: str, prefix: str, png: bool, reading: Reading | None = None
) -> Chart:
    """Render `figure`; to be called inside its `canvas`. `prefix` makes its ids unique in the page.

    `reading` is what a pointer reads on its first axes.
    """
    engine = figure.get_layout_engine()
    if isinstance(engine, Margins):
        # Once for all: where a figure has a layout to make, matplotlib draws it twice.
        engine.execute(figure)
        figure.set_layout_engine(None)
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = svg.tidy(text.getvalue())
    picture = None
    if png:
        stream = io.BytesIO()
        # Level 1 takes a third of the time of the default, for files a tenth larger.
        figure.savefig(stream, format="png", dpi=200, facecolor="white", pil_kwargs={"compress_level": 1})
        picture = stream.getvalue()
    markup = Markup(svg.inline(drawn, f"{prefix}-{key}", title))
    told = data(reading, figure.axes[0]) if reading else None
    return Chart(key=key, title=title, note=note, markup=markup, svg=drawn, png=picture, data=told)


def label(text: str, longest: int = 24) -> str:
    """Return a name short enough for a chart."""
    line = " ".join(text.split()) or "?"
    return line if len(line) <= longest else line[: longest - 1] + "…"


def without_heights(axes: Axes) -> None:
    """Leave out the axis on the left, where rows lie one below the other and have their names beside them."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def legend(axes: Axes) -> None:
    """Put the legend above `axes`: in one row where that fits, else the figure grows."""
    lengths = [len(str(text)) for text in axes.get_legend_handles_labels()[1]]
    one_row = sum(lengths) + 6 * len(lengths) <= 62
    columns = len(lengths) if one_row else max(1, 62 // (max(lengths) + 6))
    rows = -(-len(lengths) // columns)
    figure = axes.get_figure(root=True)
    if figure is not None:
        figure.set_figheight(figure.get_figheight() + 0.18 * (rows - 1))
        engine = figure.get_layout_engine()
        if isinstance(engine, Margins):
            engine.top += 0.18 * rows + 0.04
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncol=columns,
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.2,
    )


def log_ticks(axes: Axes, candidates: Iterable[float], write: Callable[[float], str]) -> None:
    """Label a logarithmic x axis at those candidates that have room; the earlier ones go first."""
    low, high = axes.get_xlim()
    kept: list[float] = []
    for tick in candidates:
        if not low <= tick <= high:
            continue
        if all(abs(math.log(tick / other)) > 0.11 * math.log(high / low) for other in kept):
            kept.append(tick)
    axes.set_xticks(sorted(kept))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
