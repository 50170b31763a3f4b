"""Chest X-rays of children: normal, bacterial or viral pneumonia (Kermany et al. 2018), from a folder or a zip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.datasets import cache, chest_xray, folders, image_sets, places
from bench.datasets.options import choice
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.datasets.resize import ImageOptions
from bench.datasets.synthetic import VERSION
from bench.errors import RequestError

OFFICIAL_TEST = False
"""There is one, but its users pool everything: ``dataset.resplit``."""
CLASSES = {"three": chest_xray.KINDS, "binary": ("normal", "pneumonia")}
ABOUT = About(
    name="pneumonia",
    title="chest X-rays of Kermany et al.",
    source="the published files",
    synthetic=False,
    task="classification",
    classes=chest_xray.KINDS,
    official=None,
    value_range=(0.0, 255.0),
    licence="CC BY 4.0",
    citation="D. S. Kermany et al. (2018). Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep "
    "Learning. Cell 172(5), 1122-1131. https://doi.org/10.1016/j.cell.2018.02.010; data: "
    "https://doi.org/10.17632/rscbjbr9sj",
)
PATIENTS = (
    "told apart by the number in the file name, taken for one person in whatever class and folder it stands: that "
    "may join several people and divides none (the published train and test share numbers, but no pair of class and "
    "number); identical files are of one"
)
"""What a group is."""


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return the X-rays, in three classes or two, from ``dataset.root`` or made up."""
    classes = choice(options, "classes", tuple(CLASSES))
    wanted = image_sets.wanted_images(options)
    image_sets.on_bad_file(options)
    about = replace(ABOUT, classes=CLASSES[classes], task="binary" if classes == "binary" else "classification")
    place = places.place(options, ABOUT.title)
    if place == "synthetic":
        return _synthetic(about, wanted, progress)
    if place == "download":
        raise RequestError(
            "dataset.root=null: Parallax cannot download the chest X-rays. Fetch them from "
            "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia (needs an account) or "
            "ChestXRay2017.zip from https://data.mendeley.com/datasets/rscbjbr9sj and say dataset.root=FOLDER (with "
            "train and test in it) or dataset.root=FILE.zip; or say dataset.source=synthetic, a stand-in that needs no "
            "files; or take a dataset that needs neither: "
            + ", ".join(f"dataset={name}" for name in places.NEED_NOTHING)
        )
    return _read(about, options, progress)


def _read(about: About, options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    source = folders.source(options)
    binary = about.task == "binary"
    samples, left_out = chest_xray.find(folders.listed(source), source.where, binary=binary)

    def build(folder: Path) -> Made:
        facts = {"patients": PATIENTS}
        if left_out:
            facts["left out"] = f"{left_out:,} files outside the folders that are read"
        known = replace(about, source=f"files in {source.where}", facts=facts)
        made, found = image_sets.make(source, samples, known, options, folder, progress)
        counts = [int((made.y == label).sum()) for label in range(len(about.classes))]
        note = chest_xray.difference(counts, found.sizes)
        return replace(made, about=replace(made.about, note=note))

    more = {"name": "pneumonia", "classes": about.classes, "left_out": left_out}
    return cache.prepared("pneumonia", image_sets.identity(source, samples, options, **more), build, progress)


def _synthetic(about: About, wanted: ImageOptions, progress: Progress | None) -> Prepared:
    """Return made-up images, as many of each class, in each of the official sets, as were published."""
    if wanted.size is None:
        raise RequestError(
            "dataset.size=null: made-up images have no size of their own; say one, such as dataset.size=64"
        )
    shape = (*wanted.size, 3 if wanted.channels == "rgb" else 1)
    counts = [chest_xray.counts(part, binary=about.task == "binary") for part in image_sets.PARTS]

    def build(folder: Path) -> Made:
        import numpy as np

        from bench.datasets import blends

        y = np.concatenate([blends.labels(part, seed=seed) for seed, part in enumerate(counts)])
        x = cache.new_array(folder / "x.npy", (len(y), *shape), "uint8")
        blends.images(x, y, len(about.classes), seed=100, progress=progress)
        train, val, test = (sum(part) for part in counts)
        return Made(x=x, y=y, about=places.stand_in(about, official=(train, val, test)))

    identity = {"name": "pneumonia", "synthetic": VERSION, "counts": counts, "shape": shape}
    return cache.prepared("pneumonia-synthetic", identity, build, progress)
