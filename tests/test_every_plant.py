"""Every planted mistake is caught through the command line: exit status 1, the right side named, with its cause."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.results.pixels import REFERENCE
from frameworks import rooms
from tests.frameworks.conftest import Rooms
from tests.gates import gate
from tests.planted import ROWS

ROOT = Path(bench.__file__).resolve().parent.parent
PLANTS = {name: backend for backend in rooms.names() for name in rooms.plants(backend)}


def test_every_plant_has_a_row_and_every_row_a_plant():
    assert ROWS.keys() == PLANTS.keys()
    for name, row in ROWS.items():
        assert row.side == PLANTS[name], name


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms]:
    asked = Rooms(tmp_path_factory.mktemp("plants"))
    yield asked
    asked.close()


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARALLAX_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.slow
@pytest.mark.parametrize("said", sorted({row.said for row in ROWS.values()}), ids=" ".join)
def test_without_the_plant_the_gate_passes(warm, said):
    """Else a row would show nothing."""
    assert [check for check in gate(warm, *said) if not check.passed] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_the_command_line_ends_with_1_and_names_it(tmp_path, name):
    row = ROWS[name]
    said = (*row.settings(name), "measure=quick", "train.epochs=1", "report=false", "hydra.run.dir=run")
    environment = {"PYTHONPATH": str(ROOT), "PARALLAX_CACHE": str(tmp_path / "cache"), "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *said],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((tmp_path / "run/results.json").read_text())
    message = found["parity"]["message"]
    first = next(check for check in found["parity"]["checks"] if not check["passed"] and check["contender"] == row.side)
    assert (first["baseline"] == REFERENCE, first["quantity"]) == (row.alone, row.quantity)
    assert first["error"] is None or first["error"] > 5 * first["tolerance"], "it shows, and not by a hair"
    assert (found["status"], found["parity"]["passed"], found["trials"]) == ("failed", False, [])
    assert message.startswith(f"{row.side} does not compute what")
    assert row.words in message
    assert row.words in done.stdout
