"""A driver's library (NVML) that says what a test wants, as the module `pynvml` hands it on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

MIB = 2**20


class FakeNVML:
    """Answers by function's name; what is not in `answers` the driver does not know."""

    class NVMLError(Exception):
        pass

    nvmlMemory_v2 = 2  # noqa: N815
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    NVML_PERF_POLICY_POWER, NVML_PERF_POLICY_THERMAL = 0, 1
    NVML_PERF_POLICY_BOARD_LIMIT, NVML_PERF_POLICY_RELIABILITY = 3, 5

    def __init__(self, *names: str, mig: bool = False) -> None:
        self.names = names or ("NVIDIA H100",)
        self.used, self.reserved, self.total = 100 * MIB, 60 * MIB, 1000 * MIB + 5
        self.millijoules: int | None = 5_000
        self.mask = 0
        self.held: dict[int, int] = {}
        self.processes: list[Any] | None = []
        self.busy, self.mig = 0, mig
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("nvml"):
            raise AttributeError(name)

        def ask(*arguments: Any) -> Any:
            self.calls.append(name)
            answer = self._answer(name.removeprefix("nvml"), *arguments)
            if answer is None:
                raise self.NVMLError("not supported")
            return answer

        return ask

    def _answer(self, name: str, *arguments: Any) -> Any:
        handle, *more = arguments or (None,)
        if name == "DeviceGetMemoryInfo":
            used = self.used if more else self.used + self.reserved
            return SimpleNamespace(used=used, total=self.total)
        if name == "DeviceGetViolationStatus":
            held = self.held.get(more[0])
            return None if held is None else SimpleNamespace(violationTime=held)
        return {
            "DeviceGetCount": lambda: len(self.names),
            "DeviceGetHandleByIndex": lambda: handle,
            "DeviceGetHandleByUUID": lambda: f"by name {handle}",
            "DeviceGetUUID": lambda: f"GPU-{handle}abc-def",
            "DeviceGetName": lambda: self.names[handle],
            "SystemGetDriverVersion": lambda: "570.86",
            "SystemGetCudaDriverVersion": lambda: 12080,
            "DeviceGetMigMode": lambda: [int(self.mig), 0],
            "DeviceGetMigDeviceHandleByIndex": lambda: f"slice {more[0]} of {handle}",
            "DeviceGetTotalEnergyConsumption": lambda: self.millijoules,
            "DeviceGetCurrentClocksThrottleReasons": lambda: self.mask,
            "DeviceGetComputeRunningProcesses": lambda: self.processes,
            "DeviceGetUtilizationRates": lambda: SimpleNamespace(gpu=self.busy),
            "DeviceGetClockInfo": lambda: {1: 1980, 2: 2619}[more[0]],
        }.get(name, lambda: None)()


def process(pid: int, memory: int | None) -> Any:
    return SimpleNamespace(pid=pid, usedGpuMemory=memory)
