"""Pipelines ``files`` and ``tfrecord``: the same samples in the same order on both sides, and damage that is named."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from bench.results import pixels
from bench.results.fingerprint import Fingerprint
from frameworks import rooms
from frameworks.contract import Request
from frameworks.order import orders
from tests.frameworks.conftest import Job

BACKENDS = rooms.names()
OFF = {"flip": "none", "crop": 0, "rotation": 0.0, "zoom": 0.0, "brightness": 0.0, "contrast": 0.0}
COUNT, SIZE, EPOCHS, SEED = 23, 4, 2, 5


def photo(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a picture of waves and noise in colours, uint8 (H, W, 3)."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    picture = rng.uniform(60, 190, 3) + rng.normal(0, 4, (height, width, 1))
    for _ in range(10):
        waves, angle, phase = 2 ** rng.uniform(0, 5), rng.uniform(0, 6), rng.uniform(0, 6)
        wave = np.sin(2 * np.pi * waves * (x * np.cos(angle) + y * np.sin(angle)) + phase) / (1 + waves / 4)
        picture = picture + wave[..., None] * rng.normal(0, 50, 3)
    return np.clip(picture, 0, 255).astype(np.uint8)


@dataclass(kw_only=True)
class FileJob(Job):
    """Images that are files too; those of PNG have their sample's number in every pixel."""

    layers: list[Any] = field(default_factory=lambda: ["flatten", {"dense": "outputs"}])
    shape: tuple[int, ...] = (6, 7, 3)
    count: int = COUNT
    source: str = "files"
    workers: int | None = None
    interpolation: str = "bilinear"
    augment: dict[str, Any] = field(default_factory=dict)
    jpeg: tuple[int, int] | None = None
    """(H, W) of the photos that files are to be, in place of lossless small ones."""
    spoilt: dict[int, bytes | None] = field(default_factory=dict)
    """By sample: what stands in its file; None for no file at all."""
    swapped: tuple[str, ...] = ()
    """Backends that are given the files in another order."""

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        y = np.arange(2 * self.count)
        x = np.random.default_rng(1).integers(0, 256, (2 * self.count, *self.shape), dtype=np.uint8)
        x[..., 0] = y.reshape(-1, 1, 1)
        return x, y

    def request(self, backend: str, folder: Path) -> Request:
        asked = super().request(backend, folder)
        root, (x, _) = folder / f"files of {backend}", self.images()
        root.mkdir()
        rng, prepared = np.random.default_rng(2), x.copy()
        for k, image in enumerate(x):
            picture = Image.fromarray(image.squeeze() if self.jpeg is None else photo(rng, *self.jpeg))
            picture = picture.convert("L" if self.shape[2] == 1 else "RGB")
            picture.save(root / self.names[k], quality=90)
            if self.jpeg is not None:
                way = Image.Resampling[self.interpolation.upper()]
                opened = Image.open(root / self.names[k]).resize(self.shape[1::-1], way)
                prepared[k] = np.asarray(opened).reshape(self.shape)
        for k, content in self.spoilt.items():
            (root / self.names[k]).unlink()
            if content is not None:
                (root / self.names[k]).write_bytes(content)
        names = self.names[::-1] if backend in self.swapped else self.names
        (root / "files.json").write_text(json.dumps({"root": str(root), "names": names}))
        given = {"name": self.source, "workers": self.workers, "augment": OFF | self.augment}
        given |= {"interpolation": self.interpolation, "folder": str(folder / backend)}
        data = asked.samples
        np.save(data.x, np.moveaxis(prepared, -1, 1) if data.channels_first else prepared)
        return replace(asked, data=replace(data, files=str(root / "files.json")), pipeline=given)

    @property
    def names(self) -> list[str]:
        kind = "png" if self.jpeg is None else "jpeg"
        return [f"a file {k}.{kind}" for k in range(2 * self.count)]


