"""The child's main, run as the parent runs it, in an interpreter that has nothing but what a child may need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from frameworks import rooms

WORKER = Path(rooms.__file__).with_name("worker.py")
LINEAR = ["flatten", {"dense": "outputs"}]
FRAMEWORKS = {"tf": {"torch", "torchvision"}, "torch": {"tensorflow", "keras"}}
PARENT = {"hydra", "omegaconf", "pandas", "pyarrow", "rich", "sklearn", "filelock", "bench", "reports", "conf"}
NEEDED = {"tf": {"rich"}, "torch": {"filelock"}}
"""What a framework itself needs of what the parent needs too."""
HIDE = """
import sys
from importlib.machinery import PathFinder
class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in {blocked} else super().find_spec(name, path, target)
sys.meta_path[:] = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
"""

ENVIRONMENT = {
    *("framework", "versions", "device", "device_name", "threads", "threads_inter_op", "omp_num_threads", "compiler"),
    *("blas", "lapack", "mkl", "onednn", "cpu_capability", "cuda_build", "cudnn_build", "rocm_build", "tf32"),
}
"""What each framework says of itself, whatever it is."""


@pytest.fixture
def work(tmp_path):
    """Run the worker on a request, its framework's rival and all of the parent's packages out of reach."""

    def run(backend, request):
        Path(request.folder).mkdir(parents=True, exist_ok=True)
        path = tmp_path / "request.json"
        path.write_text(json.dumps(request.to_json()))
        (tmp_path / "site").mkdir(exist_ok=True)
        blocked = PARENT - NEEDED[backend] | FRAMEWORKS[backend]
        (tmp_path / "site" / "sitecustomize.py").write_text(HIDE.replace("{blocked}", repr(blocked)))
        environment = dict(os.environ) | {"PYTHONPATH": str(tmp_path / "site"), "CUDA_VISIBLE_DEVICES": "-1"}
        environment |= {"OMP_NUM_THREADS": "2"} | rooms.environment(request.backend, {}, str(tmp_path / "cache"))
        found = subprocess.run(
            [sys.executable, "-P", str(WORKER), str(path)],
            input='{"more": true}\n' * 4 + '{"more": false}\n' * 40,
            capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120, check=False,
        )  # fmt: skip
        outcome = json.loads((Path(request.folder) / "outcome.json").read_text())
        return found, outcome

    return run


@pytest.mark.parametrize("backend", rooms.names())
def test_a_trial_needs_numpy_safetensors_and_its_framework(work, job, tmp_path, backend):
    request = job(layers=LINEAR, count=12, train={"epochs": 1}).request(backend, tmp_path)
    found, outcome = work(backend, request)
    assert found.returncode == 0, found.stderr
    assert outcome["status"] == "ok"
    events = [json.loads(line) for line in found.stdout.splitlines()]
    names = [event["name"] for event in events if event["event"] == "phase"]
    assert names[0] == "import"
    assert names.index("first_step") < names.index("latency") < names.index("train") < names.index("predict")
    assert outcome["phases"]["import"] > 0.1  # the framework really was imported inside the clock
    assert outcome["environment"]["threads"] == outcome["environment"]["threads_inter_op"] == 2
    assert outcome["environment"]["omp_num_threads"] == "2"
    assert outcome["environment"].keys() >= ENVIRONMENT
    assert all(outcome["environment"][key] for key in ("compiler", "blas", "lapack"))
    left = {path.name for path in Path(request.folder).iterdir()}
    assert left == {"outcome.json", "clocks.safetensors", "epochs.csv", "predictions.npy", "weights.safetensors"}


def test_what_goes_wrong_is_said_in_the_outcome(work, job, tmp_path):
    request = job(layers=LINEAR).request("torch", tmp_path)
    Path(request.weights).unlink()
    found, outcome = work("torch", request)
    assert found.returncode == 1
    assert outcome["status"] == "failed"
    assert outcome["message"].startswith("FileNotFoundError: ")
    assert "Traceback" in found.stderr


def test_a_framework_that_is_not_there(work, job, tmp_path):
    request = job(layers=LINEAR).request("torch", tmp_path)
    found, outcome = work("tf", request)  # what the TensorFlow child may not import
    assert found.returncode == 1
    assert outcome["message"] == "ModuleNotFoundError: No module named 'torch'"
