"""Every dataset from its YAML with both frameworks, and every pipeline on every kind of images it fits, from outside.

The files are small and in the official formats; nothing needs a network.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import bench
from tests.bench.datasets import test_tables
from tests.bench.datasets.conftest import (
    CIFAR_FILES,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    idx_bytes,
    python2_pickle,
)

pytestmark = pytest.mark.slow
ROOT = Path(bench.__file__).resolve().parent.parent
QUICK = ("measure=quick", "measure.repeats=1", "train.epochs=1", "train.batch_size=16", "model=linear")
DRAW = np.random.default_rng(0)


def idx(folder: Path) -> None:
    for images, labels, number in ((TRAIN_IMAGES, TRAIN_LABELS, 200), (TEST_IMAGES, TEST_LABELS, 50)):
        (folder / f"{images}.gz").write_bytes(gzip.compress(idx_bytes(DRAW.integers(0, 256, (number, 28, 28)))))
        (folder / f"{labels}.gz").write_bytes(gzip.compress(idx_bytes(np.arange(number) % 10)))


def cifar10(folder: Path) -> None:
    for name in CIFAR_FILES:
        labels, data = [k % 10 for k in range(40)], DRAW.integers(0, 256, (40, 3072), np.uint8)
        batch = {b"batch_label": b"", b"labels": labels, b"data": data, b"filenames": [b"a.png"] * 40}
        (folder / name).write_bytes(python2_pickle(batch))
    names = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]
    meta = {b"num_cases_per_batch": 40, b"label_names": names, b"num_vis": 3072}
    (folder / "batches.meta").write_bytes(python2_pickle(meta))


def california_housing(folder: Path) -> None:
    test_tables.pack(folder / "cal_housing.tgz")


def pictures(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(DRAW.integers(0, 256, (50, 70, 3), np.uint8)).save(folder / name)


def pneumonia(folder: Path) -> None:
    normal = [f"{part}/NORMAL/IM-{k:04d}-0001.jpeg" for k in range(40) for part in ("train", "test")]
    bacteria = [f"train/PNEUMONIA/person{k}_bacteria_{k + 1}.jpeg" for k in range(60)]
    virus = [f"val/PNEUMONIA/person{k + 100}_virus_{k + 200}.jpeg" for k in range(40)]
    pictures(folder / "chest_xray", normal + bacteria + virus)


def image_folder(folder: Path) -> None:
    pictures(folder, [f"{label}/{k // 2}_{k}.{kind}" for label in "ab" for k in range(40) for kind in ("png", "jpg")])


WRITERS: dict[str, Callable[[Path], None]] = {
    "mnist": idx,
    "fashion_mnist": idx,
    "cifar10": cifar10,
    "california_housing": california_housing,
    "pneumonia": pneumonia,
    "image_folder": image_folder,
}
IMAGES = ("digits", "synthetic", "mnist", "cifar10", "pneumonia", "image_folder")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Run a command line over the small files of a dataset and return its results."""
    place = tmp_path_factory.mktemp("every")
    environment = {"PYTHONPATH": str(ROOT), "PARALLAX_CACHE": str(place / "cache"), "CUDA_VISIBLE_DEVICES": "-1"}
    for name, write in WRITERS.items():
        (place / name).mkdir()
        write(place / name)

    def start(name: str, *said: str) -> dict[str, Any]:
        root = [f"dataset.root={place / name}"] if name in WRITERS else []
        command = [sys.executable, "-m", "bench", *QUICK, f"dataset={name}", *root, "hydra.run.dir=run", *said]
        done = subprocess.run(command, cwd=place, env=os.environ | environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        results: dict[str, Any] = json.loads((place / "run/results.json").read_text())
        return results

    return start


@pytest.mark.parametrize("name", bench.datasets.names())
def test_it_trains_with_both_frameworks_and_is_certified(run, name):
    results = run(name)
    assert (results["status"], results["parity"]["passed"]) == ("ok", True)
    assert [trial["status"] for trial in results["trials"]] == ["ok", "ok"]
    data = results["dataset"]
    assert (data["name"], data["synthetic"]) == (name, name == "synthetic")
    assert bool(data["note"]) == (
        name in ("synthetic", "mnist", "fashion_mnist", "cifar10", "california_housing", "pneumonia")
    )
    quality = "test_mae" if data["task"] == "regression" else "test_accuracy"
    first, second = (trial["metrics"][quality] for trial in results["trials"])
    assert first == pytest.approx(second, abs=0.03, rel=0.03)


@pytest.mark.parametrize("name", IMAGES)
def test_samples_on_the_device_train_alike(run, name):
    results = run(name, "pipeline=device", "train.drop_last=false")
    assert (results["status"], results["parity"]["passed"]) == ("ok", True)
    assert any(check["quantity"] == "first losses of the trials" for check in results["parity"]["checks"])


@pytest.mark.parametrize("name", ["pneumonia", "image_folder"])
def test_files_train_alike_and_their_pixels_are_compared(run, name):
    results = run(name, "pipeline=files", "pipeline.augment.flip=horizontal", "dataset.size=32")
    assert (results["status"], results["parity"]["passed"]) == ("ok", True)
    assert {"pixels of the files", "pixels against the prepared ones"} <= {
        check["quantity"] for check in results["parity"]["checks"]
    }
    assert any("grey levels on average" in note for note in results["parity"]["uncertified"])


@pytest.mark.parametrize("name", IMAGES)
def test_records_are_read_by_tensorflow(run, name):
    results = run(name, "pipeline=tfrecord", "framework=tf")
    assert results["status"] == "ok"
    (trial,) = results["trials"]
    assert trial["input_seconds"] > 0
