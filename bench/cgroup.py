"""What the control groups of Linux, versions 1 and 2, say about this process; nothing where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
SELF = Path("/proc/self/cgroup")

# Version 1 reports "no limit" as the largest multiple of a page below 2**63.
UNLIMITED = 1 << 60


def files(name: str, controller: str) -> Iterator[Path]:
    """Yield the file `name` of this process's group and of every group above it, nearest first.

    A limit or a throttle may sit at any level, and inside a container only the lower ones can be seen.
    """
    for top, group in _groups(controller):
        path = top / group.lstrip("/")
        # Inside a container the group's path may name a place that only the host has: then the root stands.
        for folder in (path, *path.parents):
            if (folder / name).is_file():
                yield folder / name
            if folder == top:
                break


def cpu_limit() -> float | None:
    """Return how many CPUs' worth of time the group may use; None where nothing limits it."""
    limits = []
    for path in files("cpu.max", "cpu"):
        quota, _, period = read(path).partition(" ")
        if quota.isdigit() and period.strip().isdigit():
            limits.append(int(quota) / int(period))
    for path in files("cpu.cfs_quota_us", "cpu"):
        quota, period = read(path), read(path.with_name("cpu.cfs_period_us"))
        if quota.isdigit() and period.isdigit() and int(period):
            limits.append(int(quota) / int(period))
    return min(limits, default=None)


def memory_limit() -> int | None:
    """Return how many bytes of memory the group may use; None where nothing limits it."""
    names = ("memory.max", "memory.limit_in_bytes")
    texts = [read(path) for name in names for path in files(name, "memory")]
    return min((int(text) for text in texts if text.isdigit() and int(text) < UNLIMITED), default=None)


def throttled_seconds() -> float:
    """Return for how long the group, or one above it, has been held back by its CPU limit since it began."""
    found = [0.0]
    for path in files("cpu.stat", "cpu"):
        values = dict(line.split()[:2] for line in read(path).splitlines() if len(line.split()) == 2)
        if "throttled_usec" in values:
            found.append(int(values["throttled_usec"]) / 1e6)
        elif "throttled_time" in values:
            found.append(int(values["throttled_time"]) / 1e9)
    return max(found)


def read(path: Path) -> str:
    """Return the text of a file of the kernel without white space at its ends; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _groups(controller: str) -> Iterator[tuple[Path, str]]:
    """Yield (mount point, group) of this process for version 2 and for the controller's version 1."""
    for line in read(SELF).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:
            yield ROOT, group
            if (ROOT / "unified").is_dir():
                yield ROOT / "unified", group
        elif controller in controllers.split(","):
            for mount in {ROOT / controllers, ROOT / controller}:
                if mount.is_dir():
                    yield mount.resolve(), group
                    break
