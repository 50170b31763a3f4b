"""Tables: scikit-learn's own, and California housing with the features scikit-learn derives."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets
from sklearn.datasets import _california_housing as sklearn_housing

from bench import datasets
from bench.datasets import california_housing
from bench.errors import RequestError

DRAW = np.random.default_rng(0)
ROWS = np.column_stack(
    [
        DRAW.uniform(-124, -114, 60),
        DRAW.uniform(32, 42, 60),
        DRAW.integers(1, 52, 60),
        DRAW.integers(500, 5000, 60),
        DRAW.integers(100, 1000, 60),
        DRAW.integers(300, 40_000, 60),
        DRAW.integers(80, 1500, 60),
        DRAW.uniform(0.5, 15, 60),
        DRAW.integers(15_000, 500_001, 60),
    ]
)
TEXT = "".join(",".join(f"{value:.6f}" for value in row) + "\n" for row in ROWS).encode()


def pack(path: Path, text: bytes = TEXT, name: str = california_housing.INSIDE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for inner, content in (("CaliforniaHousing/cal_housing.domain", b"longitude: continuous.\n"), (name, text)):
            info = tarfile.TarInfo(inner)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_diabetes_is_scikit_learns_in_its_own_units(options):
    prepared = datasets.prepare(options("diabetes"))
    x, y = prepared.arrays()
    table = sklearn_datasets.load_diabetes(scaled=False)
    assert (x.dtype, y.dtype, x.shape, prepared.task) == (np.float32, np.float32, (442, 10), "regression")
    assert np.array_equal(x, table.data.astype(np.float32))
    assert np.array_equal(y, table.target)
    assert (prepared.classes, prepared.value_range, prepared.official) == ((), None, None)
    assert not prepared.synthetic
    assert "Efron" in prepared.citation


def test_breast_cancer_is_scikit_learns(options):
    prepared = datasets.prepare(options("breast_cancer"))
    x, y = prepared.arrays()
    table = sklearn_datasets.load_breast_cancer()
    assert (x.dtype, y.dtype, x.shape, prepared.task) == (np.float32, np.int32, (569, 30), "binary")
    assert np.array_equal(x, table.data.astype(np.float32))
    assert np.array_equal(y, table.target)
    assert prepared.classes == tuple(table.target_names)
    splits = datasets.split(prepared, options("breast_cancer"))
    assert tuple(map(sum, zip(*splits.counts.values(), strict=True))) == (212, 357)


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer"])
@pytest.mark.parametrize("key", ["root", "url"])
def test_there_is_nothing_to_fetch_for_what_comes_with_scikit_learn(options, name, key):
    with pytest.raises(
        RequestError, match=rf"^dataset\.{key}=x: .* come with scikit-learn; leave dataset\.{key}=null$"
    ):
        datasets.prepare(options(name, **{key: "x"}))


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer"])
def test_a_table_is_standardised_by_its_training_split_alone(options, name):
    prepared = datasets.prepare(options(name))
    splits = datasets.split(prepared, options(name))
    scale, offset = datasets.scaling(prepared, options(name), splits)
    made = prepared.arrays()[0] * np.array(scale) + offset
    assert np.abs(made[splits.train].mean(axis=0)).max() < 1e-9
    assert np.abs(made[splits.train].std(axis=0) - 1).max() < 1e-9
    assert np.abs(made.mean(axis=0)).max() > 1e-3, "the other splits must have no part in it"


def test_housings_features_are_those_scikit_learn_derives(options, tmp_path, monkeypatch):
    path = pack(tmp_path / "cal_housing.tgz")
    monkeypatch.setattr(sklearn_housing, "_fetch_remote", lambda *_, **__: shutil.copy(path, tmp_path / "copy.tgz"))
    expected = sklearn_datasets.fetch_california_housing(data_home=tmp_path / "sklearn")
    prepared = datasets.prepare(options("california_housing", root=str(path)))
    x, y = prepared.arrays()
    assert (x.shape, x.dtype, y.dtype, prepared.task) == ((60, 8), np.float32, np.float32, "regression")
    assert np.array_equal(x, expected.data.astype(np.float32))
    assert np.array_equal(y, expected.target.astype(np.float32))
    assert tuple(expected.feature_names) == california_housing.FEATURES
    assert california_housing.ARCHIVE.checksum == sklearn_housing.ARCHIVE.checksum
    assert (sklearn_housing.ARCHIVE.url,) == california_housing.MIRRORS
    assert prepared.note == "checksums differ from the published ones"


def test_housing_is_found_in_a_folder_packed_or_not(options, tmp_path):
    archive = pack(tmp_path / "cal_housing.tgz")
    packed = datasets.prepare(options("california_housing", root=str(tmp_path)))
    archive.unlink()
    (tmp_path / "CaliforniaHousing").mkdir()
    (tmp_path / california_housing.INSIDE).write_bytes(TEXT)
    unpacked = datasets.prepare(options("california_housing", root=str(tmp_path)))
    assert unpacked.checksum == packed.checksum
    assert "unpacked" in unpacked.note
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match=r"there is none of cal_housing\.tgz, .* in it"):
        datasets.prepare(options("california_housing", root=str(tmp_path / "empty")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected .*nine numbers"),
        (b"1,2,3\n", "found 1 lines of 3"),
        (b"1,2,3,4,5,6,7,8,nine\n", "expected nine numbers with commas in each line"),
        (b"1,2,3,4,5,6,0,8,9\n", "at least one household"),
        (b"1,2,3,4,5,6,7,8,nan\n", "expected finite numbers"),
        (gzip.compress(b"no archive", mtime=0), "cal_housing: "),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_a_file_that_is_not_housing_is_refused(options, tmp_path, content, message):
    (tmp_path / "cal_housing").write_bytes(content)
    with pytest.raises(RequestError, match=message) as caught:
        datasets.prepare(options("california_housing", root=str(tmp_path / "cal_housing")))
    assert str(tmp_path) in str(caught.value)


class Figshare(BaseHTTPRequestHandler):
    content = b""

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content if self.path == "/files/5976036" else b"")


def test_housing_is_downloaded_and_verified(options, tmp_path, monkeypatch):
    import threading

    content = pack(tmp_path / "cal_housing.tgz").read_bytes()
    known = replace(california_housing.ARCHIVE, checksum=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(california_housing, "ARCHIVE", known)
    monkeypatch.setattr(Figshare, "content", content)
    with ThreadingHTTPServer(("127.0.0.1", 0), Figshare) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setattr(
            california_housing, "MIRRORS", (f"http://127.0.0.1:{server.server_address[1]}/files/5976036",)
        )
        prepared = datasets.prepare(options("california_housing"))
        server.shutdown()
        thread.join()
    assert (prepared.note, prepared.source, prepared.num_samples) == ("", "the published file, downloaded", 60)
    shutil.rmtree(prepared.folder.parent)
    with pytest.raises(
        RequestError, match=r"Fetch cal_housing\.tgz from http.*dataset\.root=FILE.*dataset\.source=synthetic"
    ):
        datasets.prepare(options("california_housing"))
