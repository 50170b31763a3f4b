"""scikit-learn's digits: what is cached is what the package holds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bench import datasets
from bench.errors import RequestError


def test_pixels_and_labels_are_scikit_learns(options):
    prepared = datasets.prepare(options("digits"))
    x, y = prepared.arrays()
    bunch = load_digits()
    assert x.shape == (1797, 8, 8, 1)
    assert np.array_equal(x[..., 0], bunch.images)
    assert np.array_equal(y, bunch.target)
    assert prepared.value_range == (x.min(), x.max())
    assert not prepared.synthetic
    assert prepared.official is None
    assert prepared.checksum == "fe61bc84cd6a594d5ed1b937b7d8f8f791d4091d2a9df91fe5d6066156a4db6e"
    assert "CC BY 4.0" in prepared.licence
    assert "Alpaydin" in prepared.citation


@pytest.mark.parametrize("key", ["root", "url"])
def test_there_is_nothing_to_fetch_or_to_read(options, key):
    message = rf"^dataset\.{key}=somewhere: digits come with scikit-learn; leave dataset\.{key}=null$"
    with pytest.raises(RequestError, match=message):
        datasets.prepare(options("digits", **{key: "somewhere"}))


def test_there_is_no_stand_in_for_what_is_always_there(options):
    with pytest.raises(RequestError, match=r"dataset\.source: there is no 'synthetic' \(there are: official\)"):
        datasets.prepare(options("digits", source="synthetic"))


def test_size_and_channels_are_changed_once(options):
    prepared = datasets.prepare(options("digits", size=[16, 12], channels="rgb", interpolation="nearest"))
    x, _ = prepared.arrays()
    assert (x.shape, prepared.input_shape) == ((1797, 16, 12, 3), (16, 12, 3))
    assert np.array_equal(x[:, ::2, :, 0][:, :, [0, 2, 3, 5, 6, 8, 9, 11]], load_digits().images)
    assert prepared.folder != datasets.prepare(options("digits")).folder
    same = datasets.prepare(options("digits", size=8, channels="grey", interpolation="lanczos"))
    assert same.folder == datasets.prepare(options("digits")).folder, "what changes nothing needs no folder of its own"
