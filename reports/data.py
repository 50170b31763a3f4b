"""What the page says of a run's data: the task, counts and weights by class, facts, pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from bench.results.format import count
from bench.results.schema import Dataset
from bench.results.words import SPLITS
from reports import pictures
from reports.figure import Chart
from reports.load import Run
from reports.pictures import BeforeAfter

MOST_CLASSES, OPEN_CLASSES = 100, 30
"""Classes that are listed, the others being counted; up to how many the list stands open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Samples of one class in one split."""

    count: int | None
    share: float | None
    """Of the split's samples."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Class:
    """One row of the table of classes."""

    name: str
    cells: list[Cell]
    weight: float | None


@dataclass(kw_only=True, slots=True)
class DataView:
    """The data of one run, as the page shows them."""

    dataset: Dataset
    folded: bool
    """Whether the table of classes is too long to stand open."""
    what: str
    """Task and shape in one sentence."""
    warning: str = ""
    """What a reader must know before anything else."""
    splits: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    more: int = 0
    """Classes that are not listed."""
    extremes: str = ""
    """The largest and the smallest class, where the list does not stand open."""
    samples: Chart | None = None
    same_as: str = ""
    """The anchor of the run on this page that shows the same sample images."""
    record: BeforeAfter | None = None
    gaps: list[str] = field(default_factory=list)
    """One sentence for every picture that had to be left out."""


def view(run: Run, dataset: Dataset) -> DataView:
    """Return the data of `run`, without pictures."""
    counts = dict(list(dataset.counts.items())[:10])
    totals = [sum(values) for values in counts.values()]
    shown = min(len(dataset.classes), MOST_CLASSES)
    return DataView(
        dataset=dataset,
        folded=shown > OPEN_CLASSES,
        what=what(dataset),
        warning=_warning(dataset),
        splits=[SPLITS.get(split, split) for split in counts],
        totals=totals,
        classes=[
            Class(
                name=dataset.classes[place],
                cells=[_cell(values, place, total) for values, total in zip(counts.values(), totals, strict=True)],
                weight=dataset.class_weights[place] if place < len(dataset.class_weights) else None,
            )
            for place in range(shown)
        ],
        more=len(dataset.classes) - shown,
        extremes=_extremes(dataset) if shown > OPEN_CLASSES else "",
    )


def what(dataset: Dataset) -> str:
    """Return task and shape in words: "Classification of images, 28 × 28 × 1, into 10 classes."."""
    shape = dataset.input_shape
    kind = "images" if len(shape) == 3 else "table rows" if len(shape) == 1 else "samples"
    size = count(shape[0], "feature") if len(shape) == 1 else " × ".join(f"{side}" for side in shape)
    if dataset.task == "regression":
        return f"Regression of one number on {kind} ({size})."
    task = "Binary classification" if dataset.task == "binary" else "Classification"
    number = len(dataset.classes)
    into = f"{number:,} classes" + (" in one logit" if dataset.task == "binary" else "")
    return f"{task} of {kind} ({size}) into {into}."


def _warning(dataset: Dataset) -> str:
    """Return the remark as a sentence; of samples that are made up, what follows from that."""
    if dataset.synthetic and not dataset.note:
        return "Synthetic samples, made up: no figure of quality here says anything about a real dataset."
    remark = dataset.remark.rstrip(".")
    return f"{remark[0].upper()}{remark[1:]}." if remark else ""


def _cell(values: list[int], place: int, total: int) -> Cell:
    if place >= len(values):
        return Cell(count=None, share=None)
    return Cell(count=values[place], share=values[place] / total if total > 0 else None)


def _extremes(dataset: Dataset) -> str:
    found = list(zip(dataset.counts.get("train", []), dataset.classes, strict=False))
    if not found:
        return ""
    (most, large), (least, small) = max(found), min(found)
    return f"Largest class in training: {large:.60} ({most:,}); smallest: {small:.60} ({least:,})."


def draw_samples(found: DataView, run: Run, shown: dict[bytes, str], prefix: str, png: bool) -> list[Chart]:
    """Add the sample images to `found` and return their chart.

    `shown` maps the images that a page shows already to the run that does: a sweep over models shows them once.
    """
    images = pictures.read_samples(run.folder, found.dataset)
    if images is None:
        return []
    names = "\0".join(found.dataset.classes[: len(images)])
    content = hashlib.sha256(images.tobytes() + names.encode("utf-8", "replace")).digest()
    found.same_as = shown.get(content, "")
    if found.same_as:
        return []
    found.samples = pictures.draw_samples(images, found.dataset, prefix, png)
    shown[content] = prefix
    return [found.samples]


def draw_record(found: DataView, run: Run, prefix: str, png: bool) -> list[Chart]:
    """Add the pictures before and after a TFRecord file, where a trial left them, and return their chart."""
    found.record = pictures.before_after(run.folder, run.results.trials if run.results else [], prefix, png)
    return [found.record.chart] if found.record else []
