from __future__ import annotations

import numpy as np
import pytest

from bench import samples
from bench.datasets import Prepared, Splits


def data(folder, x, y, classes=("a", "b", "c"), value_range=(0.0, 255.0)):
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    prepared = Prepared(
        name="d",
        title="D",
        source="",
        synthetic=False,
        task="classification" if classes else "regression",
        classes=tuple(classes),
        official=None,
        value_range=value_range,
        licence="",
        citation="",
        folder=folder,
        input_shape=x.shape[1:],
        num_samples=len(x),
        checksum="",
    )
    rest = np.arange(0, dtype=np.int64)
    return prepared, Splits(train=np.arange(0, len(x), 2, dtype=np.int64), val=rest, test=rest, counts={})


def written(folder, *arguments, seed=0, **options):
    prepared, splits = data(folder, *arguments, **options)
    name = samples.write(prepared, splits, folder / "run", seed)
    assert name == samples.NAME
    return np.load(folder / "run" / name, allow_pickle=False)


def numbered(labels, shape=(4, 4, 1)):
    """Images whose every value is their own place among all."""
    x = np.zeros((len(labels), *shape), np.uint8)
    return x + np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1), np.array(labels, np.int32)


def test_every_class_shows_distinct_training_images_of_its_own(tmp_path):
    x, y = numbered([place // 2 % 3 for place in range(240)])
    found = written(tmp_path, x, y)
    assert found.shape == (3, 8, 4, 4, 1)
    assert found.dtype == np.uint8
    for label, row in enumerate(found[..., 0, 0, 0]):
        assert len(set(row)) == 8
        assert set(y[row]) == {label}
        assert not (row % 2).any(), "of the training split alone"


def test_the_seed_chooses(tmp_path):
    x, y = numbered([place // 2 % 3 for place in range(240)])
    one, again, other = (written(tmp_path, x, y, seed=seed) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()


def test_a_class_with_few_images_leaves_places_empty(tmp_path):
    x, y = numbered([0] * 20 + [1, 1, 1, 1])
    found = written(tmp_path, x + np.uint8(1), y)
    assert [np.count_nonzero(row[:, 0, 0, 0]) for row in found] == [8, 2, 0]


def test_only_the_first_of_many_classes_are_shown(tmp_path):
    x, y = numbered([place // 2 for place in range(200)])
    assert written(tmp_path, x, y, classes=[str(label) for label in range(100)]).shape == (12, 1, 4, 4, 1)


def test_large_images_lose_pixels_and_keep_their_shape(tmp_path):
    x = np.zeros((4, 224, 100, 3), np.uint8)
    x[:, ::3, ::3] = 7
    found = written(tmp_path, x, np.zeros(4, np.int32))
    assert found.shape == (3, 2, 75, 34, 3)
    assert (found[0] == 7).all()


@pytest.mark.parametrize(("channels", "shown"), [(1, 1), (2, 1), (3, 3), (5, 3)])
def test_channels_are_grey_or_three(tmp_path, channels, shown):
    x = np.arange(channels, dtype=np.uint8) * np.ones((4, 2, 2, 1), np.uint8)
    found = written(tmp_path, x, np.zeros(4, np.int32))
    assert found[0, 0, 0, 0].tolist() == list(range(shown))


def test_values_are_spread_over_what_a_picture_has(tmp_path):
    x = np.array([0, 8, 16, 16], np.uint8).reshape(1, 2, 2, 1).repeat(2, axis=0)
    found = written(tmp_path, x, np.zeros(2, np.int32), value_range=(0.0, 16.0))
    assert found[0, 0, ..., 0].tolist() == [[0, 128], [255, 255]]


def test_images_with_a_number_for_a_target_are_one_row(tmp_path):
    x, _ = numbered([0] * 20)
    assert written(tmp_path, x, np.linspace(0, 1, 20, dtype=np.float32), classes=()).shape == (1, 8, 4, 4, 1)


def test_a_table_leaves_nothing(tmp_path):
    prepared, splits = data(tmp_path, np.zeros((6, 5), np.float32), np.zeros(6, np.int32), value_range=None)
    assert samples.write(prepared, splits, tmp_path / "run", 0) == ""
    assert not (tmp_path / "run").exists()
