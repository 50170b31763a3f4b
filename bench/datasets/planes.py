"""Images with their channels first, (N, C, H, W), as PyTorch wants them: made once, beside ``x.npy``."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from bench.datasets.cache import digest, new_array, refusal, stamp, working, write_json
from bench.datasets.prepared import Prepared, Progress

BLOCK_BYTES = 1 << 24
NAME = "x_channels_first.npy"


def planar(prepared: Prepared, progress: Progress | None = None) -> Path | None:
    """Return the file of `prepared`'s images, uint8 (N, C, H, W), made if need be, by one process at a time.

    None where ``x.npy`` serves as it is: a table, or images of one channel, which lie the same either way.
    """
    if len(prepared.input_shape) != 3 or prepared.input_shape[-1] == 1:
        return None
    path = prepared.folder / NAME
    if _is_sound(path):
        return path
    from filelock import FileLock

    try:
        with FileLock(prepared.folder.with_name(f"{prepared.folder.name}.planes.lock"), poll_interval=0.1):
            if not _is_sound(path):
                with working(progress):
                    _make(prepared, path, progress)
    except OSError as error:
        raise refusal(error) from error
    return path


def _make(prepared: Prepared, path: Path, progress: Progress | None) -> None:

    x, _ = prepared.arrays()
    number, height, width, channels = x.shape
    part = path.with_name(f"{path.name}.part")
    try:
        made = new_array(part, (number, channels, height, width), "uint8")
        step = max(1, BLOCK_BYTES // max(1, x[0].nbytes))
        for begin in range(0, number, step):
            made[begin : begin + step] = x[begin : begin + step].transpose(0, 3, 1, 2)
            if progress:
                progress("putting channels first", min(begin + step, number), number)
        made.flush()
        del made
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    write_json(_seal(path), stamp(path) | {"sha256": digest(path)})


def _is_sound(path: Path) -> bool:
    """The size must be as written; where the time is not (copied, or tampered with), the checksum decides."""
    try:
        kept, now = json.loads(_seal(path).read_text(encoding="utf-8")), stamp(path)
        checksum = kept.pop("sha256")
        if now == kept:
            return True
        if now["bytes"] != kept["bytes"] or digest(path) != checksum:
            return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    with suppress(OSError):  # A cache that can only be read is checked each time.
        write_json(_seal(path), now | {"sha256": checksum})
    return True


def _seal(path: Path) -> Path:
    return path.with_suffix(".json")
