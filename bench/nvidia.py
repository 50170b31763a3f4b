"""The NVIDIA GPU by the driver's own library (NVML): read when asked, never polled; what it does not say is None.

Once asked, the library stays open until the process ends. That also keeps the driver loaded between two children, so
that none of them waits for it alone (what persistence mode does where it is on).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

POLICIES = {"power": "POWER", "heat": "THERMAL", "voltage": "RELIABILITY", "board": "BOARD_LIMIT"}
"""Why a clock is held down, with the name of NVML's counter of the time for which it was."""

REASONS = {"power": 0x04 | 0x80, "heat": 0x20 | 0x40, "hardware": 0x08}
"""The same as NVML's flags of a moment, for GPUs without the counters: software and hardware limits of power, of
heat; a hardware slowdown whose cause is not said."""

MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process that computes on the GPU; its number may be the host's, inside a container."""

    pid: int
    memory_bytes: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What is read before and after a trial, when no child of ours runs: every process there is another's."""

    held_seconds: Mapping[str, float]
    """For how long clocks have been held down since the driver was loaded, by the keys of `POLICIES`."""
    processes: tuple[Process, ...] | None
    """None where the driver does not say; empty also in a container that may not see those of others."""
    memory_bytes: int | None
    """In use by anybody, without what the driver reserves; None with drivers that add this in."""


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU, or one slice (MIG) of it; every answer is read anew."""

    nvml: Any
    """The module `pynvml`."""
    handle: Any

    def memory_bytes(self) -> int | None:
        """Return how much of the device's memory is in use, by anybody, with what the driver reserves."""
        return _number(self._ask("nvmlDeviceGetMemoryInfo"), "used")

    def energy_joules(self) -> float | None:
        """Return what the board has taken since the driver was loaded; from Volta on, not of a slice.

        The driver brings the counter up to date every 20 to 100 ms, depending on the GPU.
        """
        found = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if found is None else found / 1000

    def reasons(self) -> frozenset[str]:
        """Return why the clocks are held down at this moment, as the keys of `REASONS`; empty also where unknown."""
        mask = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if mask is None:  # the older name of the same, for older drivers
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons") or 0
        return frozenset(reason for reason, flags in REASONS.items() if mask & flags)

    def reading(self) -> Reading:
        """Read what may disturb a trial; a few milliseconds."""
        policies = {name: getattr(self.nvml, f"NVML_PERF_POLICY_{policy}") for name, policy in POLICIES.items()}
        times = {
            name: _number(self._ask("nvmlDeviceGetViolationStatus", policy), "violationTime")
            for name, policy in policies.items()
        }
        processes = self._ask("nvmlDeviceGetComputeRunningProcesses")
        return Reading(
            held_seconds={name: time / 1e9 for name, time in times.items() if time is not None},
            processes=None
            if processes is None
            else tuple(Process(pid=item.pid, memory_bytes=item.usedGpuMemory) for item in processes),
            memory_bytes=_number(self._ask("nvmlDeviceGetMemoryInfo", self.nvml.nvmlMemory_v2), "used"),
        )

    def utilization(self) -> float | None:
        """Return the share of the last second or less in which anything ran on the GPU."""
        found = _number(self._ask("nvmlDeviceGetUtilizationRates"), "gpu")
        return None if found is None else found / 100

    def identity(self) -> dict[str, Any]:
        """Return what stays the same from run to run: name, driver, memory in bytes."""
        memory = _number(self._ask("nvmlDeviceGetMemoryInfo"), "total")
        return {
            "name": self._ask("nvmlDeviceGetName"),
            "driver": _call(self.nvml, "nvmlSystemGetDriverVersion"),
            "memory_bytes": None if memory is None else memory // MIB * MIB,
        }

    def facts(self) -> dict[str, Any]:
        """Return clocks, limits and modes at this moment, without those that the driver does not say."""
        nvml = self.nvml
        cuda = _call(nvml, "nvmlSystemGetCudaDriverVersion")
        capability = self._ask("nvmlDeviceGetCudaComputeCapability")
        limit = self._ask("nvmlDeviceGetEnforcedPowerLimit")
        ecc, mig = self._ask("nvmlDeviceGetEccMode"), self._ask("nvmlDeviceGetMigMode")
        persistence = self._ask("nvmlDeviceGetPersistenceMode")
        found = {
            **self.identity(),
            "cuda_driver": None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}",
            "compute_capability": None if capability is None else ".".join(map(str, capability)),
            "sm_clock_mhz": self._ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
            "sm_clock_max_mhz": self._ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM),
            "memory_clock_mhz": self._ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
            "memory_clock_max_mhz": self._ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_MEM),
            "temperature_celsius": self._ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
            "power_limit_watts": None if limit is None else limit / 1000,
            "persistence_mode": None if persistence is None else bool(persistence),
            "ecc": None if ecc is None else bool(ecc[0]),
            "mig": None if mig is None else bool(mig[0]),
        }
        return {key: value for key, value in found.items() if value is not None}

    def _ask(self, name: str, *more: Any) -> Any:
        return _call(self.nvml, name, self.handle, *more)


@cache
def library() -> Any:
    """Return `pynvml` with the driver's library opened, or None where either is not there."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def devices() -> list[Device]:
    """Return every GPU that this process may see, in the order of the bus; empty without the library."""
    nvml = library()
    count = _call(nvml, "nvmlDeviceGetCount") or 0
    handles = [_call(nvml, "nvmlDeviceGetHandleByIndex", index) for index in range(count)]
    return [Device(nvml, handle) for handle in handles if handle is not None]


def chosen(environment: Mapping[str, str] = os.environ) -> Device | None:
    """Return the GPU that a child takes: the first one that `CUDA_VISIBLE_DEVICES` names, or the first there is.

    None where it cannot be told for certain: CUDA numbers GPUs of different kinds by their speed, NVML by the bus,
    unless `CUDA_DEVICE_ORDER=PCI_BUS_ID` has both do the same.
    """
    found = devices()
    first = environment.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if first.startswith("MIG-"):
        handle = _call(library(), "nvmlDeviceGetHandleByUUID", first)
        return None if handle is None else Device(library(), handle)
    if first.startswith("GPU-"):  # CUDA takes the beginning of the name, as far as only one GPU has it
        named = [item for item in found if str(item._ask("nvmlDeviceGetUUID")).startswith(first)]
        return _slice(named[0]) if len(named) == 1 else None
    kinds = {item._ask("nvmlDeviceGetName") for item in found}
    if len(kinds) > 1 and environment.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        return None
    return _slice(found[int(first)]) if first.isdigit() and int(first) < len(found) else None


def _slice(device: Device) -> Device:
    """Return the first slice of a GPU that is divided (MIG), the one CUDA takes; the GPU itself otherwise."""
    mode = device._ask("nvmlDeviceGetMigMode")
    part = device._ask("nvmlDeviceGetMigDeviceHandleByIndex", 0) if mode and mode[0] else None
    return device if part is None else Device(device.nvml, part)


def _call(nvml: Any, name: str, *arguments: Any) -> Any:
    """Return NVML's answer; None where there is no library, or where it or the driver has none."""
    if nvml is None:
        return None
    try:
        return getattr(nvml, name)(*arguments)
    except (nvml.NVMLError, AttributeError):
        return None


def _number(answer: Any, field: str) -> int | None:
    return None if answer is None else int(getattr(answer, field))
