"""What machine this is: plain facts for the record, found without importing a framework."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bench import cgroup, hardware, nvidia

CPUINFO = Path("/proc/cpuinfo")
DEVICES = Path("/dev")
QUERY = ("name", "driver_version", "memory.total")
"""What ``nvidia-smi`` is asked where the driver's library cannot be."""


def describe() -> dict[str, Any]:
    """Return the machine as plain JSON; memory in bytes, null where the system does not say."""
    processors = _processors()
    first = processors[0] if processors else {}
    return {
        "cpu": first.get("model name") or platform.processor() or platform.machine(),
        "cpu_vendor": first.get("vendor_id"),
        "architecture": platform.machine(),
        "cores": cores(),
        "logical_cores": os.cpu_count(),
        "physical_cores": _physical(processors),
        **hardware.facts(first),
        "cpu_limit": cgroup.cpu_limit(),
        "memory_bytes": _memory(),
        "memory_limit_bytes": cgroup.memory_limit(),
        "governor": _governor(),
        "load_average": _load(),
        "os": _system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "gpus": gpus(),
    }


def cores() -> int:
    """Return how many CPUs this process may use: its affinity, lowered by a limit of its control group."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = cgroup.cpu_limit()
    return max(1, given if limit is None else min(given, round(limit)))


def has_gpu() -> bool:
    """Return whether a process started here would find an NVIDIA GPU; cheap, and imports no framework.

    A `CUDA_VISIBLE_DEVICES` that hides every device counts as none.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return False
    if any(path.name.removeprefix("nvidia").isdigit() for path in DEVICES.glob("nvidia*")):
        return True
    # Under WSL there is no device node of that name; only the tool knows.
    return (DEVICES / "dxg").exists() and bool(gpus())


def gpu() -> nvidia.Device | None:
    """Return the GPU that a child would take; None where there is none, or where it cannot be told which."""
    return nvidia.chosen() if has_gpu() else None


def gpus() -> list[dict[str, Any]]:
    """Return name, driver and memory (bytes) of each NVIDIA GPU, by the driver's library, else by ``nvidia-smi``."""
    if not any(path.name.startswith(("nvidia", "dxg")) for path in DEVICES.glob("*")):
        return []
    return [device.identity() for device in nvidia.devices()] or _listed()


def _listed() -> list[dict[str, Any]]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[field.strip() for field in line.split(",")] for line in done.stdout.splitlines()]
    return [
        {"name": name, "driver": driver, "memory_bytes": int(mib) * nvidia.MIB if mib.isdigit() else None}
        for name, driver, mib in (row for row in rows if len(row) == len(QUERY))
    ]


def _processors() -> list[dict[str, str]]:
    blocks = cgroup.read(CPUINFO).split("\n\n")
    pairs = [[line.partition(":") for line in block.splitlines()] for block in blocks if block]
    return [{key.strip(): value.strip() for key, _, value in block} for block in pairs]


def _physical(processors: list[dict[str, str]]) -> int | None:
    """Return the number of cores without their hyper-threads, where the system says it."""
    found = {(item.get("physical id"), item["core id"]) for item in processors if "core id" in item}
    return len(found) or None


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _governor() -> str | None:
    return cgroup.read(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")) or None


def _load() -> list[float] | None:
    """Return the load average over 1, 5 and 15 minutes."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return None


def _system() -> str:
    """Return the name of the distribution, or of the system where it has none."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return f"{platform.system()} {platform.mac_ver()[0]}".strip()
