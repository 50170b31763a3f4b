"""The stand-in: the same bytes everywhere, learnable, and not too easily."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from bench import datasets
from bench.datasets import mnist, synthetic


def nearest_centroid_accuracy(x, y, test_x, test_y) -> float:
    centroids = np.stack([x[y == label].mean(axis=0).ravel() for label in range(10)])
    scores = test_x.reshape(len(test_x), -1) @ centroids.T - (centroids**2).sum(axis=1) / 2
    return float((scores.argmax(axis=1) == test_y).mean())


def test_the_bytes_never_change():
    x, y = synthetic.images(500, 28, 28, 10, seed=100)
    assert (x.dtype, x.shape, y.dtype) == (np.uint8, (500, 28, 28, 1), np.int32)
    assert hashlib.sha256(x.tobytes() + y.astype("<i4").tobytes()).hexdigest()[:16] == "c66782f3f8bdd9b1"


def test_a_longer_set_begins_with_the_same_classes_and_another_seed_has_other_images():
    first, labels = synthetic.images(50, 28, 28, 10, seed=1)
    second, others = synthetic.images(50, 28, 28, 10, seed=2)
    assert np.array_equal(labels, others)
    assert not np.array_equal(first, second)
    assert np.bincount(labels).tolist() == [5] * 10


def test_it_can_be_learnt_but_not_to_perfection():
    train, test = (synthetic.images(2000, 28, 28, 10, seed=seed) for seed in (100, 200))
    accuracy = nearest_centroid_accuracy(*train, *test)
    assert 0.8 < accuracy < 0.99


def test_prototypes_are_smooth_and_use_the_whole_range():
    shapes = synthetic.prototypes(10, 28, 28).astype(int)
    assert shapes.min() == 0
    assert shapes.max() == 255
    neighbours = np.abs(np.diff(shapes, axis=2)).mean()
    strangers = np.abs(shapes - shapes[:, :, ::-1]).mean()
    assert neighbours < 0.6 * strangers


def test_mnists_stand_in_is_called_so_everywhere(options, monkeypatch):
    assert mnist.SYNTHETIC_SAMPLES == (60_000, 10_000)
    monkeypatch.setattr(mnist, "SYNTHETIC_SAMPLES", (600, 100))
    prepared = datasets.prepare(options("mnist", source="synthetic"))
    assert prepared.synthetic
    assert (prepared.num_train_official, prepared.num_samples) == (600, 700)
    assert (prepared.input_shape, prepared.value_range) == ((28, 28, 1), (0.0, 255.0))
    assert "stand-in" in prepared.title
    assert prepared.note == "synthetic stand-in: accuracies say nothing about MNIST"
    assert "synthetic" in prepared.source
    assert "synthetic" in prepared.folder.name
    assert "LeCun" not in prepared.citation
    x, y = prepared.arrays()
    assert nearest_centroid_accuracy(x[:600], y[:600], x[600:], y[600:]) > 0.7


@pytest.mark.slow
def test_mnists_stand_in_whole(options):
    prepared = datasets.prepare(options("mnist", source="synthetic"))
    assert prepared.checksum == "de8f17cf72e209a7a73ddcff7b69fd6ddfb3233c2f97f57b3b60ba5b4a9bed73"
    assert datasets.split(prepared, options("mnist")).counts["test"] == (1000,) * 10
