"""Downloads one published file: from the first mirror that gives it, resumed where it broke off, verified."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.prepared import Progress

CHUNK_BYTES = 1 << 17
TIMEOUT_SECONDS = 20.0
ATTEMPTS = 4
"""How often one mirror is asked for the rest of a file that breaks off."""
MOST_BYTES = 1 << 26
"""Of a file whose size is not known beforehand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """One file as it was published."""

    name: str
    """Its name, on the mirrors and on disk."""
    size: int | None
    """In bytes; None where its publisher does not say: then it is not resumed, and ends at `MOST_BYTES`."""
    checksum: str
    """Of the file as it is downloaded, in hexadecimal."""
    algorithm: str = "md5"
    """The checksum's kind."""

    @property
    def most(self) -> int:
        """The greatest number of bytes it can have."""
        return MOST_BYTES if self.size is None else self.size


class DownloadError(Exception):
    """No mirror gave the file; the message says what each of them did."""


def fetch(file: Published, folder: Path, mirrors: Sequence[str], progress: Progress | None = None) -> Path:
    """Return the path of `file` in `folder`, downloaded from the first of `mirrors` that has it, verified.

    What arrived is kept in ``NAME.part`` between attempts, mirrors and runs, and only the rest is asked for.
    A mirror that ends in ``/`` is a folder, any other the file's own address. Where another process fetches the file,
    waits and takes that one's. Raises `DownloadError`.
    """
    target = folder / file.name
    if target.exists() and _is_published(target, file):
        return target
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{file.name}.lock", poll_interval=0.1):
        if target.exists() and _is_published(target, file):
            return target
        return _fetch(file, target, mirrors, progress)


def _fetch(file: Published, target: Path, mirrors: Sequence[str], progress: Progress | None) -> Path:
    part, faults = target.with_name(file.name + ".part"), []
    for mirror in mirrors:
        url = mirror + file.name if mirror.endswith("/") else mirror
        fault = _from_mirror(url, file, part, progress)
        if fault is None:
            part.replace(target)
            return target
        faults.append(f"{url}: {fault}")
    raise DownloadError("; ".join(faults))


def _from_mirror(url: str, file: Published, part: Path, progress: Progress | None) -> str | None:
    """Fill `part` from `url`; return what went wrong, or None when it is whole and right."""
    fault: str | None = None
    for _ in range(ATTEMPTS):
        if file.size is None:
            part.unlink(missing_ok=True)
        before, fault = _size(part), None
        try:
            if before < file.most:
                _append(url, file, part, progress)
        except urllib.error.HTTPError as error:
            fault = f"HTTP status {error.code} ({error.reason})"
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = str(getattr(error, "reason", "") or error) or type(error).__name__
        after = _size(part)
        if after >= file.most or (file.size is None and after and not fault):
            if _is_published(part, file):
                return None
            part.unlink()
            size = "" if file.size is None else f", {file.size} bytes"
            fault = f"its content is not the published one ({file.algorithm.upper()} {file.checksum}{size})"
            if not before and file.size is not None:
                return fault  # All of it came from here: asking again would bring the same.
        elif after == before:
            return fault or f"ended after {after} of {file.most} bytes"
        else:
            fault = fault or f"broke off after {after} of {file.most} bytes"
    return fault


def _append(url: str, file: Published, part: Path, progress: Progress | None) -> None:
    """Ask `url` for what `part` lacks and write it there; start over where the server cannot resume."""
    done = _size(part)
    headers = {"User-Agent": "parallax-bench", **({"Range": f"bytes={done}-"} if done else {})}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        start = _start(response)
        if start not in (0, done):
            part.unlink(missing_ok=True)  # Then the next attempt asks for all of it.
            raise ValueError("answered with another range than the one asked for")
        done = start
        with part.open("ab" if done else "wb") as out:
            # One byte above the published size tells a longer file; an endless one must not fill the disk.
            while done <= file.most:
                chunk = response.read(min(CHUNK_BYTES, file.most + 1 - done))
                if not chunk:
                    break
                out.write(chunk)
                done += len(chunk)
                if progress:
                    progress(file.name, min(done, file.most), file.size or 0)


def _start(response: http.client.HTTPResponse) -> int:
    """Return the position in the file at which the answer begins."""
    stated = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(stated[1]) if response.status == 206 and stated else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_published(path: Path, file: Published) -> bool:
    if file.size is not None and _size(path) != file.size:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.new(file.algorithm, usedforsecurity=False)).hexdigest() == (
            file.checksum
        )
