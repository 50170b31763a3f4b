"""idx files: read as the format says, refused with the file's name, what was expected and what was found."""

from __future__ import annotations

import gzip
import hashlib
import re

import numpy as np
import pytest

from bench.datasets import idx
from bench.errors import RequestError

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
HEADER = bytes.fromhex("00000803 00000002 00000003 00000004")
WHOLE = HEADER + IMAGES.tobytes()


@pytest.mark.parametrize("content", [WHOLE, gzip.compress(WHOLE, mtime=0)], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_compression_is_told_by_the_content(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    array, md5 = idx.read(tmp_path / name, 3)
    assert np.array_equal(array, IMAGES)
    assert md5 == hashlib.md5(WHOLE).hexdigest()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an idx file of images, found an empty file"),
        (gzip.compress(b"", mtime=0), "expected an idx file of images, found an empty file"),
        (
            b"<html>404</html>",
            "expected an idx file of images (which begins with 00000803), found something else",
        ),
        (b"\0\0", "found something else, which begins with 0000"),
        (
            bytes.fromhex("00000801 00000002 0304"),
            "expected an idx file of images (magic number 00000803), "
            "found an idx file of labels (magic number 00000801)",
        ),
        (b"\0\0\x0d\x03" + HEADER[4:], "found an idx file of another number type (magic number 00000d03)"),
        (b"\0\0\x08\x02" + HEADER[4:], "found an idx file of something else (magic number 00000802)"),
        (HEADER[:10], "truncated: expected a header of 16 bytes, found 10 bytes"),
        (WHOLE[:-1], "truncated: its header says 2 x 3 x 4, which makes 40 bytes, found 39 bytes"),
        (WHOLE + b"!", "too long: its header says 2 x 3 x 4, which makes 40 bytes, found 41 bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "truncated: its header says 4294967295 x 4294967295 x 4294967295"),
        (gzip.compress(WHOLE, mtime=0)[:-9], "truncated: the gzip stream ends early"),
        (b"\x1f\x8b\x08\0 and then no gzip", "damaged: not a whole gzip stream"),
        (gzip.compress(WHOLE, mtime=0)[:-8] + bytes(8), "damaged: not a whole gzip stream (CRC check failed"),
    ],
)
def test_what_is_not_such_a_file_is_refused(tmp_path, content, message):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=re.escape(message)) as caught:
        idx.read(path, 3)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RequestError, match=r"cannot be read \(Is a directory\)"):
        idx.read(tmp_path, 1)


def test_files_are_found_under_their_usual_names(tmp_path):
    for name in ("a-idx3-ubyte", "b.idx1-ubyte.gz", "c-idx1-ubyte.gz"):
        (tmp_path / name).touch()
    found = idx.locate(tmp_path, ["a-idx3-ubyte", "b-idx1-ubyte", "c-idx1-ubyte"])
    assert [path.name for path in found] == ["a-idx3-ubyte", "b.idx1-ubyte.gz", "c-idx1-ubyte.gz"]


def test_a_missing_file_is_named_with_where_such_a_one_was_seen(tmp_path):
    with pytest.raises(RequestError, match=r"^dataset\.root=.*: there is no a-idx3-ubyte in it \(looked for .*\)$"):
        idx.locate(tmp_path, ["a-idx3-ubyte"])
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    (tmp_path / "MNIST" / "raw" / "a-idx3-ubyte.gz").touch()
    with pytest.raises(RequestError, match=r"did you mean dataset\.root=.*/MNIST/raw\?$"):
        idx.locate(tmp_path, ["a-idx3-ubyte"])
    with pytest.raises(RequestError, match=r"^dataset\.root=.*/nowhere: there is no such folder$"):
        idx.locate(tmp_path / "nowhere", ["a-idx3-ubyte"])
