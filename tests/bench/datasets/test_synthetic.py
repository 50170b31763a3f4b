"""``dataset=synthetic``, of any shape and size; and the stand-ins, called so everywhere, of the real ones' sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import datasets
from bench.datasets import california_housing, cifar10, mnist, stand_ins
from bench.datasets.resize import ImageOptions
from bench.errors import RequestError


@pytest.mark.parametrize(
    ("shape", "classes", "task", "dtypes"),
    [
        ([32, 32, 3], 10, "classification", (np.uint8, np.int32)),
        ([7, 9, 1], 2, "binary", (np.uint8, np.int32)),
        ([8, 8, 3], 0, "regression", (np.uint8, np.float32)),
        ([12], 3, "classification", (np.float32, np.int32)),
        ([12], 0, "regression", (np.float32, np.float32)),
    ],
)
def test_any_shape_and_size(options, shape, classes, task, dtypes):
    prepared = datasets.prepare(options("synthetic", shape=shape, classes=classes, samples=103))
    x, y = prepared.arrays()
    assert (x.shape, y.shape, prepared.input_shape) == ((103, *shape), (103,), tuple(shape))
    assert (x.dtype, y.dtype, prepared.task, len(prepared.classes)) == (*dtypes, task, classes)
    assert (prepared.value_range is None) == (len(shape) == 1)
    assert prepared.synthetic
    assert "synthetic" in prepared.note
    if classes:
        assert np.ptp(np.bincount(y, minlength=classes)) <= 1
    else:
        assert np.unique(y).size > 50


def test_it_is_the_same_each_time(options, cache_root, monkeypatch, tmp_path):
    first = datasets.prepare(options("synthetic", samples=50))
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "another"))
    second = datasets.prepare(options("synthetic", samples=50))
    assert first.folder != second.folder
    assert first.checksum == second.checksum
    assert datasets.prepare(options("synthetic", samples=51)).folder.name != first.folder.name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": [32, 32]}, r"dataset\.shape=\[32, 32\]: must be \[height, width, channels\]"),
        ({"shape": [32, 32, 2]}, r"with 1 or 3 channels, or \[features\]"),
        ({"shape": [0]}, r"dataset\.shape=\[0\]"),
        ({"shape": 32}, r"dataset\.shape=32"),
        ({"shape": [1 << 21, 1 << 21, 3]}, r"dataset\.shape="),
        ({"samples": 0}, r"dataset\.samples=0: must be a whole number from 50 \(five for each class\) to"),
        (
            {"samples": 1 << 40},
            r"dataset\.samples=1099511627776: must be a whole number from 50 \(five for each class\) to 357913941",
        ),
        ({"samples": 1e3}, r"dataset\.samples=1000\.0: must be a whole number"),
        ({"classes": 1}, r"dataset\.classes=1: one class cannot be learnt; say 2 or more, or 0"),
        ({"classes": -1}, r"dataset\.classes=-1: must be a whole number from 0 to 1000"),
        ({"classes": True}, r"dataset\.classes=True: must be a whole number"),
        ({"root": "d"}, r"dataset\.root=d: synthetic samples are made up; leave dataset\.root=null"),
        ({"source": "official"}, r"dataset\.source: there is no 'official' \(there are: synthetic\)"),
    ],
)
def test_what_cannot_be_made_is_refused(options, cache_root, changes, message):
    with pytest.raises(RequestError, match=message):
        datasets.prepare(options("synthetic", **changes))
    assert not cache_root.exists()


def small(monkeypatch) -> None:
    """Let the stand-ins be a hundredth of the real size."""
    monkeypatch.setattr(mnist, "KNOWN", replace(mnist.KNOWN, counts=((60,) * 10, (10,) * 10)))
    monkeypatch.setattr(cifar10, "COUNTS", ((50,) * 10, (10,) * 10))
    monkeypatch.setattr(california_housing, "SAMPLES", 206)


@pytest.mark.parametrize(
    ("name", "title", "shape", "official", "number"),
    [
        ("mnist", "MNIST", (28, 28, 1), (600, 0, 100), 700),
        ("cifar10", "CIFAR-10", (32, 32, 3), (500, 0, 100), 600),
        ("california_housing", "California housing", (8,), None, 206),
    ],
)
def test_a_stand_in_is_called_so_everywhere(options, monkeypatch, name, title, shape, official, number):
    small(monkeypatch)
    prepared = datasets.prepare(options(name, source="synthetic"))
    assert prepared.synthetic
    assert (prepared.official, prepared.num_samples, prepared.input_shape) == (official, number, shape)
    assert prepared.title == f"synthetic stand-in for {title}"
    assert prepared.note.startswith("synthetic stand-in: ")
    assert prepared.note.endswith(f" say nothing about {title}")
    assert "synthetic" in prepared.source
    assert "synthetic" in prepared.folder.name
    assert (prepared.citation, prepared.licence) == ("", "Apache-2.0")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "california_housing"])
def test_every_dataset_that_is_fetched_has_a_stand_in_of_the_same_size(options, monkeypatch, name):
    asked = {}
    monkeypatch.setattr(stand_ins, "images", lambda about, shape, counts, wanted, progress: asked.update(locals()))
    monkeypatch.setattr(stand_ins, "table", lambda about, samples, features, progress: asked.update(locals()))
    datasets.prepare(options(name, source="synthetic"))
    if name == "california_housing":
        assert (asked["samples"], asked["features"]) == (20_640, 8)
    else:
        assert tuple(map(sum, asked["counts"])) == asked["about"].official[::2]
        assert asked["shape"] == ((32, 32, 3) if name == "cifar10" else (28, 28, 1))


def test_a_stand_in_has_the_counts_and_the_size_asked_for():
    counts = ((7, 2, 4), (1, 0, 3))
    about = replace(mnist.KNOWN.about, classes=("a", "b", "c"))
    prepared = stand_ins.images(about, (8, 8, 3), counts, ImageOptions(size=(4, 5), channels="grey"), None)
    x, y = prepared.arrays()
    assert (x.shape, prepared.official) == ((17, 4, 5, 1), (13, 0, 4))
    assert np.bincount(y[:13]).tolist() == [7, 2, 4]
    assert np.bincount(y[13:]).tolist() == [1, 0, 3]
    assert len({image.tobytes() for image in x}) == 17, "no image comes twice"


WHOLE = {
    "mnist": "ea4b81ae9fc58ddb52a7c0ac102779e68a371b5f4a4cee0c06828f011fd190ad",
    "cifar10": "41cd5b45503d390c79fc6d21d6960c5bba5d9f6f90a1f423ab5d4e522e53ad0a",
    "california_housing": "f3098b83e2c26b654ac00c1a598de98328b1f04c8eb949fcde3188f3e4e445f9",
}


@pytest.mark.slow
def test_the_stand_ins_whole(options):
    for name, checksum in WHOLE.items():
        prepared = datasets.prepare(options(name, source="synthetic"))
        assert prepared.checksum == checksum
    test = datasets.split(datasets.prepare(options("mnist", source="synthetic")), options("mnist")).counts["test"]
    assert test == mnist.KNOWN.counts[1]
