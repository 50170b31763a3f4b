"""Reads idx files, the format MNIST is published in, compressed or not."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08
NEARBY = ("MNIST/raw", "FashionMNIST/raw", "raw", "mnist", "MNIST", "fashion_mnist", "fashion", "data/fashion")
"""Where other tools put these files below the folder they are given."""
MOST_BYTES = 1 << 30
"""What a compressed file may unpack to: MNIST's largest has 47 million bytes."""
KINDS = {1: "labels", 3: "images"}


def locate(root: Path, names: Iterable[str]) -> list[Path]:
    """Return the files in `root` that go by `names`, as ``NAME``, ``NAME.gz``, or with ``.idx`` for ``-idx``.

    Raises `RequestError` for the first one that is not there, and says where such a file was seen nearby.
    """
    if not root.is_dir():
        raise RequestError(f"dataset.root={root}: there is no such folder")
    found = []
    for name in names:
        spellings = [base + end for base in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
        paths = [root / spelling for spelling in spellings if (root / spelling).is_file()]
        if not paths:
            nearby = [folder for folder in NEARBY if any((root / folder / file).is_file() for file in spellings)]
            hint = f"; did you mean dataset.root={root / nearby[0]}?" if nearby else ""
            raise RequestError(
                f"dataset.root={root}: there is no {name} in it (looked for {', '.join(spellings)}){hint}"
            )
        found.append(paths[0])
    return found


def read(path: Path, num_dimensions: int) -> tuple[NDArray[np.uint8], str]:
    """Return the unsigned bytes in the idx file at `path`, and the MD5 of the file without compression.

    `num_dimensions` is 3 for images (N, H, W) and 1 for labels (N,). Compression is told by the content,
    because browsers unpack ``.gz`` files and keep the name. Raises `RequestError` that says what was expected
    and what was found.
    """
    import numpy as np  # Here, because finding files that are in the cache already must not wait for it.

    content = _content(path)
    expected = f"an idx file of {KINDS[num_dimensions]}"
    if not content:
        raise RequestError(f"{path}: expected {expected}, found an empty file")
    if len(content) < 4 or content[:2] != b"\0\0":
        raise RequestError(
            f"{path}: expected {expected} (which begins with 0000{UNSIGNED_BYTE:02x}{num_dimensions:02x}), "
            f"found something else, which begins with {content[:4].hex()}"
        )
    if content[2] != UNSIGNED_BYTE or content[3] != num_dimensions:
        found = KINDS.get(content[3], "something else") if content[2] == UNSIGNED_BYTE else "another number type"
        raise RequestError(
            f"{path}: expected {expected} (magic number 0000{UNSIGNED_BYTE:02x}{num_dimensions:02x}), "
            f"found an idx file of {found} (magic number {content[:4].hex()})"
        )
    header = 4 + 4 * num_dimensions
    if len(content) < header:
        raise RequestError(f"{path}: truncated: expected a header of {header} bytes, found {len(content)} bytes")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", num_dimensions, 4))
    if len(content) != header + math.prod(shape):
        what = "truncated" if len(content) < header + math.prod(shape) else "too long"
        raise RequestError(
            f"{path}: {what}: its header says {' x '.join(map(str, shape))}, which makes "
            f"{header + math.prod(shape)} bytes, found {len(content)} bytes"
        )
    array = np.frombuffer(content, np.uint8, offset=header).reshape(shape)
    return array, hashlib.md5(content, usedforsecurity=False).hexdigest()


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        with gzip.open(path) as unpacked:
            found = unpacked.read(MOST_BYTES + 1)
    except EOFError as error:
        raise RequestError(f"{path}: truncated: the gzip stream ends early, after {len(content)} bytes") from error
    except (OSError, zlib.error) as error:
        raise RequestError(f"{path}: damaged: not a whole gzip stream ({error})") from error
    if len(found) > MOST_BYTES:
        raise RequestError(f"{path}: refused: it unpacks to more than {MOST_BYTES:,} bytes")
    return found
