"""Archives, zip and tar, that anyone may have made: nothing leaves the folder, no links, bounded size and number.

Names inside an archive are never used as paths before they are checked. A zip can be read member by member without
unpacking; unpacking goes to a folder beside the target, which appears whole or not at all.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from bench.datasets.prepared import Progress
from bench.errors import RequestError

MOST_FILES = 1_000_000
"""In one archive."""
MOST_BYTES = 1 << 36
"""64 GiB: what an archive may unpack to, all together."""
MOST_MEMBER_BYTES = 1 << 28
"""256 MiB: what one member that is read into memory may have."""
MOST_GROWTH = 1000
"""How many times its packed size an archive may unpack to: deflate's own limit is 1,032, images reach 2."""
CHUNK_BYTES = 1 << 20

FAULTS = (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError)
"""What reading a broken, encrypted or unknown archive raises."""

Member = tuple[str, int, Callable[[], IO[bytes]]]
"""Name, size in bytes, and how to open it."""


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
            raise RequestError(f"{path}: cannot be read as a zip archive ({error})") from error
        self.members = [info for info in self._zip.infolist() if not info.is_dir()]
        """The files in it, as its directory lists them."""
        refuse_bomb(path, len(self.members), sum(info.file_size for info in self.members))
        for info in self.members:
            _check_zip(path, info)

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

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def unpack(path: Path, target: Path, progress: Progress | None = None) -> Path:
    """Unpack the zip or tar archive `path` to the folder `target`, which must not be there, and return it.

    The caller holds a lock. Raises `RequestError` for an archive that is broken, reaches out of its folder, holds a
    link or a device, or is too large.
    """
    part = target.with_name(target.name + ".unpacking")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        done = number = 0
        for name, size, opened in _members(path):
            done, number = done + size, number + 1
            refuse_bomb(path, number, done)
            _write(path, part.joinpath(*_parts(path, name)), size, opened)
            if progress:
                progress(f"unpacking {path.name}", number, 0)
        part.rename(target)
    except FAULTS as error:
        raise RequestError(f"{path}: cannot be unpacked ({error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def refuse_bomb(path: Path, number: int, size: int) -> None:
    """Raise `RequestError` where `number` files of `size` bytes together are more than an honest archive holds."""
    most = min(MOST_BYTES, max(path.stat().st_size, 1 << 16) * MOST_GROWTH)
    if number > MOST_FILES or size > most:
        raise RequestError(
            f"{path}: refused: it unpacks to {number:,} files and {size:,} bytes or more, at most {MOST_FILES:,} files "
            f"and {most:,} bytes are read from it; unpack it yourself, if you trust it, and name the folder"
        )


def _members(path: Path) -> Iterator[Member]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for info in packed.infolist():
                _check_zip(path, info)
                if not info.is_dir():
                    yield info.filename, info.file_size, lambda info=info: packed.open(info)  # type: ignore[misc]
        return
    with tarfile.open(path, "r:*") as tar:
        for item in tar:
            if not (item.isreg() or item.isdir()):
                raise _refused(path, item.name, "it is a link or a device")
            if item.isdir():
                _parts(path, item.name)
                continue
            yield item.name, item.size, lambda item=item: _opened(tar, item)  # type: ignore[misc]


def _opened(tar: tarfile.TarFile, item: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(item)
    assert content is not None, "only regular files come here"
    return content


def _write(path: Path, target: Path, size: int, opened: Callable[[], IO[bytes]]) -> None:
    """Write one member, and stop where it holds more than it announced."""
    if target.exists():
        raise _refused(path, target.name, "it comes twice")
    target.parent.mkdir(parents=True, exist_ok=True)
    left = size
    with opened() as content, target.open("xb") as out:
        while chunk := content.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise _refused(path, target.name, f"it holds more than the {size:,} bytes it announces")
            out.write(chunk)
    if left:
        raise _refused(path, target.name, f"it ends {left:,} bytes early")


def _check_zip(path: Path, info: zipfile.ZipInfo) -> None:
    _parts(path, info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(path, info.filename, "it is a link or a device")
    if info.flag_bits & 1:
        raise _refused(path, info.filename, "it is encrypted")


def _parts(path: Path, name: str) -> tuple[str, ...]:
    """Return the parts of the member's `name`, or refuse one that is not plainly below the archive's own folder."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or ":" in parts[0]:
        raise _refused(path, name, "its name leads out of the archive")
    return parts


def _refused(path: Path, name: str, why: str) -> RequestError:
    return RequestError(f"{path}: refused because of {name!r} in it: {why}")
