"""Reads CIFAR-10's files for Python: a folder of pickles, or the archive of that folder, which is never unpacked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets import tars
from bench.datasets.prepared import Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Batch = tuple[NDArray[np.uint8], NDArray[np.int32]]
    """Images as they lie in the file, (n, 3, 32, 32), and labels (n,)."""

FOLDER = "cifar-10-batches-py"
PLANES = (3, 32, 32)
META = "batches.meta"
MOST_FILE, MOST_ARCHIVE = 1 << 26, 1 << 29
"""Bytes that one file, and all of an archive, may unpack to: about twice what the real ones do."""


def locate(root: Path, archive: str, names: Collection[str]) -> Path | dict[str, Path]:
    """Return what to read in `root`: the files called `names`, or the path of an archive.

    `root` is the folder with the files, its parent, the archive, or a folder with the archive. Raises `RequestError`.
    """
    if root.is_file():
        return root
    for folder in (root, root / FOLDER):
        missing = [name for name in names if not (folder / name).is_file()]
        if not missing:
            return {name: folder / name for name in names}
        if len(missing) < len(names):
            raise RequestError(f"dataset.root={root}: {folder} lacks {', '.join(missing)}")
    if (root / archive).is_file():
        return root / archive
    raise RequestError(
        f"dataset.root={root}: neither {archive} is in it, nor {', '.join(names)}, nor a folder {FOLDER} with them"
    )


def read(
    where: Path | Mapping[str, Path], names: Collection[str], classes: Sequence[str], progress: Progress | None
) -> tuple[list[Batch], tuple[str, ...], dict[str, str]]:
    """Return the batches in the order of `names`, the classes' names, and the MD5 of each file.

    `where` is an archive, or the files by name. Raises `RequestError` that names the file that cannot be read.
    """
    found: dict[str, Batch] = {}
    sums = {}
    files = _from_archive(where, names) if isinstance(where, Path) else _from_folder(where)
    for done, (name, place, content) in enumerate(files):
        sums[name] = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if name == META:
            classes = _classes(place, content)
        else:
            found[name] = _batch(place, content)
        if progress:
            progress("reading CIFAR-10", done + 1, len(names))
    missing = [name for name in names if name not in sums]
    if missing:
        raise RequestError(f"{where}: lacks {', '.join(f'{FOLDER}/{name}' for name in missing)}")
    for name, (_, labels) in found.items():
        wrong = labels[(labels < 0) | (labels >= len(classes))]
        if len(wrong):
            raise RequestError(f"{name}: expected labels from 0 to {len(classes) - 1}, found {wrong[0]}")
    return [found[name] for name in names if name != META], tuple(classes), sums


def _from_folder(paths: Mapping[str, Path]) -> Iterator[tuple[str, str, bytes]]:
    for name, path in paths.items():
        if path.stat().st_size > MOST_FILE:
            raise RequestError(
                f"{path}: is {path.stat().st_size:,} bytes long; the real one has fewer than {MOST_FILE:,}"
            )
        try:
            yield name, str(path), path.read_bytes()
        except OSError as error:
            raise RequestError(f"{path}: cannot be read ({error.strerror or error})") from error


def _from_archive(path: Path, names: Collection[str]) -> Iterator[tuple[str, str, bytes]]:
    inside = {f"{FOLDER}/{name}": name for name in names}
    for name, content in tars.read(path, inside, most_file=MOST_FILE, most_archive=MOST_ARCHIVE):
        yield inside[name], f"{path}: {name}", content


def _batch(place: str, content: bytes) -> Batch:
    import numpy as np

    held = _plain(place, content)
    data, labels = held.get(b"data"), held.get(b"labels")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        raise RequestError(f"{place}: expected 'data', an array of bytes with 3,072 in each row, found {_what(data)}")
    if not isinstance(labels, list) or not all(type(label) is int and abs(label) < 1 << 31 for label in labels):
        raise RequestError(f"{place}: expected 'labels', a list of whole numbers, found {_what(labels)}")
    if not len(data) or len(data) != len(labels):
        raise RequestError(f"{place}: expected a label for each image, found {len(labels)} for {len(data)} images")
    return data.reshape(-1, *PLANES), np.array(labels, np.int32)


def _classes(place: str, content: bytes) -> tuple[str, ...]:
    names = _plain(place, content).get(b"label_names")
    if not isinstance(names, list) or len(names) < 2 or not all(isinstance(name, bytes | str) for name in names):
        raise RequestError(f"{place}: expected 'label_names', a list of names, found {_what(names)}")
    return tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names)


def _plain(place: str, content: bytes) -> dict[Any, Any]:
    from bench.datasets import pickles

    try:
        held = pickles.loads(content)
    except pickles.PickleError as error:
        raise RequestError(
            f"{place}: {error}; CIFAR-10's files are pickles of arrays, lists, names and numbers"
        ) from error
    if not isinstance(held, dict):
        raise RequestError(f"{place}: expected a pickled dict, found {_what(held)}")
    return {key.encode() if isinstance(key, str) else key: value for key, value in held.items()}


def _what(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return "none" if value is None else type(value).__name__ + (f" of shape {shape}" if shape is not None else "")
