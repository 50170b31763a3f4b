"""Archives that anyone may have made: nothing leaves the folder, no links, no bombs, nothing half done."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from bench.datasets import archives
from bench.errors import RequestError


def make_zip(path: Path, members: dict[str, bytes], *, mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, mode << 16
            packed.writestr(info, content)
    return path


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "C:/out.txt", "a\\..\\out.txt"])
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    path = make_zip(tmp_path / "a.zip", {"good.txt": b"good", name: b"bad"})
    with pytest.raises(RequestError, match="its name leads out of the archive"):
        archives.Zip(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = make_zip(tmp_path / "a.zip", {"a": b"/etc/passwd"}, mode=kind | 0o777)
    with pytest.raises(RequestError, match="'a' in it: it is a link or a device"):
        archives.Zip(path)


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_GROWTH", 100)
    path = make_zip(tmp_path / "a.zip", {"zeros": bytes(1 << 24)})
    assert path.stat().st_size < 1 << 15
    with pytest.raises(RequestError, match=r"refused: it unpacks to 1 files and 16,777,216 bytes or more"):
        archives.Zip(path)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    path = make_zip(tmp_path / "a.zip", dict.fromkeys("abc", b""))
    with pytest.raises(RequestError, match="unpacks to 3 files"):
        archives.Zip(path)


def test_a_member_that_comes_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("a", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            packed.writestr("a", b"two")
    with pytest.raises(RequestError, match="'a' in it: it comes twice"):
        archives.Zip(tmp_path / "a.zip")


def test_a_broken_archive_is_named(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a": bytes(range(256)) * 400})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RequestError, match=r"a\.zip: cannot be read as a zip archive \("):
        archives.Zip(path)


def test_members_of_a_zip_are_read_without_unpacking(tmp_path):
    packed = archives.Zip(make_zip(tmp_path / "a.zip", {"a/b.txt": b"words", "a/": b""}))
    assert [info.filename for info in packed.members] == ["a/b.txt"]
    assert packed.read("a/b.txt") == b"words"


def test_a_damaged_member_is_an_error_of_its_own(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a": b"x" * 50, "b": b"y" * 50}, method=zipfile.ZIP_STORED)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"x" * 50, b"x" * 49 + b"!"))
    packed = archives.Zip(path)
    with pytest.raises(OSError, match="Bad CRC-32"):
        packed.read("a")
    assert packed.read("b") == b"y" * 50


def test_a_member_too_large_for_memory_is_not_read(tmp_path, monkeypatch):
    packed = archives.Zip(make_zip(tmp_path / "a.zip", {"a": b"x" * 50}))
    monkeypatch.setattr(archives, "MOST_MEMBER_BYTES", 49)
    with pytest.raises(OSError, match="has 50 bytes, at most 49 are read"):
        packed.read("a")


def test_an_encrypted_member_is_refused(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a": b"x" * 50}, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(RequestError, match="'a' in it: it is encrypted"):
        archives.Zip(path)
