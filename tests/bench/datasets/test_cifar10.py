"""CIFAR-10: its folder, the folder's parent, its archive, a download; what is hostile, damaged or not as published."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import pickle
import shutil
import tarfile
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bench import datasets
from bench.datasets import cifar10, cifar_files
from bench.errors import RequestError
from tests.bench.datasets.conftest import CIFAR_FILES, python2_pickle


def pack(folder: Path, target: Path, *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        for info in extra:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
        archive.add(folder, folder.name)
    return target


@pytest.fixture
def archive(tiny_cifar10: Path, tmp_path: Path) -> Path:
    return pack(tiny_cifar10, tmp_path / "cifar-10-python.tar.gz")


def test_a_folder_is_read_in_place(options, tiny_cifar10):
    before = {path: path.stat().st_mtime_ns for path in tiny_cifar10.iterdir()}
    prepared = datasets.prepare(options("cifar10", root=str(tiny_cifar10)))
    x, y = prepared.arrays()
    assert (x.shape, x.dtype, y.dtype, prepared.official) == ((24, 32, 32, 3), np.uint8, np.int32, (20, 0, 4))
    raw = pickle.loads((tiny_cifar10 / "data_batch_2").read_bytes(), encoding="bytes")
    assert np.array_equal(x[5], raw[b"data"][1].reshape(3, 32, 32).transpose(1, 2, 0))
    assert x[5, 2, 7].tolist() == [int(raw[b"data"][1][plane * 1024 + 2 * 32 + 7]) for plane in range(3)]
    assert y.tolist() == [k % 10 for k in range(24)]
    assert prepared.classes[:2] == ("airplane", "automobile")
    assert prepared.note == "checksums differ from the published ones"
    assert prepared.title == "files in the format of CIFAR-10"
    assert {path: path.stat().st_mtime_ns for path in tiny_cifar10.iterdir()} == before


def test_the_parent_and_the_archive_are_the_same(options, tiny_cifar10, archive):
    roots = (tiny_cifar10, tiny_cifar10.parent, archive, archive.parent)
    found = [datasets.prepare(options("cifar10", root=str(root))) for root in roots]
    assert len({prepared.checksum for prepared in found}) == 1
    assert sorted(path.name for path in archive.parent.iterdir() if path.name != "cache") == ["cifar", archive.name]


def test_the_published_content_is_known_in_a_folder_and_in_a_repacked_archive(
    options, tiny_cifar10, archive, monkeypatch
):
    known = {name: hashlib.md5((tiny_cifar10 / name).read_bytes()).hexdigest() for name in cifar10.MD5}
    monkeypatch.setattr(cifar10, "MD5", known)
    for root in (tiny_cifar10, archive):
        prepared = datasets.prepare(options("cifar10", root=str(root)))
        assert (prepared.note, prepared.title) == ("", "CIFAR-10")
        assert "Krizhevsky" in prepared.citation


def test_other_classes_are_called_by_their_names(options, tiny_cifar10):
    (tiny_cifar10 / "batches.meta").write_bytes(python2_pickle({b"label_names": [b"c%d" % k for k in range(12)]}))
    assert datasets.prepare(options("cifar10", root=str(tiny_cifar10))).classes == tuple(f"c{k}" for k in range(12))


def test_size_and_channels(options, tiny_cifar10):
    prepared = datasets.prepare(options("cifar10", root=str(tiny_cifar10), size=16, channels="grey"))
    assert prepared.input_shape == (16, 16, 1)


def test_a_hostile_pickle_is_refused_and_named(options, tiny_cifar10, tmp_path, cache_root):
    class Hostile:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/hacked",)

    (tiny_cifar10 / "data_batch_3").write_bytes(pickle.dumps({b"labels": [0], b"data": Hostile()}, 2))
    for root in (tiny_cifar10, pack(tiny_cifar10, tmp_path / "hostile.tar.gz")):
        with pytest.raises(RequestError, match=r"data_batch_3: refused: it asks for posix\.system") as caught:
            datasets.prepare(options("cifar10", root=str(root)))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "hacked").exists()
    assert not list(cache_root.glob("*/manifest.json"))


DATA = np.zeros((4, 3072), np.uint8)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({b"data": DATA, b"labels": [0, 1, 2]}, "expected a label for each image, found 3 for 4 images"),
        ({b"data": DATA[:, :3071], b"labels": [0] * 4}, r"expected 'data'.* found ndarray of shape \(4, 3071\)"),
        ({b"data": DATA.astype("i2"), b"labels": [0] * 4}, "expected 'data', an array of bytes"),
        ({b"data": [[0] * 3072] * 4, b"labels": [0] * 4}, "expected 'data'.* found list"),
        ({b"labels": [0] * 4}, "expected 'data'.* found none"),
        ({b"data": DATA, b"labels": [0, 1, 2, "3"]}, "expected 'labels', a list of whole numbers"),
        ({b"data": DATA, b"labels": [0, 1, 2, 1 << 40]}, "expected 'labels', a list of whole numbers"),
        ({b"data": DATA, b"labels": [0, 1, 2, 10]}, "expected labels from 0 to 9, found 10"),
        ({b"data": DATA, b"labels": [0, 1, 2, -1]}, "expected labels from 0 to 9, found -1"),
        ({b"data": DATA[:0], b"labels": []}, "expected a label for each image"),
        ([1], "expected a pickled dict, found list"),
    ],
)
def test_what_does_not_fit_is_refused(options, tiny_cifar10, held, message):
    (tiny_cifar10 / "data_batch_4").write_bytes(python2_pickle(held))
    with pytest.raises(RequestError, match=f"data_batch_4: {message}"):
        datasets.prepare(options("cifar10", root=str(tiny_cifar10)))


def test_missing_files_are_named(options, tiny_cifar10, tmp_path):
    with pytest.raises(RequestError, match=r"there is no such folder or file"):
        datasets.prepare(options("cifar10", root=str(tmp_path / "nowhere")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        RequestError, match=r"neither cifar-10-python\.tar\.gz is in it, nor data_batch_1, .* nor a folder cif"
    ):
        datasets.prepare(options("cifar10", root=str(tmp_path / "empty")))
    (tiny_cifar10 / "test_batch").unlink()
    with pytest.raises(RequestError, match=r"cifar-10-batches-py lacks test_batch"):
        datasets.prepare(options("cifar10", root=str(tiny_cifar10.parent)))
    with pytest.raises(RequestError, match=r"x\.tar\.gz: lacks cifar-10-batches-py/test_batch"):
        datasets.prepare(options("cifar10", root=str(pack(tiny_cifar10, tmp_path / "x.tar.gz"))))


def test_an_archive_writes_nowhere_and_cannot_grow_without_bound(options, tiny_cifar10, tmp_path, monkeypatch):
    outside, link = tarfile.TarInfo("../../outside"), tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
    outside.size = 3
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    hostile = pack(tiny_cifar10, tmp_path / "a" / "b" / "c" / "hostile.tar.gz", outside, link)
    assert datasets.prepare(options("cifar10", root=str(hostile))).num_samples == 24
    assert not list(tmp_path.rglob("outside"))
    monkeypatch.setattr(cifar_files, "MOST_FILE", 5000)
    with pytest.raises(RequestError, match=r"data_batch_. in it is .* bytes long"):
        datasets.prepare(options("cifar10", root=str(pack(tiny_cifar10, tmp_path / "large.tar.gz"))))
    with pytest.raises(RequestError, match=r"data_batch_1: is .* bytes long; the real one has fewer than 5,000"):
        datasets.prepare(options("cifar10", root=str(tiny_cifar10)))
    monkeypatch.setattr(cifar_files, "MOST_FILE", 1 << 26)
    monkeypatch.setattr(cifar_files, "MOST_ARCHIVE", 20_000)
    with pytest.raises(RequestError, match=r"bomb\.tar\.gz: damaged, .*unpacks to more than 20,000 bytes"):
        datasets.prepare(options("cifar10", root=str(pack(tiny_cifar10, tmp_path / "bomb.tar.gz"))))


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no archive" * 100, mtime=0)])
def test_what_is_no_archive_is_refused(options, tmp_path, content):
    (tmp_path / "file.tar.gz").write_bytes(content)
    with pytest.raises(RequestError, match=r"file\.tar\.gz: "):
        datasets.prepare(options("cifar10", root=str(tmp_path / "file.tar.gz")))


def test_a_truncated_archive_is_refused(options, archive):
    archive.write_bytes(archive.read_bytes()[:-20_000])
    with pytest.raises(RequestError, match=r"cifar-10-python\.tar\.gz: damaged"):
        datasets.prepare(options("cifar10", root=str(archive)))


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def test_the_archive_is_downloaded_once_and_the_cache_can_be_carried_away(
    options, archive, cache_root, monkeypatch, tmp_path
):
    content = archive.read_bytes()
    published = replace(cifar10.ARCHIVE, size=len(content), checksum=hashlib.md5(content).hexdigest())
    monkeypatch.setattr(cifar10, "ARCHIVE", published)
    monkeypatch.setattr(cifar10, "MD5", dict.fromkeys(cifar10.MD5, ""))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(archive.parent))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        prepared = datasets.prepare(options("cifar10", url=address))
        server.shutdown()
        thread.join()
    assert prepared.source == "the published files, downloaded"
    shutil.copytree(cache_root, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    shutil.rmtree(cache_root)
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path / "elsewhere"))
    again = datasets.prepare(options("cifar10"))
    assert again.checksum == prepared.checksum
    assert again.folder.parent == tmp_path / "elsewhere"
    larger = datasets.prepare(options("cifar10", size=40))
    assert larger.input_shape == (40, 40, 3), "another size is made of the download that was copied too"


def test_without_network_the_message_says_all_ways_out(options, monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler) as closed:
        nowhere = f"http://127.0.0.1:{closed.server_address[1]}/"
    monkeypatch.setattr(cifar10, "MIRRORS", (nowhere,))
    with pytest.raises(RequestError) as caught:
        datasets.prepare(options("cifar10"))
    message = str(caught.value)
    for word in ("cifar-10-python.tar.gz", f"from {nowhere}", "dataset.root=FILE", "dataset.source=synthetic"):
        assert word in message
    assert "dataset=digits" in message
    assert "\n" not in message


def test_what_is_known_of_the_published_files_is_whole():
    assert list(cifar10.MD5) == [*CIFAR_FILES, "batches.meta"]
    assert len(set(cifar10.MD5.values())) == 7
    assert cifar10.ARCHIVE.checksum == "c58f30108f718f92721af3b95e74349a"


@pytest.mark.skipif(
    not Path(os.environ.get("PARALLAX_TEST_DATA", "nowhere"), "cifar10").is_dir(),
    reason="PARALLAX_TEST_DATA has no cifar10",
)
def test_the_real_files(options):
    prepared = datasets.prepare(options("cifar10", root=str(Path(os.environ["PARALLAX_TEST_DATA"]) / "cifar10")))
    x, y = prepared.arrays()
    assert (x.shape, prepared.official) == ((60_000, 32, 32, 3), (50_000, 0, 10_000))
    assert np.bincount(y[:50_000]).tolist() == list(cifar10.COUNTS[0])
    assert np.bincount(y[50_000:]).tolist() == list(cifar10.COUNTS[1])
    assert np.allclose(x[:50_000].mean(axis=(0, 1, 2)) / 255, [0.4914, 0.4822, 0.4465], atol=1e-4)
    assert np.allclose(x[:50_000].std(axis=(0, 1, 2)) / 255, [0.2470, 0.2435, 0.2616], atol=1e-4)
    assert prepared.note in ("", "checksums differ from the published ones")
    scale, offset = datasets.scaling(
        prepared, options("cifar10", scaling="standard"), datasets.split(prepared, options("cifar10"))
    )
    assert np.allclose(1 / np.array(scale) / 255, [0.2470, 0.2435, 0.2616], atol=1e-3)
    assert len(offset) == 3
