"""Facts of the processor and of how the kernel drives it, from /proc and /sys; what these do not say is left out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from bench import cgroup

CPUS = Path("/sys/devices/system/cpu")
NODES = Path("/sys/devices/system/node")
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
MEMINFO = Path("/proc/meminfo")
VENDOR = Path("/sys/class/dmi/id/sys_vendor")
HYPERVISOR = Path("/sys/hypervisor/type")


def facts(processor: dict[str, str]) -> dict[str, Any]:
    """Return clocks (MHz), caches, threads, nodes, virtualisation, pages, swap (bytes) and mitigations.

    `processor` is the first block of /proc/cpuinfo.
    """
    found = {
        "cpu_clock_mhz": _clocks(processor),
        "cpu_caches": _caches(),
        "threads_per_core": _threads_per_core(processor),
        "numa_nodes": len(list(NODES.glob("node[0-9]*"))) or None,
        "virtual_machine": _virtual(processor),
        "transparent_hugepages": _marked(cgroup.read(HUGE_PAGES)),
        "swap_bytes": _swap(),
        "mitigations": _mitigations(),
    }
    return {key: value for key, value in found.items() if value not in (None, {})}


def _clocks(processor: dict[str, str]) -> dict[str, float]:
    """Return least, most and base clock by cpufreq, and the one of this moment."""
    folder = CPUS / "cpu0" / "cpufreq"
    names = {"least": "cpuinfo_min_freq", "most": "cpuinfo_max_freq", "base": "base_frequency"}
    texts = {key: cgroup.read(folder / name) for key, name in names.items()}
    found = {key: int(text) / 1000 for key, text in texts.items() if text.isdigit()}
    with contextlib.suppress(KeyError, ValueError):
        found["now"] = round(float(processor["cpu MHz"]), 1)
    return found


def _caches() -> dict[str, str]:
    """Return the size of each cache of the first core as the kernel writes it: ``{"L1 data": "32K", "L2": …}``."""
    found = {}
    for folder in sorted((CPUS / "cpu0" / "cache").glob("index[0-9]*")):
        level, kind, size = (cgroup.read(folder / name) for name in ("level", "type", "size"))
        if level and size:
            found[f"L{level}" + ("" if kind == "Unified" else f" {kind.lower()}")] = size
    return found


def _threads_per_core(processor: dict[str, str]) -> int | None:
    siblings, cores = processor.get("siblings", ""), processor.get("cpu cores", "")
    return int(siblings) // int(cores) if siblings.isdigit() and cores.isdigit() and int(cores) else None


def _virtual(processor: dict[str, str]) -> str | None:
    """Return who runs this machine as a guest, or "yes" where only the processor says that somebody does."""
    if "hypervisor" not in processor.get("flags", "").split():
        return cgroup.read(HYPERVISOR) or None
    return cgroup.read(HYPERVISOR) or cgroup.read(VENDOR) or "yes"


def _marked(text: str) -> str | None:
    """Return the choice in force: ``always [madvise] never`` is madvise."""
    return text.partition("[")[2].partition("]")[0] or None


def _swap() -> int | None:
    for line in cgroup.read(MEMINFO).splitlines():
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _mitigations() -> str | None:
    """Return which flaws of the processor the kernel works around, and which it leaves open; each costs time."""
    states = {path.name: cgroup.read(path) for path in sorted((CPUS / "vulnerabilities").glob("*"))}
    kinds = {"worked around": "Mitigation", "open": "Vulnerable"}
    found = {what: [name for name, text in states.items() if text.startswith(kind)] for what, kind in kinds.items()}
    told = [f"{what}: {', '.join(names)}" for what, names in found.items() if names]
    return "; ".join(told) or ("none needed" if states else None)
