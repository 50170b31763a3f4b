"""Test images on which the contenders disagree: each with its true class and what everyone said."""

from __future__ import annotations

import base64
import io
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from bench.results import answers as pure
from bench.results.format import count
from bench.results.schema import DISPUTED, SAMPLE_PIXELS, Dataset
from reports.answers import Answers
from reports.arrays import ArrayError
from reports.figure import label
from reports.load import Run
from reports.pictures import Pixels, read_pictures

LONGEST = 24
"""Characters of a class name below an image."""

MOST_NAMED = 3
"""Classes that are named of those a contender said over its repeats: the most frequent ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one contender said of one image."""

    contender: str
    answers: list[tuple[str, str, bool]]
    """Class, how often where not always the same ("3×"), and whether it is the true one; the most frequent first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One image."""

    source: str
    """A ``data:`` address of a PNG."""
    number: int
    """Its place in the test split, counted from 1."""
    true: str
    said: list[Said]


@dataclass(kw_only=True, slots=True)
class Disputed:
    """The test samples on which the contenders of a run disagree."""

    sentence: str = ""
    """How many there are; empty where nobody could disagree."""
    cards: list[Card] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)


def view(run: Run, dataset: Dataset, known: Answers, things: str, most: int) -> Disputed:
    """Return the disputed test samples, with `most` of the images that `run` kept of them.

    `things` is what its samples are.
    """
    if known.regression or len(known.found) < 2:
        return Disputed()
    rows = pure.disputed(known.found)
    samples = f"{len(known.labels):,} test {things}"
    if not len(rows):
        return Disputed(sentence=f"In every repeat the contenders named the same class for all {samples}.")
    found = Disputed(
        sentence=f"On {len(rows):,} of {samples} the contenders named different classes, in at least one repeat."
    )
    try:
        found.cards = _cards(run, dataset, known)[:most]
    except (ArrayError, FileNotFoundError) as error:
        why = "missing" if isinstance(error, FileNotFoundError) else error
        found.gaps.append(f"The images on which contenders disagree are left out: {dataset.disputed_images} is {why}.")
    if not found.cards and dataset.disputed_images and not found.gaps:
        found.gaps.append("The images are left out, for the page has many runs; the run's own report shows them.")
    if found.cards and len(found.cards) < len(rows):
        found.sentence += f" Here the {count(len(found.cards), things[:-1])} on which they did so most often."
    return found


def _cards(run: Run, dataset: Dataset, known: Answers) -> list[Card]:
    if not dataset.disputed_images:
        return []
    images = read_pictures(run.folder, dataset.disputed_images, dimensions=4)
    rows = dataset.disputed
    if len(images) != len(rows) or len(rows) > DISPUTED or max(images.shape[1:3]) > SAMPLE_PIXELS:
        raise ArrayError(f"of shape {images.shape} for {count(len(rows), 'image')}")
    if not all(0 <= row < len(known.labels) for row in rows):
        raise ArrayError("of samples that the test split has not")
    return [
        Card(
            source=_png(image),
            number=row + 1,
            true=label(known.classes[known.labels[row]], LONGEST),
            said=[_said(name, mine_at, known, row) for name, mine_at in _answered(known, row).items()],
        )
        for row, image in zip(rows, images, strict=True)
    ]


def _answered(known: Answers, row: int) -> dict[str, list[int]]:
    return {name: [int(answered[row]) for answered in mine.values()] for name, mine in known.found.items()}


def _said(name: str, answered: list[int], known: Answers, row: int) -> Said:
    ranked = Counter(answered).most_common(MOST_NAMED)
    return Said(
        contender=name,
        answers=[
            (
                label(known.classes[place], LONGEST),
                f"{times}×" if times < len(answered) else "",
                place == known.labels[row],
            )
            for place, times in ranked
        ],
    )


def _png(image: Pixels) -> str:
    """Return an image (H, W, 1 or 3) as a ``data:`` address."""
    stream = io.BytesIO()
    Image.fromarray(np.broadcast_to(image, (*image.shape[:2], 3)).copy()).save(stream, format="png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
