"""Images with their channels first, (N, C, H, W), as PyTorch wants them: made once, beside ``x.npy``."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from bench.datasets.cache import cache_folder, stamp, write_json
from bench.datasets.prepared import Prepared
from bench.errors import RequestError

BLOCK_BYTES = 1 << 24
NAME = "x_channels_first.npy"


def channels_first(prepared: Prepared) -> Path:
    """Return the file of `prepared`'s images, uint8 (N, C, H, W), made if need be, by one process at a time."""
    path = prepared.folder / NAME
    if _is_sound(path):
        return path
    from filelock import FileLock

    try:
        with FileLock(prepared.folder.with_name(f"{prepared.folder.name}.planes.lock"), poll_interval=0.1):
            if not _is_sound(path):
                _make(prepared, path)
    except OSError as error:
        raise RequestError(
            f"cannot keep prepared data in the cache folder {cache_folder()} ({error}); "
            "name another one in the environment variable PARALLAX_CACHE"
        ) from error
    return path


def _make(prepared: Prepared, path: Path) -> None:
    import numpy as np

    x, _ = prepared.arrays()
    number, height, width, channels = x.shape
    part = path.with_name(f"{path.name}.part")
    try:
        made = np.lib.format.open_memmap(part, "w+", x.dtype, (number, channels, height, width))
        step = max(1, BLOCK_BYTES // max(1, x[0].nbytes))
        for begin in range(0, number, step):
            made[begin : begin + step] = x[begin : begin + step].transpose(0, 3, 1, 2)
        made.flush()
        del made
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    write_json(_stamp_path(path), stamp(path))


def _is_sound(path: Path) -> bool:
    """One that is copied is made anew: that is quicker than to check it."""
    with suppress(OSError, ValueError):
        return bool(json.loads(_stamp_path(path).read_text(encoding="utf-8")) == stamp(path))
    return False


def _stamp_path(path: Path) -> Path:
    return path.with_suffix(".json")
