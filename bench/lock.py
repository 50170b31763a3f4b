"""One measurement at a time on a machine: a second run waits, and says for whom.

Whoever measures has the machine alone. Those who prepare data or gate share it with each other, and never with
somebody's clock. A second file is the queue's head: only who holds it may try for the machine, and keeps it until that
is had, so that a stream of those who share cannot keep out one who measures.

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
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

POLL_SECONDS = 0.5
"""How often a waiting run looks: rarely, for it looks while the other one measures."""

_held: dict[Path, int] = {}
"""What this process holds already, and how: a sweep holds the lock around its runs, which ask for it again."""


def default_path() -> Path:
    """Return the lock file of this machine."""
    shared = Path("/tmp")
    folder = shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
    return folder / "parallax.lock"


@contextmanager
def measuring(command: str, say: Callable[[str], None], path: Path | None = None) -> Iterator[float | None]:
    """Hold the machine for the duration of the block; yield the seconds that were spent waiting for it.

    `command` is what a waiting run is told; `say` takes one line each: for whom this one waits, and how long it
    waited. Where no lock can be had at all, that is said, the measurement goes on without, and None is yielded.
    """
    with _holding(fcntl.LOCK_EX, command, say, path or default_path()) as waited:
        yield waited


@contextmanager
def working(say: Callable[[str], None], path: Path | None = None, *, wait: bool = True) -> Iterator[float | None]:
    """Share the machine with others that prepare, gate or draw, for the duration of the block, while nobody measures.

    Yields and says what `measuring` does. A process that measures already goes on. Raises `BlockingIOError` where it
    would have to wait and shall not.
    """
    with _holding(fcntl.LOCK_SH, "", say, path or default_path(), wait=wait) as waited:
        yield waited


@contextmanager
def _holding(
    kind: int, command: str, say: Callable[[str], None], path: Path, *, wait: bool = True
) -> Iterator[float | None]:
    if path in _held:
        if kind == fcntl.LOCK_EX and _held[path] != fcntl.LOCK_EX:
            raise RuntimeError("who shares the machine must let go of it before measuring")
        yield 0.0
        return
    with ExitStack() as stack:
        try:
            handle, turn = (_open(each, stack) for each in (path, path.with_suffix(".turn")))
        except OSError as error:
            say(f"cannot lock the machine, another run may disturb this one ({path}: {error.strerror})")
            yield None
            return
        waited = _acquire(handle, turn, kind, say, wait=wait)
        fcntl.flock(turn, fcntl.LOCK_UN)
        # Who shares it knows that nobody measures: a name there is left from one that was killed.
        _write(handle, {"pid": os.getpid(), "command": command, "since": _now()} if kind == fcntl.LOCK_EX else None)
        _held[path] = kind
        try:
            yield waited
        finally:
            del _held[path]
            if kind == fcntl.LOCK_EX:
                _write(handle, None)


def own(folder: Path) -> int:
    """Take `folder` for this process and return the descriptor that keeps it: closed, or ended, it is free again.

    Raises `BlockingIOError` where another process is at work in it; a file system that knows no locks keeps nobody out.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:
        pass
    return handle


def _open(path: Path, stack: ExitStack) -> int:
    """Return a descriptor of a lock file, which is made for all users if it is not there; `stack` closes it."""
    # No following of links: anybody may put one into /tmp, and this file gets written to.
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    if not os.path.lexists(path):
        with suppress(FileExistsError):
            handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            stack.callback(os.close, handle)
            os.fchmod(handle, 0o666)  # whatever the umask says
            return handle
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "not a plain file")
    handle = os.open(path, flags)
    stack.callback(os.close, handle)
    return handle


def _acquire(handle: int, turn: int, kind: int, say: Callable[[str], None], *, wait: bool) -> float:
    began = time.monotonic()
    told = None
    while not (_try(turn, fcntl.LOCK_EX) and _try(handle, kind)):
        if not wait:
            raise BlockingIOError
        holder = _holder(handle)
        if holder != told:
            say(f"waiting: {holder}")
            told = holder
        time.sleep(POLL_SECONDS)
    waited = time.monotonic() - began if told else 0.0
    if told:
        say(f"waited {waited:.0f} s for it")
    return waited


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: int) -> str:
    """Say who has the machine; anybody can write into the file, so only printable text of some length counts."""
    content = os.pread(handle, 4096, 0)
    if not content:
        return "another run prepares its data or its parity gate"
    try:
        found = json.loads(content.decode("utf-8", errors="replace"))
        text = f"this machine is measuring for process {int(found['pid'])} since {found['since']}: {found['command']}"
    except (ValueError, KeyError, TypeError):
        return "this machine is measuring for another run"
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:300]


def _write(handle: int, holder: dict[str, object] | None) -> None:
    """Leave the holder's name in the file, or nothing."""
    os.ftruncate(handle, 0)
    if holder is not None:
        holder["command"] = str(holder["command"])[:1000]
        os.pwrite(handle, json.dumps(holder).encode(), 0)


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
