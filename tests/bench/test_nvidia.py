from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bench import nvidia
from tests.bench.fake_nvml import MIB, FakeNVML, process


@pytest.fixture
def driver(monkeypatch):
    def load(*names, **options):
        fake = FakeNVML(*names, **options)
        monkeypatch.setattr(nvidia, "library", lambda: fake)
        return fake

    return load


def test_what_the_driver_says_in_our_units(driver):
    fake = driver()
    device = nvidia.chosen({})
    assert device.memory_bytes() == 160 * MIB, "with what the driver reserves"
    assert device.energy_joules() == 5.0
    fake.held = {0: 2_000_000_000, 1: 0}
    fake.processes = [process(7, 30 * MIB), process(8, None)]
    found = device.reading()
    assert found.held_seconds == {"power": 2.0, "heat": 0.0}
    assert [(item.pid, item.memory_bytes) for item in found.processes] == [(7, 30 * MIB), (8, None)]
    assert found.memory_bytes == 100 * MIB, "without what the driver reserves"
    fake.busy = 40
    assert device.utilization() == 0.4


def test_what_the_driver_does_not_say_is_none_and_never_zero(driver):
    fake = driver()
    fake.millijoules = fake.processes = None
    device = nvidia.chosen({})
    assert device.energy_joules() is None
    assert device.reading().processes is None
    assert device.reading().held_seconds == {}
    facts = device.facts()
    assert facts["sm_clock_mhz"] == 1980
    assert (facts["driver"], facts["cuda_driver"], facts["mig"]) == ("570.86", "12.8", False)
    assert "temperature_celsius" not in facts
    assert "ecc" not in facts


@pytest.mark.parametrize(
    ("mask", "reasons"),
    [(0x01, set()), (0x04, {"power"}), (0x80, {"power"}), (0x40, {"heat"}), (0x20 | 0x08, {"heat", "hardware"})],
)
def test_flags_of_a_moment_are_told_apart_and_an_idle_clock_is_none_of_them(driver, mask, reasons):
    driver().mask = mask
    assert nvidia.chosen({}).reasons() == reasons


@pytest.mark.parametrize(
    ("visible", "handle"),
    [(None, 0), ("1", 1), ("1,0", 1), ("GPU-1a", 1), ("GPU-", None), ("GPU-7", None), ("5", None), ("-1", None)],
)
def test_the_gpu_is_the_one_that_a_child_takes(driver, visible, handle):
    driver("NVIDIA H100", "NVIDIA H100")
    found = nvidia.chosen({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})
    assert (found and found.handle) == handle


def test_among_gpus_of_different_kinds_only_a_number_of_the_bus_is_certain(driver):
    driver("NVIDIA T4", "NVIDIA H100")
    assert nvidia.chosen({"CUDA_VISIBLE_DEVICES": "0"}) is None
    assert nvidia.chosen({"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}).handle == 0
    assert nvidia.chosen({"CUDA_VISIBLE_DEVICES": "GPU-1a"}).handle == 1


def test_of_a_divided_gpu_a_slice_is_taken(driver):
    driver(mig=True)
    assert nvidia.chosen({}).handle == "slice 0 of 0"
    assert nvidia.chosen({"CUDA_VISIBLE_DEVICES": "MIG-77"}).handle == "by name MIG-77"


def test_without_the_library_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(nvidia, "library", lambda: None)
    assert (nvidia.devices(), nvidia.chosen({})) == ([], None)
    assert nvidia.chosen({"CUDA_VISIBLE_DEVICES": "MIG-77"}) is None


def test_the_package_has_every_name_that_is_asked_for():
    pynvml = pytest.importorskip("pynvml")
    tree = ast.parse(Path(nvidia.__file__).read_text())
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {name for name in names if name.startswith(("nvmlDevice", "nvmlSystem"))}
    names |= {f"NVML_PERF_POLICY_{policy}" for policy in nvidia.POLICIES.values()}
    assert len(names) > 15
    assert [name for name in names if not hasattr(pynvml, name)] == []
    assert {"NVMLError", "nvmlMemory_v2", "NVML_CLOCK_SM", "NVML_CLOCK_MEM", "NVML_TEMPERATURE_GPU"} <= set(dir(pynvml))


def test_the_package_is_imported_only_where_there_is_a_gpu():
    code = "import sys; from bench import machine, race; machine.has_gpu = lambda: False; machine.describe()"
    done = subprocess.run(
        [sys.executable, "-c", code + "; print('pynvml' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
