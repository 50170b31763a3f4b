from __future__ import annotations

import json

import pytest

from bench import hardware

PROCESSOR = {"siblings": "8", "cpu cores": "4", "cpu MHz": "2596.120", "flags": "fpu hypervisor sse2"}


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


@pytest.fixture
def system(monkeypatch, tmp_path):
    names = {"CPUS": "cpu", "NODES": "node", "HUGE_PAGES": "huge", "MEMINFO": "meminfo", "VENDOR": "vendor"}
    for name, place in (names | {"HYPERVISOR": "hypervisor"}).items():
        monkeypatch.setattr(hardware, name, tmp_path / place)
    return tmp_path


def test_what_the_kernel_says_of_the_processor(system):
    for name, khz in (("cpuinfo_min_freq", 800000), ("cpuinfo_max_freq", 4700000), ("base_frequency", 2100000)):
        put(system / "cpu/cpu0/cpufreq" / name, str(khz))
    for index, (level, kind, size) in enumerate([(1, "Data", "32K"), (1, "Instruction", "32K"), (3, "Unified", "16M")]):
        for name, text in (("level", str(level)), ("type", kind), ("size", size)):
            put(system / f"cpu/cpu0/cache/index{index}" / name, text)
    for node in ("node0/x", "node1/x", "has_cpu"):
        put(system / "node" / node, "")
    put(system / "huge", "always [madvise] never")
    put(system / "meminfo", "MemTotal: 5 kB\nSwapTotal:       2048 kB")
    put(system / "vendor", "QEMU")
    flaws = {"meltdown": "Not affected", "retbleed": "Mitigation: IBRS", "srso": "Vulnerable: no microcode"}
    for name, text in flaws.items():
        put(system / "cpu/vulnerabilities" / name, text)
    assert hardware.facts(PROCESSOR) == {
        "cpu_clock_mhz": {"least": 800.0, "most": 4700.0, "base": 2100.0, "now": 2596.1},
        "cpu_caches": {"L1 data": "32K", "L1 instruction": "32K", "L3": "16M"},
        "threads_per_core": 2,
        "numa_nodes": 2,
        "virtual_machine": "QEMU",
        "transparent_hugepages": "madvise",
        "swap_bytes": 2**21,
        "mitigations": "worked around: retbleed; open: srso",
    }


def test_what_it_does_not_say_is_left_out(system):
    assert hardware.facts({}) == {}
    assert hardware.facts({"flags": "hypervisor", "cpu MHz": "?", "siblings": "x"}) == {"virtual_machine": "yes"}


def test_no_flaw_and_no_swap_are_facts(system):
    put(system / "cpu/vulnerabilities/meltdown", "Not affected")
    put(system / "meminfo", "SwapTotal: 0 kB")
    assert hardware.facts({}) == {"mitigations": "none needed", "swap_bytes": 0}


def test_this_machines_own_are_plain_json():
    found = hardware.facts({})
    assert json.loads(json.dumps(found)) == found
