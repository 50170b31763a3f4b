"""``python -m bench.prepare``: data ahead of the runs, and a cache that can be carried to where there is no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import datasets, prepare
from bench.datasets import cifar10, mnist


@pytest.fixture(autouse=True)
def cache_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(cifar10, "MIRRORS", ("http://127.0.0.1:9/",))  # Where nobody listens.
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def test_each_dataset_is_told_with_its_place_counts_size_and_time(capsys, cache_root):
    assert prepare.run(["dataset=digits,breast_cancer", "dataset.test_split=0.25"]) == 0
    said = capsys.readouterr().out
    digits, cancer = sorted(cache_root.glob("*/"), key=lambda path: path.name, reverse=True)
    assert "digits: scikit-learn's handwritten digits\n" in said
    assert "1,797 samples of 8 x 8 x 1, 0.1 MB, " in said
    assert "  train 1,078, val 270, test 449\n" in said
    assert "malignant 212, benign 357" in said
    for folder in (digits, cancer):
        assert f"  in {folder}\n" in said
        assert (folder / "manifest.json").exists()


def test_a_regression_has_no_classes_to_count(capsys):
    assert prepare.run(["dataset=diabetes"]) == 0
    assert capsys.readouterr().out.count("\n") == 4


def test_options_are_those_of_the_run(capsys):
    assert prepare.run(["dataset=synthetic", "dataset.shape=[6,5,3]", "dataset.samples=60", "dataset.classes=3"]) == 0
    assert "60 samples of 6 x 5 x 3" in capsys.readouterr().out
    assert prepare.run(["dataset=digits", "dataset.scaling={mean:[0.3],deviation:[0.4]}", "dataset.size=[4,6]"]) == 0
    assert "1,797 samples of 4 x 6 x 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "dataset: say which to prepare, once, such as dataset=mnist or dataset=mnist,cifar10 (there are: "),
        (["dataset=digits", "dataset=mnist"], "dataset: say which to prepare, once"),
        (["dataset=digits,"], "dataset: say which to prepare, once"),
        (["dataset=digits,mnits"], "dataset=mnits: there is no such dataset; did you mean 'mnist'? (there are: "),
        (["dataset=digits", "model=cnn"], "model=cnn: only data are prepared: say dataset=NAME, and dataset.OPTION="),
        (["dataset=digits", "dataset.sorce=x"], "dataset.sorce: no such key; did you mean 'dataset.source'?"),
        (["dataset=digits", "dataset.val_split=2"], "dataset.val_split=2: must be a fraction"),
        (["dataset=digits", "dataset.size=3,4"], "dataset.size=3,4: one value at a time; a list is written [a,b]"),
        (["dataset=digits", "dataset.root=x"], "dataset.root=x: digits come with scikit-learn"),
        (["dataset=mnist", "dataset.root=/nowhere"], "dataset.root=/nowhere: there is no such folder or file"),
        (["dataset=mnist", "--fast"], "unrecognized arguments: --fast; --help says what there is"),
        (["dataset=digits", "dataset.scaling=[1"], "dataset.scaling=[1: cannot be read as key=value"),
        (["dataset=diabetes", "dataset.scaling=[0,1]"], "dataset.scaling=[0, 1]: is for images, and the diabetes data"),
    ],
)
def test_a_wrong_request_is_one_line_and_starts_nothing(capsys, cache_root, arguments, message):
    assert prepare.run(arguments) == 2
    said = capsys.readouterr()
    assert said.err.rpartition("…\n")[2].startswith(message)
    assert said.err.rpartition("…\n")[2].count("\n") == 1
    assert not said.out
    if "diabetes" not in message:
        assert not list(cache_root.glob("*/manifest.json"))


def test_what_cannot_be_fetched_does_not_keep_the_others_from_it(capsys):
    assert prepare.run(["dataset=cifar10,digits"]) == 1
    said = capsys.readouterr()
    assert "digits: " in said.out
    (line,) = [line for line in said.err.splitlines() if "download failed" in line]
    for word in ("dataset=cifar10", "dataset.source=synthetic", "dataset.root=FILE", "cifar-10-python.tar.gz"):
        assert word in line
    assert prepare.run(["dataset=cifar10"]) == 1
    assert prepare.run(["dataset=digits,mnist", "dataset.source=synthetic", "dataset.root=x"]) == 2


def test_ones_own_yaml_is_found(capsys, tmp_path):
    (tmp_path / "my" / "dataset").mkdir(parents=True)
    text = (datasets.CONF / "synthetic.yaml").read_text().replace("samples: 5000", "samples: 70")
    (tmp_path / "my" / "dataset" / "mine.yaml").write_text(text)
    assert prepare.run(["--config-dir", "my", "dataset=mine"]) == 0
    assert "mine: synthetic images of 32 x 32 x 3\n  70 samples" in capsys.readouterr().out
    assert prepare.run(["--config-dir", "my", "dataset=mein"]) == 2
    assert "did you mean 'mine'?" in capsys.readouterr().err


def test_a_folder_of_the_users_says_that_it_is_not_the_published_one(capsys, tmp_path):
    import struct

    for part, number in (("train", 80), ("t10k", 20)):
        pixels = np.random.default_rng(0).integers(0, 256, (number, 28, 28), np.uint8)
        images = struct.pack(">HBB3I", 0, 8, 3, number, 28, 28) + pixels.tobytes()
        labels = struct.pack(">HBBI", 0, 8, 1, number) + bytes(k % 10 for k in range(number))
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(images)
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    assert prepare.run(["dataset=mnist", f"dataset.root={tmp_path}"]) == 0
    assert "; checksums differ from the published ones\n  train 60, val 20, test 20\n" in capsys.readouterr().out
    assert mnist.KNOWN.about.title == "MNIST"


def test_interrupted_is_130(capsys, monkeypatch):
    def interrupted(options, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "prepare", interrupted)
    assert prepare.run(["dataset=digits"]) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.prepare", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | variables,
    )


def test_the_help_says_where_data_go_and_how_to_carry_them(cache_root):
    done = command("--help")
    assert done.returncode == 0
    for word in ("PARALLAX_CACHE", str(cache_root), "dataset=mnist,cifar10", "can be copied", "digits", "Exit status"):
        assert word in done.stdout


def test_a_copied_cache_serves_where_there_is_neither_network_nor_the_source(cache_root, tmp_path):
    first = command("dataset=digits,synthetic")
    assert first.returncode == 0, first.stderr
    shutil.copytree(cache_root, tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(cache_root)
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['sklearn'] = None\n")
    path = f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"
    second = command("dataset=digits,synthetic", PARALLAX_CACHE=str(tmp_path / "copy"), PYTHONPATH=path)
    assert second.returncode == 0, second.stderr
    assert str(tmp_path / "copy") in second.stdout
    assert not cache_root.exists()
    refused = command("dataset=digits", PARALLAX_CACHE=str(tmp_path / "empty"), PYTHONPATH=path)
    assert refused.returncode != 0, "the test would pass without the copy"
