"""Calibration on a GPU, where there is one: a known allocation, as the driver sees it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import machine

pytestmark = pytest.mark.skipif(not machine.has_gpu(), reason="no GPU")

MIB = 2**20
ALLOCATE = """
import sys, torch
held = [torch.zeros(16 * 2**20, dtype=torch.uint8, device="cuda")]
for line in sys.stdin:
    torch.cuda.synchronize()
    print("done", flush=True)
    held.append(torch.zeros(2**30, dtype=torch.uint8, device="cuda"))
"""


def test_a_known_allocation_on_the_device_is_seen_by_the_driver():
    device = machine.gpu()
    assert device is not None
    child = subprocess.Popen([sys.executable, "-c", ALLOCATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin
    assert child.stdout
    read = []
    for _ in range(3):
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done\n"
        read.append(device.memory_bytes())
    child.communicate()
    assert None not in read
    # The context and the first megabytes are there before the first reading; two more GiB came, one by one.
    assert read[1] - read[0] == pytest.approx(1024 * MIB, abs=64 * MIB)
    assert read[2] - read[1] == pytest.approx(1024 * MIB, abs=64 * MIB)
