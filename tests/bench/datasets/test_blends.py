"""Made-up samples: the same bytes everywhere, learnable, and not too easily; memory does not grow with their number."""

from __future__ import annotations

import hashlib
import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from bench.datasets import blends


def nearest_centroid_accuracy(x, y, test_x, test_y) -> float:
    centroids = np.stack([x[y == label].mean(axis=0).ravel() for label in range(int(y.max()) + 1)])
    scores = test_x.reshape(len(test_x), -1) @ centroids.T - (centroids**2).sum(axis=1) / 2
    return float((scores.argmax(axis=1) == test_y).mean())


def images(number: int, shape: tuple[int, int, int], classes: int, seed: int):
    y = blends.labels([number // classes] * classes, seed=seed)
    x = np.empty((len(y), *shape), np.uint8)
    blends.images(x, y, classes, seed=seed)
    return x, y


def digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:16]


def test_the_bytes_never_change():
    assert digest(*images(500, (28, 28, 1), 10, seed=100)) == "e324ef75f668b2eb"
    x = np.empty((400, 7), np.float32)
    assert digest(blends.table(x, None, 0, seed=3), x) == "f6011b6709360931"
    assert digest(blends.prototypes(3, 224, 224, 3)) == "03edc8f4a6b93e7e"
    assert blends.labels([1, 3, 2], seed=0).tolist() == [1, 1, 1, 0, 2, 2]


def test_labels_have_the_counts_asked_for_in_an_order_of_the_seed():
    first, second = (blends.labels([5, 0, 70, 25], seed=seed) for seed in (1, 2))
    assert np.bincount(first).tolist() == np.bincount(second).tolist() == [5, 0, 70, 25]
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.sort(first))


@pytest.mark.parametrize(("shape", "classes"), [((28, 28, 1), 10), ((32, 32, 3), 10), ((64, 64, 3), 3), ((8, 8, 1), 2)])
def test_images_can_be_learnt_but_not_to_perfection(shape, classes):
    train, test = (images(1500, shape, classes, seed=seed) for seed in (100, 200))
    assert not np.array_equal(train[0], test[0])
    assert 0.8 < nearest_centroid_accuracy(*train, *test) < 0.99


def test_classes_and_channels_differ():
    shapes = blends.prototypes(4, 32, 32, 3).astype(int)
    assert shapes.min(axis=(1, 2, 3)).tolist() == [0] * 4
    assert shapes.max(axis=(1, 2, 3)).tolist() == [255] * 4
    assert np.abs(shapes[0] - shapes[1]).mean() > 20
    assert np.abs(shapes[..., 0] - shapes[..., 1]).mean() > 20
    assert np.abs(np.diff(shapes, axis=2)).mean() < 0.4 * np.abs(shapes - shapes[:, :, ::-1]).mean(), "not smooth"


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (3, 2, 1)])
def test_the_smallest_images_are_made_too(shape):
    x, y = images(20, shape, 2, seed=0)
    assert (x.shape, len(y)) == ((20, *shape), 20)


def test_a_blend_has_its_share_as_target():
    x = np.empty((2000, 8, 8, 1), np.uint8)
    y = blends.mixtures(x, seed=5)
    assert (y.dtype, y.min() >= 0, y.max() < 1) == (np.float32, True, True)
    flat = x.reshape(2000, -1).astype(float)
    assert LinearRegression().fit(flat[:1000], y[:1000]).score(flat[1000:], y[1000:]) > 0.9


def test_a_table_follows_its_features_with_noise():
    x = np.empty((4000, 20), np.float32)
    y = blends.table(x, None, 0, seed=1)
    assert 0.7 < LinearRegression().fit(x[:3000], y[:3000]).score(x[3000:], y[3000:]) < 0.95
    assert x[:, 3].std() / x[:, 0].std() == pytest.approx(8, rel=0.1), "features must not all be of one size"


@pytest.mark.parametrize("classes", [2, 5])
def test_a_tables_classes_can_be_told_apart_mostly(classes):
    y = blends.labels([3000 // classes] * classes, seed=0)
    x = np.empty((len(y), 20), np.float32)
    assert blends.table(x, y, classes, seed=1) is y
    x /= x.std(axis=0)
    assert 0.6 < LogisticRegression(max_iter=500).fit(x[:2000], y[:2000]).score(x[2000:], y[2000:]) < 0.99


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    def peak(number: int) -> int:
        y = np.zeros(number, np.int32)
        x = np.lib.format.open_memmap(tmp_path / f"{number}.npy", "w+", np.uint8, (number, 64, 64, 3))
        tracemalloc.start()
        blends.images(x, y, 2, seed=0)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    small, large = peak(200), peak(2000)
    assert large < 1.2 * small, "ten times the images, and 25 MB of them"


def test_progress_is_told():
    said = []
    blends.images(
        np.empty((300, 64, 64, 3), np.uint8), np.zeros(300, np.int32), 2, seed=0, progress=lambda *e: said.append(e)
    )
    assert said[-1] == ("making up images", 300, 300)
    assert len(said) > 1