def in_order(job: FileJob, drop_last: bool) -> list[np.ndarray]:
    """Return the samples of every batch."""
    rows = orders(SEED, EPOCHS, job.count)
    if drop_last:
        rows = rows[:, : job.count // SIZE * SIZE]
    return [row[start : start + SIZE] for row in rows for start in range(0, rows.shape[1], SIZE)]


SOURCES = [("files", backend) for backend in BACKENDS] + [("tfrecord", "tf")]


@pytest.mark.parametrize("drop_last", [True, False], ids=["whole batches", "a partial batch"])
@pytest.mark.parametrize(("source", "backend"), SOURCES)
@pytest.mark.parametrize(
    ("channels", "workers"), [(3, None), (3, 0), (1, 2)], ids=["rgb", "rgb, no workers", "grey, two workers"]
)
def test_every_batch_of_two_epochs_has_the_samples_given(side_by_side, backend, source, channels, workers, drop_last):
    train = {"epochs": EPOCHS, "batch_size": SIZE, "drop_last": drop_last, "seed": SEED}
    job = FileJob(shape=(6, 7, channels), source=source, workers=workers, train=train)
    found = side_by_side.ask(backend, "delivered", job)
    expected = in_order(job, drop_last)
    assert found.values["batches"] == len(expected) == EPOCHS * (5 if drop_last else 6)
    x, y = job.images()
    for step, index in enumerate(expected):
        assert found.arrays[f"y/{step}"].tolist() == y[index].tolist()
        assert found.arrays[f"x/{step}"].dtype == np.uint8
        assert (found.arrays[f"x/{step}"] == x[index]).all()


@pytest.mark.parametrize(("source", "backend"), SOURCES)
@pytest.mark.parametrize("drop_last", [True, False])
def test_augmented_batches_come_again_to_the_bit_whatever_the_workers(side_by_side, backend, source, drop_last):
    """Twice over with one source too: what was delivered before must not show."""
    augment = {"flip": "both", "crop": 2, "rotation": 20.0}
    jobs = [
        FileJob(
            source=source,
            workers=workers,
            augment=augment,
            train={"epochs": EPOCHS, "batch_size": SIZE, "drop_last": drop_last, "seed": seed},
        )
        for workers, seed in ((0, SEED), (3, SEED), (0, SEED + 1))
    ]
    one, other, reseeded = (side_by_side.ask(backend, "delivered", job, times=2) for job in jobs)
    assert one.arrays.keys() == other.arrays.keys()
    assert all((one.arrays[name] == other.arrays[name]).all() for name in one.arrays)
    half = one.values["batches"] // 2
    assert all((one.arrays[f"x/{k}"] == one.arrays[f"x/{k + half}"]).all() for k in range(half))
    plain, _ = jobs[0].images()
    expected = in_order(jobs[0], drop_last)
    for step, index in enumerate(expected):
        assert (one.arrays[f"y/{step}"] == index).all()
        assert (one.arrays[f"x/{step}"] != plain[index]).any()
    assert any((one.arrays[f"x/{k}"] != reseeded.arrays[f"x/{k}"]).any() for k in range(half))


@pytest.mark.parametrize(("source", "backend"), SOURCES)
def test_a_run_in_float64_has_the_same_changes(side_by_side, backend, source):
    augment = {"flip": "both", "crop": 2, "rotation": 20.0, "zoom": 0.2, "brightness": 0.2, "contrast": 0.2}
    job = FileJob(source=source, augment=augment, train={"epochs": 1, "batch_size": SIZE, "seed": SEED})
    single, double = (side_by_side.ask(backend, "delivered", job, precision=name) for name in ("float32", "float64"))
    assert all((single.arrays[name] == double.arrays[name]).all() for name in single.arrays)


def test_workers_of_pytorch_are_none_on_two_cores_and_as_many_as_are_asked_for(side_by_side):
    asked = {workers: side_by_side.ask("torch", "delivered", FileJob(workers=workers)) for workers in (None, 0, 2)}
    assert {workers: found.values["workers"] for workers, found in asked.items()} == {None: 0, 0: 0, 2: 2}


@pytest.mark.parametrize("backend", BACKENDS)
def test_samples_are_mapped_not_copied(side_by_side, backend):
    """tf.data would take as much memory again to rewrite the pipeline: see `frameworks.tf.input.indices`."""
    job = Job(layers=["flatten", {"dense": "outputs"}], shape=(64, 64, 3))
    first = side_by_side.ask(backend, "memory", job, megabytes=16).values["taken"]
    assert side_by_side.ask(backend, "memory", job, megabytes=512).values["taken"] < first + 64 * 2**20


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("workers", [None, 2])
def test_no_epoch_is_read_before_its_clock_begins(side_by_side, backend, workers):
    """Else what was read during validation would cost nothing, on the side that reads ahead."""
    train = {"epochs": 2, "batch_size": SIZE, "seed": SEED}
    job = FileJob(layers=["flatten", {"dense": 99}], outputs=99, workers=workers, train=train)
    assert side_by_side.ask(backend, "reads_anew", job).values["message"] == "UnreadableFileError"


def cut(path: Path, part: float) -> bytes:
    whole = path.read_bytes()
    return whole[: int(len(whole) * part)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("damage", ["cut", "no image", "empty", "missing"])
def test_a_damaged_file_is_named(side_by_side, tmp_path, backend, workers, damage):
    whole = tmp_path / "whole.jpeg"
    Image.fromarray(photo(np.random.default_rng(0), 60, 70)).save(whole)
    content = {"cut": cut(whole, 0.6), "no image": b"not an image", "empty": b"", "missing": None}[damage]
    bad = 17
    job = FileJob(spoilt={bad: content}, workers=workers, train={"epochs": 1, "batch_size": SIZE, "seed": SEED})
    found = side_by_side.ask(backend, "fails", job)
    assert found.values["message"].startswith("UnreadableFileError: ")
    assert f"{os.sep}{job.names[bad]}: cannot be read as an image (" in found.values["message"]
    place = orders(SEED, 1, COUNT)[0].tolist().index(bad)
    assert found.values["batches"] <= place // SIZE


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_file_beyond_the_training_split_is_never_opened(side_by_side, backend):
    job = FileJob(spoilt={COUNT + 1: None})
    assert side_by_side.ask(backend, "fails", job).values == {"message": "", "batches": 10}


def compared(job: FileJob, answers: dict[str, Any], folder: Path) -> tuple[list[Any], list[str]]:
    """Return the checks and notes that the certificate has on what the gate kept."""
    prints = {}
    for name, answer in answers.items():
        save_file(answer.arrays, folder / f"{name}.safetensors")
        about = {"content": "", "layers": (), "num_parameters": 0, "mode": ""}
        prints[name] = Fingerprint(contender=name, arrays=answer.arrays, **about)
    checks = [check for item in prints.values() for check in pixels.examine(item)]
    return checks + pixels.certify(prints["torch"], prints["tf"]), pixels.notes(prints)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "rgb"])
