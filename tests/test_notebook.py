"""A notebook, executed as Jupyter does: ``bench.load`` shows verdict and charts, ``bench.run`` races."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.reports.conftest import write_run

ROOT = Path(__file__).parent.parent


def execute(folder, *cells):
    """Return the outputs of each of `cells`, executed one after the other in `folder` by a kernel of their own."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    nbformat.validate(book)
    return [cell.outputs for cell in book.cells]


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Let the kernel find this checkout, and keep its files to itself."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))


def test_a_notebook_shows_what_it_loads(tmp_path):
    write_run(tmp_path / "run", repeats=2)
    shown, table, loaded = execute(
        tmp_path,
        "from bench import load\nfound = load('run')\nfound",
        "found.trials.groupby('contender')['step_seconds'].mean()",
        "import sys\nprint({'tensorflow', 'torch', 'reports', 'matplotlib'} & set(sys.modules))",
    )
    data = shown[0]["data"]
    assert data["text/html"].startswith("<iframe srcdoc=")
    assert "1.32× faster" in data["text/html"]
    assert data["text/html"].count("&lt;svg") > 5
    assert data["text/markdown"].startswith("## Handwritten digits × mlp")
    assert data["text/plain"].startswith("torch is 1.32× faster than tf")
    assert "torch" in table[0]["data"]["text/plain"]
    assert loaded[0]["text"] == "set()\n"


@pytest.mark.slow
def test_a_notebook_races(tmp_path):
    (outputs,) = execute(
        tmp_path,
        "from bench import run\n"
        "run(dataset='digits', framework='torch', measure='quick', **{'measure.repeats': 1, 'train.epochs': 1})",
    )
    progress = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    assert "the parity gate" in progress
    assert outputs[-1]["data"]["text/plain"].startswith("torch alone: ")
    assert list(tmp_path.glob("outputs/*/*/report.html"))
