"""Files out of an archive: those asked for, in memory, and no more than is allowed."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from bench.datasets import tars
from bench.errors import RequestError

LIMITS = {"most_file": 100, "most_archive": 100_000}


def pack(path: Path, *files: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_only_what_is_asked_for_comes(tmp_path):
    path = pack(tmp_path / "a.tar.gz", ("d/x", b"1"), ("d/y", b"2"), ("./d/z", b"3"), ("e/x", b"4"))
    assert dict(tars.read(path, ["d/x", "d/z", "missing"], **LIMITS)) == {"d/x": b"1", "d/z": b"3"}
    assert [item.name for item in tmp_path.iterdir()] == ["a.tar.gz"]


def test_names_that_lead_out_are_just_names(tmp_path):
    path = pack(tmp_path / "a.tar.gz", ("../x", b"1"), ("/d/x", b"2"))
    assert not list(tars.read(path, ["d/x", "x"], **LIMITS))


def test_too_long_a_file_is_refused_before_it_is_read(tmp_path):
    path = pack(tmp_path / "a.tar.gz", ("x", b"1" * 101))
    with pytest.raises(
        RequestError, match=r"a\.tar\.gz: refused: x in it is 101 bytes long; the real one has fewer than 100"
    ):
        list(tars.read(path, ["x"], **LIMITS))
    assert not list(tars.read(path, ["y"], **LIMITS)), "what is not asked for may have any length"


def test_too_much_in_all_is_refused(tmp_path):
    path = pack(tmp_path / "a.tar.gz", ("bomb", bytes(10_000_000)), ("x", b"1"))
    assert path.stat().st_size < 20_000
    with pytest.raises(RequestError, match=r"it unpacks to more than 100,000 bytes"):
        list(tars.read(path, ["x"], **LIMITS))


@pytest.mark.parametrize("damage", [lambda content: content[:-50], lambda content: b"x" + content, lambda content: b""])
def test_a_damaged_one_is_named(tmp_path, damage):
    path = pack(tmp_path / "a.tar.gz", ("x", bytes(range(100))))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RequestError, match=r"a\.tar\.gz: damaged, or not a \.tar\.gz archive"):
        list(tars.read(path, ["x"], **LIMITS))
