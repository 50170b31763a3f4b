"""How much memory a process may still take, and what is said where a dataset needs more."""

from __future__ import annotations

from pathlib import Path

_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def refuse_if_larger(size: int) -> None:
    """Raise `MemoryError` where `size` bytes are more than host memory has free."""
    free = available()
    if free is not None and size > free:
        raise refuse(size, "cpu", free)


def refuse(size: int, device: str, free: int | None = None) -> MemoryError:
    """Return the error that says why `size` bytes of samples cannot lie on a device."""
    have = f"it has {free / 1e9:.1f} GB free" if free is not None else "it has less"
    return MemoryError(
        f"pipeline=device: the training split takes {size / 1e9:.1f} GB on the {device}, and {have}; "
        "take pipeline=memory, or fewer samples"
    )


def available() -> int | None:
    """Return the bytes that this process may still take of host memory, or None where the system does not say."""
    found = [_free(), _granted()]
    known = [each for each in found if each is not None]
    return min(known) if known else None


def _free() -> int | None:
    """Return what the machine has."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _granted() -> int | None:
    """Return what a container leaves; what it counts as cache would be given back, and is not subtracted."""
    try:
        limit = (_GROUP / "memory.max").read_text().strip()
        used = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())["anon"]
        return int(limit) - int(used)
    except (OSError, KeyError, ValueError):
        return None
