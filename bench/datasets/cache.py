"""The cache: a folder per prepared dataset, built once under a lock, whole or not at all, never changed.

numpy and filelock are loaded only when something must be built: what is there is answered in milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets.prepared import About, Prepared, Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = tuple[NDArray[np.uint8], NDArray[np.int32], About]

Build = Callable[[], "Arrays"]
"""Makes x (N, H, W, C), y (N,) and what is known about them."""

FORMAT = 1
"""Raise it when the meaning of a cached folder changes: older ones are then left alone and built anew."""

ARRAYS = ("x.npy", "y.npy")


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
        raise RequestError(
            f"cannot keep prepared data in the cache folder {cache_folder()} ({error}); "
            "name another one in the environment variable PARALLAX_CACHE"
        ) from error


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
            _write(folder, key, *build())
            found = _read(folder, key)
    finally:
        lock.release()
    if found is None:
        raise OSError(f"{folder} was written but cannot be read back")
    return found


def _write(folder: Path, key: str, x: NDArray[np.uint8], y: NDArray[np.int32], about: About) -> None:
    """Write everything beside `folder`, then rename: a reader sees all of it or nothing."""
    import numpy as np

    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        x, y = np.ascontiguousarray(x, np.uint8), np.ascontiguousarray(y, np.int32)
        np.save(part / "x.npy", x, allow_pickle=False)
        np.save(part / "y.npy", y, allow_pickle=False)
        counts = np.bincount(y, minlength=len(about.classes))
        manifest = {
            "key": key,
            "about": asdict(about),
            "shape": list(x.shape),
            "checksum": _checksum(x, y),
            "counts": dict(zip(about.classes, counts.tolist(), strict=True)),
            "files": {name: stamp(part / name) for name in ARRAYS},
        }
        (part / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _read(folder: Path, key: str) -> Prepared | None:
    """Return what lies in `folder`, or None where it is missing, damaged or of another identity."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        about = dict(manifest["about"])
        about.update(classes=tuple(about["classes"]), value_range=tuple(about["value_range"]))
        num_samples, height, width, channels = manifest["shape"]
        found = Prepared(
            **about,
            folder=folder,
            input_shape=(height, width, channels),
            num_samples=num_samples,
            checksum=manifest["checksum"],
        )
        return found if manifest["key"] == key and _is_sound(found, manifest["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_sound(found: Prepared, stamps: Mapping[str, Any]) -> bool:
    """Sizes must be as written. Where a time is not (copied, or tampered with), the checksum decides."""
    now = {name: stamp(found.folder / name) for name in ARRAYS}
    if now == stamps:
        return True
    if any(now[name]["bytes"] != stamps[name]["bytes"] for name in ARRAYS):
        return False
    return _checksum(*found.arrays()) == found.checksum


def stamp(path: Path) -> dict[str, int]:
    """Return the size of the file at `path` and the time of its last change, to tell if it changed."""
    status = path.stat()
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _checksum(x: NDArray[np.uint8], y: NDArray[np.int32]) -> str:
    digest = hashlib.sha256(x.data)
    digest.update(y.data)
    return digest.hexdigest()
