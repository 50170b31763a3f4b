"""Calibration: a known allocation shows as what it is, in the process and in its workers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from frameworks import footprint

MIB = 2**20
ALLOCATE = """
import json, subprocess, sys, time
from frameworks import footprint
before = footprint.footprint()["peak"]
held = bytearray(b"x") * (200 * 2**20)
del held
hold = "held = bytearray(b'x') * (100 * 2**20); print(1, flush=True); input()"
worker = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker.stdout.readline()
found = footprint.footprint()
worker.communicate(b"\\n")
print(json.dumps([before, found["peak"], found["workers"], footprint.footprint()["workers"]]))
"""


@pytest.mark.skipif(not footprint.PROC.is_dir(), reason="the system gives no marks")
def test_a_known_allocation_is_found_after_it_was_freed_and_so_is_a_workers():
    ballast = bytearray(b"x") * (400 * MIB)  # what the parent has is none of the child's
    done = subprocess.run([sys.executable, "-c", ALLOCATE], capture_output=True, text=True, check=True)
    before, peak, workers, after = json.loads(done.stdout)
    assert len(ballast) == 400 * MIB
    assert before < 200 * MIB
    assert peak - before == pytest.approx(200 * MIB, abs=8 * MIB)
    assert 100 * MIB < workers < 130 * MIB
    assert after == 0


def test_where_the_system_says_nothing_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(footprint, "PROC", tmp_path)
    assert footprint.footprint() == {}
    assert footprint.resident() is None
