"""Scaling: what the model's input makes of the samples, by the training split's statistics alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from bench import datasets
from bench.datasets import cache, scales
from bench.datasets.prepared import About, Made, Splits
from bench.errors import RequestError

DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (50, 6, 5, 3), np.uint8)
TABLE = (DRAW.normal(size=(50, 4)) * [1, 10, 1e4, 1] + [0, 5, -1e5, 3]).astype(np.float32)
TABLE[:, 3] = 3.0
TARGET = DRAW.normal(100, 20, 50).astype(np.float32)
TRAIN = np.flatnonzero(np.arange(50) % 3)
SPLITS = Splits(train=TRAIN, val=np.arange(0, 24, 3), test=np.arange(24, 50, 3), counts={})
ABOUT = About(
    name="toy",
    title="a toy",
    source="this test",
    synthetic=True,
    task="classification",
    classes=("a", "b"),
    official=None,
    value_range=(0.0, 255.0),
    licence="none",
    citation="",
)


@pytest.fixture
def images():
    return cache.prepared("images", {}, lambda _: Made(x=IMAGES, y=np.arange(50) % 2, about=ABOUT))


@pytest.fixture
def table():
    about = dataclasses.replace(ABOUT, task="regression", classes=(), value_range=None)
    return cache.prepared("table", {}, lambda _: Made(x=TABLE, y=TARGET, about=about))


def scaled(x, scale, offset):
    return x.astype(np.float64) * scale + offset


def test_standard_is_mean_0_and_deviation_1_of_each_channel_in_training(images):
    x = scaled(IMAGES, *datasets.scaling(images, {"scaling": "standard"}, SPLITS))[TRAIN].reshape(-1, 3)
    assert np.abs(x.mean(axis=0)).max() < 1e-12
    assert np.abs(x.std(axis=0) - 1).max() < 1e-12


def test_a_table_is_standardised_as_scikit_learn_does_it(table):
    made = scaled(TABLE, *datasets.scaling(table, {"scaling": "standard"}, SPLITS))
    expected = StandardScaler().fit(TABLE[TRAIN].astype(np.float64)).transform(TABLE.astype(np.float64))
    assert np.allclose(made, expected, rtol=1e-9, atol=1e-9)
    assert (made[:, 3] == 0).all(), "a feature that never varies is centred, and divided by nothing"


def test_only_the_training_split_counts(images, table):
    other = dataclasses.replace(SPLITS, train=SPLITS.val, val=SPLITS.train)
    for prepared in (images, table):
        first, second = (datasets.scaling(prepared, {"scaling": "standard"}, splits) for splits in (SPLITS, other))
        assert first != second


def test_blocks_change_nothing(images, table, monkeypatch):
    whole = [scales.statistics(prepared, SPLITS) for prepared in (images, table)]
    for prepared in (images, table):
        for path in prepared.folder.glob("statistics-*"):
            path.unlink()
    monkeypatch.setattr(scales, "BLOCK_BYTES", 200)
    assert [scales.statistics(prepared, SPLITS) for prepared in (images, table)] == whole


def test_statistics_are_kept_beside_the_arrays(table, monkeypatch):
    first = datasets.scaling(table, {"scaling": "standard"}, SPLITS)
    monkeypatch.setattr(scales, "_of_table", lambda *_: pytest.fail("read all of it again"))
    assert datasets.scaling(table, {"scaling": "standard"}, SPLITS) == first
    (kept,) = table.folder.glob("statistics-*.json")
    kept.write_text("{")
    monkeypatch.undo()
    assert datasets.scaling(table, {"scaling": "standard"}, SPLITS) == first


def test_a_cache_that_can_only_be_read_serves_too(table, monkeypatch):
    def refuse(path: Path, content: object) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(scales, "write_json", refuse)
    assert len(datasets.scaling(table, {"scaling": "standard"}, SPLITS)[0]) == 4


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [("unit", 0, 1), ([0, 1], 0, 1), ([-1, 1], -1, 1), ((0.5, 2.0), 0.5, 2), ("none", 0, 255)],
)
def test_an_interval_is_that_of_the_pixels_range(images, asked, least, most):
    scale, offset = datasets.scaling(images, {"scaling": asked}, SPLITS)
    assert (len(scale), len(offset)) == (1, 1)
    assert scaled(np.array([0, 255]), scale, offset) == pytest.approx([least, most])


def test_given_mean_and_deviation_are_of_the_unit_interval(images):
    asked = {"mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]}
    made = scaled(IMAGES, *datasets.scaling(images, {"scaling": asked}, SPLITS))
    assert np.allclose(made, (IMAGES / 255 - asked["mean"]) / asked["deviation"], rtol=0, atol=1e-12)
    one = datasets.scaling(images, {"scaling": {"mean": 0.5, "deviation": 0.25}}, SPLITS)
    assert one == ([pytest.approx(4 / 255)], [-2.0])
    digits = dataclasses.replace(images, value_range=(1.0, 17.0))
    (scale,), (offset,) = datasets.scaling(digits, {"scaling": {"mean": [0.5], "deviation": [0.25]}}, SPLITS)
    assert (1 * scale + offset, 17 * scale + offset) == (-2.0, 2.0)


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "standrad",
        [0],
        [1, 0],
        [0, 0],
        [0, float("inf")],
        [False, True],
        {"mean": [0]},
        {"mean": [0], "deviation": [0]},
        {"mean": [0, 0], "deviation": [1]},
        {"mean": ["a"], "deviation": [1]},
        {"mean": [], "deviation": []},
    ],
)
def test_what_is_no_scaling_is_refused_before_anything_else(options, cache_root, asked):
    with pytest.raises(RequestError, match=r"^dataset\.scaling=.*: must be unit .* or \[low, high\].* or standard"):
        datasets.prepare(options("digits", scaling=asked))
    assert not cache_root.exists()


def test_what_does_not_fit_the_data_is_refused(images, table):
    with pytest.raises(RequestError, match=r"dataset\.scaling=\[0, 1\]: is for images, and a toy is a table.*standard"):
        datasets.scaling(table, {"scaling": [0, 1]}, SPLITS)
    with pytest.raises(
        RequestError, match=r"has 2 numbers, and a toy has 3 channels; give one for each, or one for all"
    ):
        datasets.scaling(images, {"scaling": {"mean": [0, 0], "deviation": [1, 1]}}, SPLITS)


def test_a_target_is_standardised_by_the_training_split_where_asked(images, table):
    scale, offset = datasets.target_scaling(table, {"target": "standard"}, SPLITS)
    made = scaled(TARGET, scale, offset)[TRAIN]
    assert (abs(made.mean()) < 1e-12, made.std()) == (True, pytest.approx(1))
    assert datasets.target_scaling(table, {"target": "raw"}, SPLITS) == (1.0, 0.0)
    assert datasets.target_scaling(images, {"target": "standard"}, SPLITS) == (1.0, 0.0), "labels are labels"
    assert datasets.target_scaling(table, {}, SPLITS) == (1.0, 0.0)


def test_a_misspelt_target_is_refused(options):
    with pytest.raises(RequestError, match=r"dataset\.target: there is no 'standart'; did you mean 'standard'\?"):
        datasets.prepare(options("diabetes", target="standart"))