@pytest.mark.parametrize(("interpolation", "most"), [("nearest", 0.0), ("bilinear", 0.25), ("bicubic", 0.25)])
def test_both_decode_and_resize_jpegs_alike(side_by_side, tmp_path, interpolation, most, channels):
    """TensorFlow's default transform would be half a grey level off; what is left is torchvision's rounding between
    rows and columns."""
    job = FileJob(shape=(48, 64, channels), jpeg=(120, 160), interpolation=interpolation, count=8)
    answers = side_by_side.both("pixels", job)
    checks, notes = compared(job, answers, tmp_path)
    assert [check.baseline for check in checks] == ["reference", "reference", "tf"]
    assert max(check.error for check in checks) <= most, [check.error for check in checks]
    x, y = (answers[name].arrays["input/pixels"] for name in ("tf", "torch"))
    assert x.shape == (8, 48, 64, channels)
    assert np.abs(x.astype(int) - y).max() <= 2
    assert x.std() > 20
    assert len(notes) == 1
    assert notes[0].startswith(
        "pixels of 8 training files: each framework decodes and resizes for itself; tf and torch by"
    )
    assert "tf and the prepared arrays by" in notes[0]


def test_files_in_another_order_fail_the_certificate(side_by_side, tmp_path):
    job = FileJob(shape=(32, 32, 3), jpeg=(40, 50), count=6, swapped=("torch",))
    checks, _ = compared(job, side_by_side.both("pixels", job), tmp_path)
    assert [(check.contender, check.baseline, check.passed) for check in checks] == [
        ("tf", "reference", True),
        ("torch", "reference", False),
        ("torch", "tf", False),
    ]
    assert checks[1].error > 2 * pixels.MOST


def test_the_gate_keeps_few_pixels_of_pictures_from_the_whole_split(side_by_side):
    job = FileJob(shape=(130, 70, 1), count=40)
    tf, torch = side_by_side.both("pixels", job).values()
    assert tf.arrays["input/pixels"].shape == (16, 44, 24, 1)
    assert (tf.arrays["input/pixels"] == torch.arrays["input/pixels"]).all()
    assert tf.arrays["input/pixels"][:, 0, 0, 0].tolist() == np.linspace(0, 39, 16).astype(int).tolist()
    assert (tf.arrays["input/prepared"] == tf.arrays["input/pixels"]).all()


def test_no_pixels_are_kept_where_training_does_not_read_files(side_by_side):
    assert side_by_side.ask("torch", "pixels", FileJob(source="memory")).arrays == {}


def test_records_are_written_once_and_survive(side_by_side):
    job = FileJob(source="tfrecord")
    found = side_by_side.ask("tf", "records", job, alter="nothing")
    names = [Path(path).name for path in found.values["files"]]
    kinds = [f"{split}_6x7_3_ds.tfrecord" for split in ("test", "train", "val")]
    assert [name for name in names if name.endswith("tfrecord")] == kinds
    assert {Path(path).parent.name for path in found.values["files"] if path.endswith("tfrecord")} == {"processed"}
    assert found.values == found.values | {"message": "", "untouched": True}
    before, after = (np.load(found.folder / f"record_{when}.npy") for when in ("before", "after"))
    assert before.shape == (6, 7, 3)
    assert (before == job.images()[0][0]).all()
    assert (after == before).all()


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        ("image", "record 3 came back with another image than sample 3"),
        ("label", "record 2 came back with another label than sample 2"),
        ("number", "23 records came back of 24"),
        ("flipped", "damaged ("),
        ("cut", "damaged ("),
        ("emptied", "has 0 records of 23; delete it, and it is written anew"),
    ],
)
def test_a_record_that_is_not_what_it_was_is_named(side_by_side, alter, message):
    found = side_by_side.ask("tf", "records", FileJob(source="tfrecord"), alter=alter)
    assert f"train_6x7_3_ds.tfrecord: {message}" in found.values["message"]
