"""Pictures of the data: sample images by class, and one image before and after it was kept in a TFRecord file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.results.schema import SAMPLE_CLASSES, SAMPLE_IMAGES, SAMPLE_PIXELS, Dataset, Trial
from reports.arrays import ArrayError, mapped
from reports.figure import Chart, canvas, finish, label

Pixels = npt.NDArray[np.uint8]

LARGEST = 4096
"""Pixels a side of a picture that is shown at all."""

MOST_BYTES = 64 * 2**20
"""Of all pictures of a file: a file may be full of holes and take no room but in memory."""

SHARP = 48
"""Smaller images are drawn with each pixel repeated up to about this side: a browser would blur them."""

DARK = 128
"""Pictures whose largest value is below are drawn brighter."""

GAP = 0.06
"""Between two images, as a share of their width."""

WIDE_INCHES = 4.0
"""Width of a grid's images, without the names beside them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BeforeAfter:
    """One image before and after a round trip through a file."""

    chart: Chart
    words: str
    """Whether the two are equal."""
    equal: bool


def read_samples(folder: Path, dataset: Dataset) -> Pixels | None:
    """Return the sample images of the run in `folder`, (classes, images, H, W, 1 or 3); None where it left none.

    Raises `ArrayError` for a file that holds something else.
    """
    if not dataset.samples:
        return None
    try:
        images = read_pictures(folder, dataset.samples, dimensions=5)
    except FileNotFoundError:
        raise ArrayError("missing") from None
    classes, columns, high, wide, _ = images.shape
    if (
        classes > SAMPLE_CLASSES
        or columns > SAMPLE_IMAGES
        or max(high, wide) > SAMPLE_PIXELS
        or classes > max(1, len(dataset.classes))
    ):
        raise ArrayError(f"shape {images.shape}")
    return images


def draw_samples(images: Pixels, dataset: Dataset, prefix: str, png: bool) -> Chart:
    """Return the grid of sample images, a row per class with its name."""
    classes, columns, high, wide, _ = images.shape
    counts = dataset.counts.get("train", [])
    there = [min(columns, max(0, counts[row])) if row < len(counts) else columns for row in range(classes)]
    factor = max(1, round(SHARP / max(high, wide)))
    return _draw(
        _mosaic(images.repeat(factor, axis=2).repeat(factor, axis=3), there),
        short_names(dataset.classes[:classes]) or ["samples"],
        key="samples",
        title="Sample images of the training split",
        note=_note(dataset, classes),
        prefix=prefix,
        png=png,
    )


def short_names(classes: Sequence[str]) -> list[str]:
    """Return names short enough to stand beside a row; numbered where they begin alike."""
    short = [label(name, 14) for name in classes]
    return (
        short
        if len(set(short)) == len(short)
        else [f"{place}: {label(name, 10)}" for place, name in enumerate(classes)]
    )


def _note(dataset: Dataset, shown: int) -> str:
    rest = len(dataset.classes) - shown
    notes = [f"The first {shown} of {len(dataset.classes):,} classes." if rest > 0 else ""]
    notes.append("As they are kept, before scaling and augmentation; chosen by the run's seed.")
    if dataset.remark:
        notes.append(f"Note: {dataset.remark}.")
    return " ".join(filter(None, notes))


def before_after(folder: Path, trials: Sequence[Trial], prefix: str, png: bool) -> BeforeAfter | None:
    """Return the two pictures of the first trial that left them; None where none did. Raises `ArrayError`."""
    for trial in trials:
        try:
            pair = [
                read_pictures(folder, f"{trial.folder}/record_{when}.npy", dimensions=3) for when in ("before", "after")
            ]
        except FileNotFoundError:
            continue
        return _compare(pair[0], pair[1], trial, prefix, png)
    return None


