"""Zip archives that anyone may have made: read member by member and never unpacked, so that nothing can be written
anywhere; names, kinds, sizes and number of the members are checked all the same, before any is read.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from bench.errors import RequestError

MOST_FILES = 1_000_000
"""In one archive."""
MOST_BYTES = 1 << 36
"""64 GiB: what an archive may unpack to, all together."""
MOST_MEMBER_BYTES = 1 << 28
"""256 MiB: what one member that is read into memory may have."""
MOST_GROWTH = 1000
"""How many times its packed size an archive may unpack to: deflate's own limit is 1,032, images reach 2."""

FAULTS = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What reading a broken, encrypted or unknown archive raises."""


def is_zip(path: Path) -> bool:
    """Return whether `path` is a zip archive, by its content."""
    return path.is_file() and zipfile.is_zipfile(path)


class Zip:
    """A zip archive whose members are read one by one, from any number of threads."""

    def __init__(self, path: Path) -> None:
        """Open `path` and check the names and sizes of its members. Raises `RequestError`."""
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except FAULTS as error:
            raise RequestError(f"dataset.root={path}: cannot be read as a zip archive ({error})") from error
        self.members = [info for info in self._zip.infolist() if not info.is_dir()]
        """The files in it, as its directory lists them."""
        refuse_bomb(path, len(self.members), sum(info.file_size for info in self.members))
        names: set[str] = set()
        for info in self.members:
            _check_zip(path, info)
            if info.filename in names:
                raise _refused(path, info.filename, "it comes twice")
            names.add(info.filename)

    def read(self, name: str) -> bytes:
        """Return the content of the member `name`, no more than its directory announces. Raises `OSError`."""
        info = self._zip.getinfo(name)
        if info.file_size > MOST_MEMBER_BYTES:
            raise OSError(f"has {info.file_size:,} bytes, at most {MOST_MEMBER_BYTES:,} are read")
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size)
                member.read(1)  # Comes to the end, where the checksum is compared.
        except FAULTS as error:
            raise OSError(str(error)) from error
        if len(content) != info.file_size:
            raise OSError(f"ends after {len(content):,} of {info.file_size:,} bytes")
        return content


def refuse_bomb(path: Path, number: int, size: int) -> None:
    """Raise `RequestError` where `number` files of `size` bytes together are more than an honest archive holds."""
    most = min(MOST_BYTES, max(path.stat().st_size, 1 << 16) * MOST_GROWTH)
    if number > MOST_FILES or size > most:
        raise RequestError(
            f"dataset.root={path}: refused: it unpacks to {number:,} files and {size:,} bytes or more, at most "
            f"{MOST_FILES:,} files and {most:,} bytes are read from it; unpack it yourself, if you trust "
            "it, and name the folder"
        )


def _check_zip(path: Path, info: zipfile.ZipInfo) -> None:
    _check_name(path, info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(path, info.filename, "it is a link or a device")
    if info.flag_bits & 1:
        raise _refused(path, info.filename, "it is encrypted")


def _check_name(path: Path, name: str) -> None:
    """Refuse a member whose `name` is not plainly below the archive's own folder."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or ":" in parts[0]:
        raise _refused(path, name, "its name leads out of the archive")


def _refused(path: Path, name: str, why: str) -> RequestError:
    return RequestError(f"dataset.root={path}: refused because of {name!r} in it: {why}")
