"""The cache: a folder per prepared dataset, built once under a lock, whole or not at all, never changed.

numpy and filelock are loaded only when something must be built: what is there is answered in milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import lock
from bench.datasets.prepared import Made, Prepared, Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Build = Callable[[Path], Made]
"""Makes the dataset; the folder given is empty and becomes the prepared one: ``x.npy`` may be written there at once,
memory-mapped, so that memory does not grow with the samples."""

FORMAT = 3
"""Raise it when the meaning of a cached folder changes: older ones are then left alone and built anew."""

ARRAYS, BESIDE = ("x.npy", "y.npy"), ("groups.npy", "files.json")
"""What a folder keeps; of a dataset without groups or files, the arrays alone."""


def cache_folder() -> Path:
    """Return the folder for prepared data and downloads: ``$PARALLAX_CACHE``, else the system's own place."""
    chosen = os.environ.get("PARALLAX_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("parallax"))


def prepared(label: str, identity: Mapping[str, Any], build: Build, progress: Progress | None = None) -> Prepared:
    """Return the prepared dataset of that `identity` (all that determines its arrays), built if need be.

    A damaged folder is built anew. Where another process is at it, waits and takes what that one made.
    """
    key = json.dumps({"format": FORMAT, **identity}, sort_keys=True)
    folder = cache_folder() / f"{label}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    found = _read(folder, key)
    if found is not None:
        return found
    try:
        return _build_locked(folder, key, build, progress)
    except OSError as error:
        raise refusal(error) from error


def refusal(error: OSError) -> RequestError:
    """Return what to say of a file that cannot be read or written while data are prepared: whose it is decides."""
    place = None if error.filename is None else Path(os.fsdecode(error.filename)).absolute()
    if place is not None and not place.is_relative_to(cache_folder()):
        return RequestError(f"{place}: cannot be read ({error.strerror}); look at its permissions and its disk")
    return RequestError(
        f"cannot keep prepared data in the cache folder {cache_folder()} ({error}); "
        "name another one in the environment variable PARALLAX_CACHE"
    )


def _build_locked(folder: Path, key: str, build: Build, progress: Progress | None) -> Prepared:
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(folder.name + ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if progress:
            progress(f"waiting for another run that prepares {folder.name}", 0, 0)
        lock.acquire(poll_interval=0.1)
    try:
        found = _read(folder, key)
        if found is None:
            with working(progress):
                _write(folder, key, build)
            found = _read(folder, key)
    finally:
        lock.release()
    if found is None:
        raise OSError(f"{folder} was written but cannot be read back")
    return found


@contextmanager
def working(progress: Progress | None) -> Iterator[None]:
    """Work at data while nobody measures on this machine; `progress` is told where this has to wait."""
    with lock.working(lambda text: progress(text, 0, 0) if progress else None):
        yield


def _write(folder: Path, key: str, build: Build) -> None:
    """Write everything beside `folder`, then rename: a reader sees all of it or nothing."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        made = build(part)
        _write_arrays(part, made)
        manifest = {
            "key": key,
            "about": asdict(made.about),
            "shape": list(made.x.shape),
            "checksum": _checksum(made.x, made.y),
            "counts": _counts(made),
            "beside": {name: digest(part / name) for name in BESIDE if (part / name).exists()},
            "files": {name: stamp(part / name) for name in (*ARRAYS, *BESIDE) if (part / name).exists()},
        }
        write_json(part / "manifest.json", manifest)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_arrays(part: Path, made: Made) -> None:
    import numpy as np

    # Resolved, as numpy keeps it: saving a memory map over its own file would lose it where the cache is a link.
    if isinstance(made.x, np.memmap) and made.x.filename and Path(made.x.filename) == (part / "x.npy").resolve():
        made.x.flush()
    else:
        np.save(part / "x.npy", made.x, allow_pickle=False)
    np.save(part / "y.npy", made.y, allow_pickle=False)
    if made.groups is not None:
        np.save(part / "groups.npy", made.groups.astype(np.int32), allow_pickle=False)
    if made.files is not None:
        (part / "files.json").write_text(json.dumps(asdict(made.files)), encoding="utf-8")


def _counts(made: Made) -> dict[str, int]:
    import numpy as np

    if not made.about.classes:
        return {"samples": len(made.y)}
    counts = np.bincount(made.y, minlength=len(made.about.classes))
    return dict(zip(made.about.classes, counts.tolist(), strict=True))


def _read(folder: Path, key: str) -> Prepared | None:
    """Return what lies in `folder`, or None where it is missing, damaged or of another identity."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        about = dict(manifest["about"])
        for name in ("classes", "official", "value_range"):
            about[name] = None if about[name] is None else tuple(about[name])
        num_samples, *input_shape = manifest["shape"]
        found = Prepared(
            **about,
            folder=folder,
            input_shape=tuple(input_shape),
            num_samples=num_samples,
            checksum=manifest["checksum"],
        )
        return found if manifest["key"] == key and _is_sound(found, manifest) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_sound(found: Prepared, manifest: dict[str, Any]) -> bool:
    """Sizes must be as written. Where a time is not (copied, or tampered with), the checksums decide."""
    stamps = manifest["files"]
    now = {name: stamp(found.folder / name) for name in stamps}
    if now == stamps:
        return True
    if any(now[name]["bytes"] != stamps[name]["bytes"] for name in stamps):
        return False
    beside = {name: digest(found.folder / name) for name in manifest["beside"]}
    if beside != manifest["beside"] or _checksum(*found.arrays()) != found.checksum:
        return False
    with suppress(OSError):  # A cache that can only be read is checked each time.
        write_json(found.folder / "manifest.json", manifest | {"files": now})
    return True


def new_array(path: Path, shape: tuple[int, ...], kind: str) -> np.memmap[Any, Any]:
    """Return a new array of zeros in the file `path`, memory-mapped; `RequestError` where the disk has no room."""
    import numpy as np

    size, free = math.prod(shape) * np.dtype(kind).itemsize, shutil.disk_usage(path.parent).free
    if size > free:
        raise RequestError(
            f"preparing needs {size / 1e9:,.1f} GB in the cache folder {cache_folder()}, and {free / 1e9:,.1f} GB are "
            "free; take fewer samples or a smaller dataset.size, or name another folder in the environment variable "
            "PARALLAX_CACHE"
        )
    made: np.memmap[Any, Any] = np.lib.format.open_memmap(path, "w+", np.dtype(kind), shape)
    return made


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path`, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def stamp(path: Path) -> dict[str, int]:
    """Return the size of the file at `path` and the time of its last change, to tell if it changed."""
    status = path.stat()
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def digest(path: Path) -> str:
    """Return the SHA-256 of the file at `path`."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _checksum(x: NDArray[Any], y: NDArray[Any]) -> str:
    """Return the SHA-256 over the bytes of x, in pieces, then y."""
    import numpy as np

    digest = hashlib.sha256()
    for array in (x, y):
        if isinstance(array, np.memmap) and array.flags.c_contiguous and _is_whole(array):
            # Through the file: pages that are read through the map count as this process's memory.
            with Path(str(array.filename)).open("rb", buffering=0) as file:
                file.seek(array.offset)
                while piece := file.read(1 << 24):
                    digest.update(piece)
            continue
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        for begin in range(0, len(flat), 1 << 24):
            digest.update(flat[begin : begin + (1 << 24)].data)
    return digest.hexdigest()


def _is_whole(array: np.memmap[Any, Any]) -> bool:
    """Return whether `array` is all of its file from its offset on."""
    return array.filename is not None and array.offset + array.nbytes == Path(array.filename).stat().st_size
