"""The heat map: ratios over two settings, every cell with its number, on a log scale with 1 in the middle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.figure import WIDTH, Chart, Margins, canvas, finish, label
from reports.format import ratio
from reports.grid import Cell, Grid
from reports.palette import FASTER, INK, SLOWER

ENDS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Factors at which the scale of colours may end."""

STRONGEST = 0.62
"""Opacity at the end of the scale: the number in the cell still stands out."""

CELL = (0.72, 0.44)
"""Least width, and height, of a cell in inches."""

STEPS = 6
"""Of the key's colours, on each side."""

LETTER = 0.078
"""Width of a letter in inches, a wide one rather."""


def draw(grids: Sequence[Grid], png: bool) -> list[Chart]:
    """Return one chart per grid, all with the same scale of colours."""
    end = _end(grids)
    return [_draw(grid, end, f"grid-{place}", png) for place, grid in enumerate(grids)]


def _end(grids: Sequence[Grid]) -> float:
    """Return the factor at which the scale ends: the next round one above the largest ratio, or its inverse."""
    ratios = [cell.ratio for grid in grids for line in grid.cells for cell in line if cell.ratio and cell.certified]
    largest = math.exp(max((abs(math.log(value)) for value in ratios), default=0.0))
    return next((end for end in ENDS if end >= largest), ENDS[-1])


def _draw(grid: Grid, end: float, key: str, png: bool) -> Chart:
    left = 0.2 + LETTER * min(20, max(len(name) for name in (*grid.rows, grid.row_key)))
    wide = max(CELL[0], (WIDTH - left - 0.1) / len(grid.columns))
    fits = int(wide / LETTER)
    slanted = any(len(name) > fits for name in grid.columns)
    longest = min(20, max(len(name) for name in grid.columns))
    top = 0.3 + (0.2 + longest * LETTER * 0.5 if slanted else 0.2)
    right = 0.1 + (max(0.0, longest * LETTER * 0.87 - wide / 2) if slanted else 0.0)
    bottom = 0.55
    margins = Margins(left=left, right=right, bottom=bottom, top=top)
    size = (left + wide * len(grid.columns) + right, top + CELL[1] * len(grid.rows) + bottom)
    with canvas(size[1], width=size[0], margins=margins) as (figure, axes):
        axes.set_xlim(0, len(grid.columns))
        axes.set_ylim(len(grid.rows), 0)
        for row, line in enumerate(grid.cells):
            for column, cell in enumerate(line):
                _cell(axes, row, column, cell, end)
        _names(axes, grid, slanted)
        _scale(figure, end, label(grid.baseline, 16))
        title = f"Time per training step, {label(grid.contender)} ÷ {label(grid.baseline)}"
        return finish(
            figure,
            key=key,
            title=f"{title}, by {grid.row_key} and {grid.column_key}" + (f" ({grid.fixed})" if grid.fixed else ""),
            note=_note(grid),
            prefix="all",
            png=png,
        )


def _note(grid: Grid) -> str:
    cells = [cell for line in grid.cells for cell in line if cell.ratio is not None]
    family = max(cell.family for cell in cells)
    together = f" for {family} contenders of a run together" if family > 1 else ""
    notes = [f"Below 1: {grid.contender} is faster. Small: 95 % interval{together}."]
    if any(cell.certified and not cell.resolved for cell in cells):
        notes.append("Hatched: no difference resolved; the interval holds 1, or there is none.")
    if not all(cell.certified for cell in cells):
        notes.append("Without colour: not certified as the same work.")
    return " ".join([*notes, "Each cell is a run of its own; there is no mean over cells."])


def _cell(axes: Axes, row: int, column: int, cell: Cell, end: float) -> None:
    frame: dict[str, Any] = {"linewidth": 0.6, "edgecolor": to_rgba(INK, 0.15)}
    corner = (column + 0.02, row + 0.03)
    if cell.ratio is None:
        axes.add_patch(Rectangle(corner, 0.96, 0.94, facecolor="none", linestyle=(0, (3, 3)), **frame))
        words = "\n".join(cell.text.rsplit(" ", 1)) if len(cell.text) > 10 else cell.text
        axes.text(column + 0.5, row + 0.5, words, ha="center", va="center", fontsize=7.5, alpha=0.75)
        return
    if not cell.certified:
        axes.add_patch(Rectangle(corner, 0.96, 0.94, facecolor="none", linestyle=(0, (3, 3)), **frame))
    elif cell.resolved:
        colour, strength = colour_of(cell.ratio, end)
        axes.add_patch(Rectangle(corner, 0.96, 0.94, facecolor=to_rgba(colour, strength), **frame))
    else:
        # Apart: a strength of the face would be that of the lines too.
        axes.add_patch(Rectangle(corner, 0.96, 0.94, facecolor=to_rgba(INK, 0.04), linewidth=0))
        frame["edgecolor"] = to_rgba(INK, 0.3)
        axes.add_patch(Rectangle(corner, 0.96, 0.94, facecolor="none", hatch="//", **frame))
    axes.text(column + 0.5, row + 0.4, ratio(cell.ratio), ha="center", va="center", fontweight="bold")
    axes.text(column + 0.5, row + 0.76, cell.small, ha="center", va="center", fontsize=7)


def colour_of(value: float, end: float) -> tuple[str, float]:
    """Return hue and opacity of a ratio: as far from 1 on a log scale as it is from `end`."""
    distance = math.log(value) / math.log(end)
    return (FASTER if distance < 0 else SLOWER), STRONGEST * min(1.0, abs(distance))


def _names(axes: Axes, grid: Grid, slanted: bool) -> None:
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    places = [column + 0.5 for column in range(len(grid.columns))]
    names = [label(name, 20) for name in grid.columns]
    turn: dict[str, Any] = {"rotation": 30, "ha": "left", "va": "bottom", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticks(places, names, **turn)
    axes.set_yticks([row + 0.5 for row in range(len(grid.rows))], [label(name, 20) for name in grid.rows])
    head: dict[str, Any] = {"textcoords": "offset points", "fontweight": "bold", "annotation_clip": False}
    figure = axes.get_figure(root=True)
    engine = figure.get_layout_engine() if figure else None
    height = 72 * engine.top - 13 if isinstance(engine, Margins) else 24
    axes.annotate(label(grid.column_key, 30), (0, 0), xytext=(2, height), **head)
    axes.annotate(label(grid.row_key, 20), (0, 0), xytext=(-4, 6), ha="right", **head)


def _scale(figure: Figure, end: float, name: str) -> None:
    """Draw the key below the cells: the colours from the fastest to the slowest, 1 in the middle."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0.1 / width, 0.24 / height, (WIDTH - 0.2) / width, 0.13 / height))
    axes.set_xlim(-1, 1)
    axes.set_ylim(0, 1)
    for step in range(-STEPS, STEPS):
        colour, strength = colour_of(end ** ((step + 0.5) / STEPS), end)
        axes.add_patch(Rectangle((step / STEPS, 0), 1 / STEPS, 1, facecolor=to_rgba(colour, strength), linewidth=0))
    axes.grid(visible=False)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    ticks = {
        -1.0: f"{1 / end:.2g}× and less",
        -0.5: "◂ faster",
        0.0: f"as {name}",
        0.5: "slower ▸",
        1.0: f"{end:.3g}× and more",
    }
    axes.set_xticks(list(ticks), list(ticks.values()), fontsize=8)
    axes.tick_params(length=0, pad=3)
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")
