"""What was taken for what: confusion matrices, and precision, recall and F1 of each class, contender by contender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.colors import ListedColormap

from reports.answers import Answers, Array
from reports.figure import Chart, canvas, finish, label
from reports.format import percent
from reports.palette import LIGHT
from reports.pictures import short_names

MOST_CLASSES, MOST_CELLS, MOST_PAIRS = 1000, 20, 20
"""Above the first nobody is counted; above the second not the whole matrix is shown, but its most frequent mistakes."""

OPEN_CLASSES, MOST_ROWS = 30, 100
"""Up to how many the table of classes stands open, and how many it has at most."""

SCORES = ("precision", "recall", "F1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """How many samples of one class were taken for another."""

    words: str
    """The mean over repeats; empty for none."""
    strength: float
    """Of its colour, 0 to 1: the root of the share of its row, so that rare mistakes show beside the hits."""
    hit: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """One contender's confusion matrix."""

    contender: str
    repeats: int
    mean: Array
    """Counts (true class, predicted class), the mean over repeats."""
    rows: list[list[Cell]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One class taken for another."""

    true: str
    said: str
    counts: list[str]
    """By contender: how often, the mean over repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassRow:
    """One class, or all of them together."""

    name: str
    support: str
    scores: list[str]
    """By score, and for each score by contender."""


@dataclass(kw_only=True, slots=True)
class Confusion:
    """What was taken for what in a run."""

    order: list[str] = field(default_factory=list)
    """The contenders."""
    names: list[str] = field(default_factory=list)
    """Of the classes, short enough for a matrix."""
    matrices: list[Matrix] = field(default_factory=list)
    """Empty where there are too many classes for them."""
    mistakes: list[Mistake] = field(default_factory=list)
    """The most frequent ones, where there are no matrices."""
    table: list[ClassRow] = field(default_factory=list)
    mean: ClassRow | None = None
    """Over classes, each counting alike."""
    folded: bool = False
    more: int = 0
    """Classes that the table leaves out."""
    repeats: str = ""
    """How many repeats the means are over, in words."""


def view(known: Answers) -> Confusion:
    """Return what was taken for what; nothing in a regression, or where the classes are too many to count."""
    number = len(known.classes)
    if known.regression or number > MOST_CLASSES or not known.found:
        return Confusion()
    counts = {name: [count(known.labels, one, number) for one in mine.values()] for name, mine in known.found.items()}
    means = {name: np.mean(each, axis=0) for name, each in counts.items()}
    scores = {name: mean_scores(each) for name, each in counts.items()}
    support = np.bincount(known.labels, minlength=number)
    shown = min(number, MOST_ROWS)
    small = number <= MOST_CELLS
    repeats = sorted({len(each) for each in counts.values()})
    return Confusion(
        order=list(counts),
        names=short_names(known.classes) if small else [],
        matrices=[
            Matrix(contender=name, repeats=len(counts[name]), mean=mean, rows=_cells(mean))
            for name, mean in means.items()
            if small
        ],
        mistakes=[] if small else _mistakes(known.classes, means),
        table=[
            ClassRow(
                name=known.classes[place],
                support=f"{support[place]:,}",
                scores=[_share(scores[name][score, place]) for score in range(len(SCORES)) for name in counts],
            )
            for place in range(shown)
        ],
        mean=ClassRow(
            name="mean of classes",
            support=f"{support.sum():,}",
            scores=[_share(_mean(scores[name][score])) for score in range(len(SCORES)) for name in counts],
        ),
        folded=shown > OPEN_CLASSES,
        more=number - shown,
        repeats="–".join(map(str, dict.fromkeys((repeats[0], repeats[-1])))),
    )


def count(labels: Array, answered: Array, number: int) -> Array:
    """Return the confusion matrix of classes (n,): how many of each true class (rows) were taken for each (columns)."""
    return np.bincount(labels * number + answered, minlength=number * number).reshape(number, number)


def mean_scores(matrices: Sequence[Array]) -> Array:
    """Return precision, recall and F1 of each class, (3, classes): the mean over the repeats that know a value.

    A class that nobody named has no precision, one without samples no recall, and one that is neither no F1: NaN.
    """
    found = np.stack([_scores(matrix) for matrix in matrices])
    there = np.isfinite(found)
    sums, repeats = np.where(there, found, 0.0).sum(axis=0), there.sum(axis=0)
    mean: Array = np.divide(sums, repeats, out=np.full(sums.shape, np.nan), where=repeats > 0)
    return mean


def _scores(matrix: Array) -> Array:
    hits, named, there = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    parts = ((hits, named), (hits, there), (2 * hits, named + there))
    with np.errstate(invalid="ignore"):
        return np.stack([part / whole for part, whole in parts])


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _share(value: float) -> str:
    return percent(float(value))


def _cells(mean: Array) -> list[list[Cell]]:
    totals = mean.sum(axis=1, keepdims=True)
    shares = np.divide(mean, totals, out=np.zeros_like(mean), where=totals > 0)
    return [
        [
            Cell(words=told(value) if value else "", strength=float(np.sqrt(shares[row, column])), hit=row == column)
            for column, value in enumerate(values)
        ]
        for row, values in enumerate(mean)
    ]


def told(value: float) -> str:
    """Return a mean count in few characters: 44, 0.4, 1,234, 56k."""
    if value >= 10_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.1f}"


def _mistakes(classes: Sequence[str], means: Mapping[str, Array]) -> list[Mistake]:
    total = np.sum(list(means.values()), axis=0)
    np.fill_diagonal(total, 0)
    order = np.argsort(-total, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [divmod(int(place), len(classes)) for place in order if total.flat[place] > 0]
    return [
        Mistake(true=classes[row], said=classes[column], counts=[told(mean[row, column]) for mean in means.values()])
        for row, column in pairs
    ]


def draw(found: Confusion, colours: Mapping[str, int], prefix: str, png: bool) -> list[Chart]:
    """Return a chart of each matrix, for a file: the page has them as tables, whose text can be taken up."""
    return [
        _draw(item, found.names, place, LIGHT[colours.get(item.contender, 0)], prefix, png)
        for place, item in enumerate(found.matrices)
    ]


def _draw(item: Matrix, names: Sequence[str], place: int, colour: str, prefix: str, png: bool) -> Chart:
    number = len(names)
    strengths = np.array([[cell.strength for cell in row] for row in item.rows])
    with canvas(4.6) as (figure, axes):
        axes.imshow(
            np.ones_like(strengths), alpha=0.6 * strengths, cmap=ListedColormap([colour]), interpolation="nearest"
        )
        for row, cells in enumerate(item.rows):
            for column, cell in enumerate(cells):
                axes.text(column, row, cell.words, ha="center", va="center", fontsize=9 if number <= 12 else 6)
        axes.grid(visible=False)
        axes.set_xticks(range(number), names, rotation=0 if max(map(len, names)) <= 3 else 90)
        axes.set_yticks(range(number), names)
        axes.set_xlabel(f"predicted by {label(item.contender)}")
        axes.set_ylabel("true class")
        return finish(
            figure,
            key=f"confusion-{place}",
            title=f"Confusion matrix: {item.contender}",
            note="",
            prefix=prefix,
            png=png,
        )
