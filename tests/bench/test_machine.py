from __future__ import annotations

import json
import os
import stat

import pytest

from bench import cgroup, machine, nvidia
from tests.bench.fake_nvml import FakeNVML


def test_the_description_is_plain_json_with_sizes_that_make_sense():
    found = machine.describe()
    assert json.loads(json.dumps(found)) == found
    assert found["cpu"]
    assert 1 <= found["cores"] <= found["logical_cores"]
    assert found["memory_bytes"] > 2**28
    assert found["python"].count(".") == 2
    assert isinstance(found["gpus"], list)


def test_cores_obey_affinity_and_limit(monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for limit, cores in ((None, 8), (2.0, 2), (0.5, 1), (16.0, 8)):
        monkeypatch.setattr(cgroup, "cpu_limit", lambda limit=limit: limit)
        assert machine.cores() == cores


def test_physical_cores_are_counted_without_their_threads(monkeypatch, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    block = "processor\t: {}\nmodel name\t: Some CPU\nvendor_id\t: X\nphysical id\t: 0\ncore id\t\t: {}\n\n"
    cpuinfo.write_text("".join(block.format(number, number % 2) for number in range(4)))
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    found = machine.describe()
    assert (found["physical_cores"], found["cpu"], found["cpu_vendor"]) == (2, "Some CPU", "X")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    assert machine.describe()["physical_cores"] is None


@pytest.fixture
def devices(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(machine, "DEVICES", tmp_path)
    return tmp_path


def test_a_gpu_is_seen_by_its_device_node(monkeypatch, devices):
    (devices / "nvidiactl").touch()
    assert not machine.has_gpu()
    (devices / "nvidia0").touch()
    assert machine.has_gpu()
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not machine.has_gpu()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert machine.has_gpu()


def fake_tool(folder, script):
    tool = folder / "bin" / "nvidia-smi"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)


def test_gpus_are_listed_by_the_tool_where_the_drivers_library_cannot_be_asked(monkeypatch, devices):
    monkeypatch.setattr(nvidia, "library", lambda: None)
    monkeypatch.setenv("PATH", f"{devices}/bin{os.pathsep}{os.environ['PATH']}")
    assert machine.gpus() == []
    (devices / "nvidiactl").touch()
    fake_tool(devices, "echo 'NVIDIA H200, 570.86, 143771'")
    assert machine.gpus() == [{"name": "NVIDIA H200", "driver": "570.86", "memory_bytes": 143771 * 2**20}]
    assert not machine.has_gpu()
    (devices / "dxg").touch()
    assert machine.has_gpu()
    fake_tool(devices, "echo 'no devices were found'; exit 6")
    assert machine.gpus() == []


def test_the_drivers_library_says_the_same_without_the_tool(monkeypatch, devices):
    monkeypatch.setattr(nvidia, "library", lambda: FakeNVML("NVIDIA H200"))
    assert machine.gpus() == [], "nobody is asked where there is no device"
    assert machine.gpu() is None
    (devices / "nvidia0").touch()
    assert machine.gpus() == [{"name": "NVIDIA H200", "driver": "570.86", "memory_bytes": 1000 * 2**20}]
    assert machine.gpu().handle == 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.gpu() is None


@pytest.fixture
def groups(monkeypatch, tmp_path):
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    monkeypatch.setattr(cgroup, "SELF", tmp_path / "self")
    return tmp_path


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_version_2_takes_the_tightest_limit_above(groups):
    put(groups, self="0::/pod/job\n")
    put(groups / "pod", cpu__max="150000 100000\n", memory__max="1073741824\n")
    put(groups / "pod" / "job", cpu__max="max 100000\n", memory__max="max\n")
    put(groups / "pod" / "job", cpu__stat="nr_throttled 3\nthrottled_usec 2500000\n")
    assert cgroup.cpu_limit() == 1.5
    assert cgroup.memory_limit() == 2**30
    assert cgroup.throttled_seconds() == 2.5


def test_version_1_of_a_container_whose_path_only_the_host_knows(groups):
    put(groups, self="4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/\n")
    put(groups / "cpu,cpuacct", cpu__cfs_quota_us="50000\n", cpu__cfs_period_us="100000\n")
    put(groups / "cpu,cpuacct", cpu__stat="nr_periods 1\nthrottled_time 1500000000\n")
    put(groups / "memory", memory__limit_in_bytes="9223372036854771712\n")
    assert cgroup.cpu_limit() == 0.5
    assert cgroup.memory_limit() is None
    assert cgroup.throttled_seconds() == 1.5


def test_no_limit_and_no_groups(groups):
    assert (cgroup.cpu_limit(), cgroup.memory_limit(), cgroup.throttled_seconds()) == (None, None, 0.0)
    put(groups, self="1:cpu:/\n")
    put(groups / "cpu", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert cgroup.cpu_limit() is None
