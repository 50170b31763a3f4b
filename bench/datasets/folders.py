"""Where image files lie: a folder or a zip archive, listed without reading any content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.datasets.archives import MOST_FILES, MOST_MEMBER_BYTES, Zip, is_zip
from bench.datasets.options import show
from bench.errors import RequestError

NOT_OURS = "__MACOSX"
"""What macOS puts into archives: a second tree of files that are no images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file, as a listing knows it."""

    name: str
    """Relative to the root, with ``/``."""
    size: int
    """In bytes."""
    stamp: int
    """Time of its last change in ns; in a zip, the checksum of its content."""


class Source(Protocol):
    """A place that holds files."""

    where: str
    """The folder or archive, absolute."""

    @property
    def root(self) -> str | None:
        """The folder, where the files can be opened by path; None in an archive."""
        ...

    def entries(self) -> list[Entry]:
        """Return all files but hidden ones, by name."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of the file `name`; raise `OSError` where it cannot be read."""
        ...


class Folder:
    """A folder, with all folders below it."""

    def __init__(self, path: Path) -> None:
        self.where = self.root = str(path.resolve())

    def entries(self) -> list[Entry]:
        """Return all files but hidden ones, by name; links are followed."""
        found = []
        for item, name in _walk(self.root, "", (_itself(Path(self.root).stat()),)):
            # A link that leads nowhere is listed, so that reading it names it.
            status = item.stat(follow_symlinks=item.is_file())
            found.append(Entry(name=name, size=status.st_size, stamp=status.st_mtime_ns))
            if len(found) > MOST_FILES:
                raise RequestError(
                    f"dataset.root={self.root}: more than {MOST_FILES:,} files lie below it; name the folder of one set"
                )
        return sorted(found, key=lambda entry: entry.name)

    def read(self, name: str) -> bytes:
        """Return the content of the file `name`."""
        with open(f"{self.root}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - a Path for each of many is slow
            size = os.fstat(file.fileno()).st_size
            if size > MOST_MEMBER_BYTES:
                raise OSError(f"has {size:,} bytes, at most {MOST_MEMBER_BYTES:,} are read")
            return file.read()


class Archive:
    """A zip archive, read in place."""

    root = None

    def __init__(self, path: Path) -> None:
        self.where = str(path.resolve())
        self._zip = Zip(path)

    def entries(self) -> list[Entry]:
        """Return all files but hidden ones, by name."""
        found = {
            info.filename: Entry(name=info.filename, size=info.file_size, stamp=info.CRC)
            for info in self._zip.members
            if not any(_is_hidden(part) for part in info.filename.split("/"))
        }
        return [found[name] for name in sorted(found)]

    def read(self, name: str) -> bytes:
        """Return the content of the member `name`."""
        return self._zip.read(name)


def source(options: Mapping[str, Any]) -> Source:
    """Return what ``dataset.root`` names, a folder or a zip archive; `listed` lists it."""
    path = Path(str(options["root"])).expanduser()
    if path.is_dir():
        return Folder(path)
    if is_zip(path):
        return Archive(path)
    why = "there is no such folder or zip archive"
    if path.exists():
        why = "is neither a folder nor a zip archive that can be read; unpack it and name the folder"
    raise RequestError(f"dataset.root={show(options['root'])}: {why}")


def listed(source: Source) -> list[Entry]:
    """Return the entries of `source`; `RequestError` where a folder in it may not be read."""
    try:
        return source.entries()
    except OSError as error:
        raise RequestError(
            f"dataset.root={source.where}: {error.filename or source.where} cannot be read ({error.strerror})"
        ) from error


def fingerprint(entries: Iterable[Entry]) -> str:
    """Return a digest over names, sizes and times: it changes when a file is added, removed, renamed or changed."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(f"{entry.name}\0{entry.size}\0{entry.stamp}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield (file, relative name); `above` are the folders on the way, so that a link cannot lead in circles."""
    with os.scandir(folder) as items:
        for item in items:
            if _is_hidden(item.name):
                continue
            if not item.is_dir():
                yield item, prefix + item.name
            else:
                itself = _itself(item.stat())
                if itself not in above:
                    yield from _walk(item.path, f"{prefix}{item.name}/", (*above, itself))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == NOT_OURS


def _itself(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
