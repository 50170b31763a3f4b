"""Reads a few files out of a small ``.tar.gz``, in memory: nothing in it can write anywhere, and sizes are bounded."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from bench.errors import RequestError


def read(path: Path, names: Collection[str], *, most_file: int, most_archive: int) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the regular files in the archive at `path` whose full names are in `names`.

    Raises `RequestError` where it is damaged, where a file in it is longer than `most_file` bytes, and where all of it
    unpacks to more than `most_archive`.
    """
    try:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=_Bounded(unpacked, most_archive), mode="r|") as archive:
            for member in archive:
                name = str(PurePosixPath(member.name))
                if name not in names or not member.isreg():
                    continue
                if member.size > most_file:
                    raise RequestError(
                        f"{path}: refused: {name} in it is {member.size:,} bytes long; the real one has fewer than "
                        f"{most_file:,}"
                    )
                content = archive.extractfile(member)
                yield name, content.read() if content else b""
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise RequestError(f"{path}: damaged, or not a .tar.gz archive ({error})") from error


class _Bounded(io.RawIOBase):
    """Reads a stream until too much has come: a small archive can unpack to more than a disk holds."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream, self._most, self._left = stream, most, most

    def read(self, size: int = -1) -> bytes:
        content: bytes = self._stream.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise OSError(f"it unpacks to more than {self._most:,} bytes")
        return content
