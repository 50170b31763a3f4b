"""MNIST and Fashion-MNIST: read in place, downloaded, refused; what is not as published is said."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bench import datasets
from bench.datasets import fashion_mnist, idx_images, mnist
from bench.datasets.download import Published
from bench.errors import RequestError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = idx_images.NAMES


def test_a_folder_is_read_in_place(options, tiny_mnist):
    before = {path: path.stat().st_mtime_ns for path in tiny_mnist.iterdir()}
    prepared = datasets.prepare(options("mnist", root=str(tiny_mnist)))
    x, y = prepared.arrays()
    assert (x.shape, x.dtype, y.dtype) == ((120, 28, 28, 1), np.uint8, np.int32)
    assert (prepared.official, prepared.input_shape) == ((80, 0, 40), (28, 28, 1))
    content = gzip.decompress((tiny_mnist / f"{TEST_IMAGES}.gz").read_bytes())
    assert x[80:].tobytes() == content[16:]
    assert y.tolist() == [k % 10 for k in range(80)] + [k % 10 for k in range(40)]
    assert {path: path.stat().st_mtime_ns for path in tiny_mnist.iterdir()} == before
    assert str(tiny_mnist) in prepared.source


def test_what_is_not_the_published_content_is_said(options, tiny_mnist):
    prepared = datasets.prepare(options("mnist", root=str(tiny_mnist)))
    assert prepared.note == "checksums differ from the published ones"
    assert "in the format of" in prepared.title
    assert not prepared.synthetic


def test_the_published_content_is_known_unpacked_and_packed(options, tiny_mnist, monkeypatch):
    contents = [gzip.decompress((tiny_mnist / f"{name}.gz").read_bytes()) for name in idx_images.NAMES]
    known = tuple(hashlib.md5(content).hexdigest() for content in contents)
    monkeypatch.setattr(mnist, "KNOWN", replace(mnist.KNOWN, unpacked_md5=known))
    (tiny_mnist / TRAIN_LABELS).write_bytes(contents[1])
    (tiny_mnist / f"{TRAIN_LABELS}.gz").unlink()
    prepared = datasets.prepare(options("mnist", root=str(tiny_mnist)))
    assert (prepared.note, prepared.title, prepared.licence) == ("", "MNIST", "CC BY-SA 3.0")


def test_a_folder_that_changes_is_read_again(options, tiny_mnist, write_idx):
    first = datasets.prepare(options("mnist", root=str(tiny_mnist)))
    path = write_idx(tiny_mnist / f"{TRAIN_LABELS}.gz", np.arange(80)[::-1] % 10, packed=True)
    os.utime(path, ns=(1, 1))
    second = datasets.prepare(options("mnist", root=str(tiny_mnist)))
    assert second.arrays()[1][:3].tolist() == [9, 8, 7]
    assert first.arrays()[1][:3].tolist() == [0, 1, 2], "what a run under way reads must stay as it is"


def test_the_home_folder_can_be_meant(options, tiny_mnist, monkeypatch):
    monkeypatch.setenv("HOME", str(tiny_mnist.parent))
    assert datasets.prepare(options("mnist", root="~/tiny")).num_samples == 120


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (TRAIN_IMAGES, np.zeros((0, 28, 28)), "expected images, found an idx file that holds none"),
        (TEST_IMAGES, np.zeros((40, 32, 32)), "expected images of 28 x 28 pixels, found 32 x 32"),
        (
            TRAIN_LABELS,
            np.zeros(79),
            "expected 80 labels, one for each image in train-images-idx3-ubyte.gz, found 79",
        ),
        (TEST_LABELS, np.array([0] * 39 + [10]), "expected labels from 0 to 9, found 10 at position 39"),
        (
            TEST_LABELS,
            np.zeros((40, 28, 28)),
            "expected an idx file of labels (magic number 00000801), found",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(options, tiny_mnist, write_idx, cache_root, name, array, message):
    path = write_idx(tiny_mnist / f"{name}.gz", array, packed=True)
    with pytest.raises(RequestError, match=re.escape(f"{path.name}: {message}")):
        datasets.prepare(options("mnist", root=str(tiny_mnist)))
    assert not list(cache_root.glob("*/manifest.json"))


def test_a_missing_file_is_named_even_when_the_cache_has_its_content(options, tiny_mnist):
    datasets.prepare(options("mnist", root=str(tiny_mnist)))
    (tiny_mnist / f"{TEST_LABELS}.gz").unlink()
    with pytest.raises(RequestError, match=f"there is no {TEST_LABELS} in it"):
        datasets.prepare(options("mnist", root=str(tiny_mnist)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "sinthetic"}, r"dataset\.source: there is no 'sinthetic'; did you mean 'synthetic'"),
        (
            {"source": "synthetic", "root": "d"},
            r"dataset\.root=d beside dataset\.source=synthetic: say only one",
        ),
        ({"url": "http://u", "root": "d"}, r"dataset\.root=d, dataset\.url=http://u: say only one place"),
        ({"url": "/data"}, r"dataset\.url=/data: must begin with http.*say dataset\.root=FOLDER"),
        ({"test_split": 0.2}, r"dataset\.test_split=0\.2: mnist brings its own test set"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, changes, message):
    with pytest.raises(RequestError, match=message):
        datasets.prepare(options("mnist", **changes))


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def test_the_files_are_downloaded_once_and_then_need_no_network(options, tiny_mnist, cache_root, monkeypatch):
    published = []
    for name in idx_images.NAMES:
        content = (tiny_mnist / f"{name}.gz").read_bytes()
        published.append(Published(name=f"{name}.gz", size=len(content), checksum=hashlib.md5(content).hexdigest()))
    monkeypatch.setattr(mnist, "KNOWN", replace(mnist.KNOWN, files=tuple(published)))
    seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tiny_mnist))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        chosen = options("mnist", url=f"http://127.0.0.1:{server.server_address[1]}")
        prepared = datasets.prepare(chosen, lambda *event: seen.append(event))
        server.shutdown()
        thread.join()
    assert {what for what, _, _ in seen} == {f"{name}.gz" for name in idx_images.NAMES}
    assert prepared.source == "the published files, downloaded"
    shutil.rmtree(cache_root / "downloads")
    assert datasets.prepare(options("mnist")) == prepared
    shutil.copytree(tiny_mnist, cache_root / "downloads" / "mnist")
    shutil.rmtree(prepared.folder)
    assert datasets.prepare(options("mnist")) == prepared, "downloads that are still there are used"


@pytest.mark.parametrize("module", [mnist, fashion_mnist], ids=lambda module: module.KNOWN.about.name)
def test_without_network_the_message_says_all_ways_out(options, monkeypatch, cache_root, module):
    with ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler) as closed:
        nowhere = f"http://127.0.0.1:{closed.server_address[1]}/"
    monkeypatch.setattr(module, "KNOWN", replace(module.KNOWN, mirrors=(nowhere,)))
    with pytest.raises(RequestError) as caught:
        datasets.prepare(options(module.KNOWN.about.name))
    message = str(caught.value)
    assert "\n" not in message
    for word in (*(f"{name}.gz" for name in idx_images.NAMES), f"from {nowhere}", "dataset.root=FOLDER"):
        assert word in message
    for word in ("dataset.source=synthetic", "dataset=digits", "dataset=diabetes", "PARALLAX_CACHE", "refused"):
        assert word in message
    assert not list(cache_root.glob("*/manifest.json"))


def test_size_and_channels_are_changed_once_and_kept_apart(options, tiny_mnist):
    plain = datasets.prepare(options("mnist", root=str(tiny_mnist)))
    large = datasets.prepare(options("mnist", root=str(tiny_mnist), size=[56, 28], channels="rgb", interpolation="box"))
    assert large.input_shape == (56, 28, 3)
    assert large.folder != plain.folder
    assert np.array_equal(large.arrays()[0][:, ::2, :, 2], plain.arrays()[0][..., 0])
    assert np.array_equal(large.arrays()[1], plain.arrays()[1])


def test_fashion_mnist_reads_the_same_files_under_its_own_name(options, tiny_mnist):
    prepared = datasets.prepare(options("fashion_mnist", root=str(tiny_mnist)))
    assert (prepared.name, prepared.num_samples, prepared.input_shape) == ("fashion_mnist", 120, (28, 28, 1))
    assert prepared.classes[9] == "Ankle boot"
    assert prepared.title == "files in the format of Fashion-MNIST"
    assert prepared.folder.name.startswith("fashion_mnist-root-")
    assert len(set(prepared.classes)) == 10


@pytest.mark.parametrize("module", [mnist, fashion_mnist], ids=lambda module: module.KNOWN.about.name)
def test_what_is_known_of_the_published_files_is_whole(module):
    known = module.KNOWN
    assert [file.name for file in known.files] == [f"{name}.gz" for name in idx_images.NAMES]
    sums = [file.checksum for file in known.files] + list(known.unpacked_md5)
    assert len(set(sums)) == 8
    assert all(re.fullmatch("[0-9a-f]{32}", checksum) for checksum in sums)
    assert [sum(part) for part in known.counts] == [60_000, 10_000]
    assert known.about.official == (60_000, 0, 10_000)
    assert all(mirror.endswith("/") for mirror in known.mirrors)
    assert known.about.licence
    assert known.about.citation


@pytest.mark.skipif(
    not Path(os.environ.get("PARALLAX_TEST_DATA", "nowhere"), "mnist").is_dir(),
    reason="PARALLAX_TEST_DATA has no mnist",
)
def test_the_real_files(options):
    root = Path(os.environ["PARALLAX_TEST_DATA"]) / "mnist"
    prepared = datasets.prepare(options("mnist", root=str(root)))
    x, _ = prepared.arrays()
    assert (prepared.note, prepared.title, prepared.num_samples) == ("", "MNIST", 70_000)
    assert abs(x[:60_000].mean() / 255 - 0.1307) < 1e-4
    assert abs(x[:60_000].std() / 255 - 0.3081) < 1e-4
    splits = datasets.split(prepared, options("mnist"))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [45_000, 15_000, 10_000]
    together = zip(splits.counts["train"], splits.counts["val"], strict=True)
    assert (tuple(map(sum, together)), splits.counts["test"]) == mnist.KNOWN.counts, "the stand-in has as many"