def _compare(before: Pixels, after: Pixels, trial: Trial, prefix: str, png: bool) -> BeforeAfter:
    if before.shape != after.shape:
        words = f"They are NOT equal: {_size(before)} before, {_size(after)} after."
        equal = False
    else:
        away = np.abs(before.astype(np.int16) - after)
        differing = int(np.count_nonzero(away))
        equal = not differing
        words = (
            "The two are equal, value by value."
            if equal
            else f"They are NOT equal: {differing:,} of {away.size:,} values differ, by {int(away.max())} at most."
        )
    most = int(max(before.max(), after.max()))
    note = f"{words} From {trial.contender}, repeat {trial.repeat + 1}: {_size(before)}."
    if most < DARK:
        note += f" Drawn brighter: its largest value, {most}, as white."
    shown = [_rgb(_brighter(item[:: _step(item), :: _step(item)], most)) for item in (before, after)]
    high, wide = (max(item.shape[axis] for item in shown) for axis in (0, 1))
    both = np.zeros((1, 2, high, wide, 3), np.uint8)
    for place, item in enumerate(shown):
        both[0, place, : item.shape[0], : item.shape[1]] = item
    factor = max(1, round(4 * SHARP / max(high, wide)))
    chart = _draw(
        _mosaic(both.repeat(factor, axis=2).repeat(factor, axis=3), [2]),
        [""],
        heads=["before", "after"],
        key="record",
        title="One image before and after its TFRecord file",
        note=note,
        prefix=prefix,
        png=png,
    )
    return BeforeAfter(chart=chart, words=words, equal=equal)


def _brighter(image: Pixels, most: int) -> Pixels:
    """Return `image` with `most` as white, where it would be dark without: digits reach 16 alone."""
    return (image.astype(np.uint16) * 255 // most).astype(np.uint8) if 0 < most < DARK else image


def _size(image: Pixels) -> str:
    return " × ".join(str(side) for side in image.shape)


def _step(image: Pixels) -> int:
    high, wide = image.shape[:2]
    return int(-(-max(high, wide) // (4 * SAMPLE_PIXELS)))


def read_pictures(folder: Path, name: str, dimensions: int) -> Pixels:
    """Return pixels, uint8 with grey or colour last; nothing is unpickled, read outside `folder`, or large.

    Raises `FileNotFoundError` where there is no such file, `ArrayError` where it holds anything else.
    """
    found = mapped(folder, name)
    if found.dtype != np.uint8:
        raise ArrayError("no array of uint8")
    if (
        found.ndim != dimensions
        or found.shape[-1] not in (1, 3)
        or not 0 < max(found.shape) <= LARGEST
        or not 0 < found.size <= MOST_BYTES
    ):
        raise ArrayError(f"shape {found.shape}")
    return np.array(found)


def _rgb(images: Pixels) -> Pixels:
    """Return images in colour: grey ones have the same value three times."""
    return np.broadcast_to(images, (*images.shape[:-1], 3))


def _mosaic(images: Pixels, there: Sequence[int]) -> Pixels:
    """Return one RGBA picture of images (rows, columns, H, W, C), of each row the first `there`; gaps show the page."""
    rows, columns, high, wide, _ = images.shape
    gap = max(1, round(GAP * wide))
    sheet = np.zeros((rows * (high + gap) - gap, columns * (wide + gap) - gap, 4), np.uint8)
    for row in range(rows):
        for column in range(there[row]):
            top, left = row * (high + gap), column * (wide + gap)
            sheet[top : top + high, left : left + wide, :3] = _rgb(images[row, column])
            sheet[top : top + high, left : left + wide, 3] = 255
    return sheet


def _draw(
    sheet: Pixels,
    names: Sequence[str],
    *,
    key: str,
    title: str,
    note: str,
    prefix: str,
    png: bool,
    heads: Sequence[str] = (),
) -> Chart:
    """Return `sheet` as a chart with the rows' names beside it and the columns' heads above it."""
    high, wide, _ = sheet.shape
    with canvas(WIDE_INCHES * high / wide + (0.3 if heads else 0.1)) as (figure, axes):
        # A browser's letters may be wider than those that the room beside the picture is measured by.
        figure.set_layout_engine("constrained", w_pad=0.13)
        axes.imshow(sheet, interpolation="none", aspect="equal")
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0)
        axes.set_xticks([(place + 0.5) * wide / len(heads) for place in range(len(heads))], heads)
        axes.xaxis.tick_top()
        axes.set_yticks([(place + 0.5) * high / len(names) for place in range(len(names))], names)
        return finish(figure, key=key, title=title, note=note, prefix=prefix, png=png)
