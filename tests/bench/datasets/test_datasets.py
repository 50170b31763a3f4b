"""The package as its users see it: names, light imports, options checked first, scaling."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from bench import datasets
from bench.errors import RequestError


def test_every_dataset_has_a_module_and_a_file_of_options(options):
    assert datasets.names() == ["digits", "mnist"]
    for name in datasets.names():
        assert options(name)["name"] == name


def test_an_unknown_name_gets_the_nearest_right_one(options):
    with pytest.raises(RequestError, match=r"dataset\.name: there is no 'mnits'; did you mean 'mnist'\?"):
        datasets.prepare(options("mnist") | {"name": "mnits"})


@pytest.mark.parametrize("helper", ["cache", "splits", "synthetic"])
def test_a_helper_is_no_dataset(options, helper):
    with pytest.raises(RequestError, match="there are: digits, mnist"):
        datasets.prepare(options("mnist") | {"name": helper})


def test_options_are_checked_before_anything_is_made(options, cache_root):
    with pytest.raises(RequestError, match="val_split"):
        datasets.prepare(options("digits", val_split=2))
    assert not cache_root.exists()


def test_what_is_cached_comes_fast_and_without_numpy_or_scikit_learn(options):
    datasets.prepare(options("digits"))
    code = (
        "import sys, json; from bench import datasets; "
        f"p = datasets.prepare({options('digits')!r}); "
        "print([name for name in ('numpy', 'sklearn', 'filelock', 'pandas') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert found.stdout.strip() == "[]", found.stderr
    begin = time.perf_counter()
    datasets.prepare(options("digits"))
    assert time.perf_counter() - begin < 0.05


@pytest.mark.parametrize(
    ("interval", "expected"), [([0, 1], (0.0, 1.0)), ([-1, 1], (-1.0, 1.0)), ([0.5, 2], (0.5, 2.0))]
)
def test_scaling_maps_the_range_of_the_pixels(options, interval, expected):
    prepared = datasets.prepare(options("digits"))
    scale, offset = datasets.scaling(prepared, options("digits", scaling=interval))
    x, _ = prepared.arrays()
    assert (x.min() * scale + offset, x.max() * scale + offset) == expected
    assert np.isclose(8 * scale + offset, sum(expected) / 2)
