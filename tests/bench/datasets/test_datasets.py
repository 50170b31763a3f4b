"""The package as its users see it: names, light imports, options checked first, scaling."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bench import datasets
from bench.errors import RequestError


def test_every_dataset_has_a_module_and_a_file_of_options(options):
    ours = {
        "breast_cancer",
        "california_housing",
        "cifar10",
        "diabetes",
        "digits",
        "fashion_mnist",
        "mnist",
        "synthetic",
    }
    assert ours <= set(datasets.names())
    assert {path.stem for path in datasets.CONF.glob("*.yaml")} == set(datasets.names())
    for name in datasets.names():
        assert options(name)["name"] == name
        about = (datasets.CONF / f"{name}.yaml").read_text(encoding="utf-8").partition("\n\n")[0]
        assert "icence" in about or name == "image_folder", f"{name}.yaml does not say what may be done with it"
        assert f"dataset={name}" in about


def test_an_unknown_name_gets_the_nearest_right_one(options):
    with pytest.raises(RequestError, match=r"dataset\.name: there is no 'mnits'; did you mean 'mnist'\?"):
        datasets.prepare(options("mnist") | {"name": "mnits"})


@pytest.mark.parametrize("helper", ["cache", "splits", "blends"])
def test_a_helper_is_no_dataset(options, helper):
    with pytest.raises(RequestError, match=r"there are: .*digits, .*mnist"):
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
        "print([name for name in ('numpy', 'sklearn', 'filelock', 'pandas', 'PIL') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert found.stdout.strip() == "[]", found.stderr
    begin = time.perf_counter()
    datasets.prepare(options("digits"))
    assert time.perf_counter() - begin < 0.05


def test_modules_are_light_until_something_must_be_made():
    code = (
        "import sys; from importlib import import_module; from bench import datasets; "
        "[import_module(f'bench.datasets.{name}') for name in datasets.names()]; "
        "print([name for name in ('numpy', 'sklearn', 'pandas', 'PIL') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert found.stdout.strip() == "[]", found.stderr
