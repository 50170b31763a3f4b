"""One measurement at a time on a machine: a second run waits, and says for whom.

One file for all users, in ``/tmp`` and not in a TMPDIR that each job may have to itself. It is created once, for
everybody, and from then on opened without O_CREAT: Linux refuses to *create* over another user's file in a sticky
folder (fs.protected_regular), but lets it be opened. That, and waiting that tells for whom, is why this is flock
itself. The kernel releases it when the holder ends, however it ends. Containers each have their own ``/tmp``
and do not see each other.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

POLL_SECONDS = 0.5
"""How often a waiting run looks: rarely, for it looks while the other one measures."""

_held: set[Path] = set()
"""What this process holds already: a sweep holds the lock around its runs, which ask for it again."""


def default_path() -> Path:
    """Return the lock file of this machine."""
    shared = Path("/tmp")
    folder = shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
    return folder / "parallax.lock"


@contextmanager
def measuring(command: str, say: Callable[[str], None], path: Path | None = None) -> Iterator[float]:
    """Hold the machine for the duration of the block; yield the seconds that were spent waiting for it.

    `command` is what a waiting run is told; `say` takes one line each: for whom this one waits, and how long it
    waited. Where no lock can be had at all, that is said, and the measurement goes on without.
    """
    path = path or default_path()
    if path in _held:
        yield 0.0
        return
    try:
        handle = _open(path)
    except OSError as error:
        say(f"cannot lock the machine, another run may disturb this one ({path}: {error.strerror})")
        yield 0.0
        return
    try:
        waited = _acquire(handle, say)
        _write(handle, {"pid": os.getpid(), "command": command, "since": _now()})
        _held.add(path)
        try:
            yield waited
        finally:
            _held.discard(path)
            _write(handle, None)
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    """Return a descriptor of the lock file, which is made for all users if it is not there."""
    # No following of links: anybody may put one into /tmp, and this file gets written to.
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    if not os.path.lexists(path):
        with suppress(FileExistsError):
            handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(handle, 0o666)  # whatever the umask says
            return handle
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "not a plain file")
    return os.open(path, flags)


def _acquire(handle: int, say: Callable[[str], None]) -> float:
    began = time.monotonic()
    told = None
    while not _try(handle):
        holder = _holder(handle)
        if holder != told:
            say(f"waiting: this machine is measuring for {holder}")
            told = holder
        time.sleep(POLL_SECONDS)
    waited = time.monotonic() - began if told else 0.0
    if told:
        say(f"waited {waited:.0f} s for it")
    return waited


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: int) -> str:
    """Say who holds the lock; anybody can write into the file, so only printable text of some length counts."""
    try:
        found = json.loads(os.pread(handle, 4096, 0).decode("utf-8", errors="replace"))
        text = f"process {int(found['pid'])} since {found['since']}: {found['command']}"
    except (ValueError, KeyError, TypeError):
        return "another run"
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:300]


def _write(handle: int, holder: dict[str, object] | None) -> None:
    """Leave the holder's name in the file, or nothing."""
    os.ftruncate(handle, 0)
    if holder is not None:
        holder["command"] = str(holder["command"])[:1000]
        os.pwrite(handle, json.dumps(holder).encode(), 0)


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
