from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import frameworks
from frameworks import contract, rooms
from frameworks.contract import Data, Request
from tests.frameworks.child_sources import loaded

HERE = Path(frameworks.__file__).parent


def request_of(tmp_path, **changes):
    data = Data(
        x=str(tmp_path / "x.npy"),
        y=str(tmp_path / "y.npy"),
        splits={"train": str(tmp_path / "train.npy")},
        input_shape=[4, 4, 1],
        outputs=3,
        scale=[1 / 255],
        offset=[0.0],
    )
    given = {
        "task": "trial", "contender": "a", "backend": "tf", "settings": {"threads": 2}, "folder": str(tmp_path),
        "layers": ["flatten", {"dense": "outputs"}], "data": data, "train": {"epochs": 1}, "plants": ["padding"],
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
    }  # fmt: skip
    return Request(**given | changes)


@pytest.mark.parametrize("changes", [{}, {"data": None, "task": "probe"}])
def test_a_request_survives_json(tmp_path, changes):
    request = request_of(tmp_path, **changes)
    assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_a_request_gives_its_network_and_samples(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4, 1))
    np.save(tmp_path / "y.npy", np.array([0, 1, 2, 1, 0], dtype=np.uint8))
    np.save(tmp_path / "train.npy", np.array([4, 1]))
    request = request_of(tmp_path)
    x, y = loaded(request.samples, "train")
    assert x.dtype == np.uint8
    assert x[:, 0, 0, 0].tolist() == [64, 16]
    assert y.dtype == np.int64
    assert y.tolist() == [0, 1]
    assert request.network().num_parameters == 16 * 3 + 3


def test_a_request_without_data_says_so(tmp_path):
    with pytest.raises(ValueError, match="task probe came without data"):
        _ = request_of(tmp_path, data=None, task="probe").samples


def test_there_are_two_rooms():
    assert rooms.names() == ("tf", "torch")


def test_rooms_mirror_each_other_file_by_file():
    first, *others = ({path.name for path in (HERE / name).glob("*.py")} for name in rooms.names())
    assert all(other == first for other in others)
    assert {"room.py", "build.py", "train.py", "weights.py"} <= first


def methods(path, name):
    """Return each public method of a class with its arguments, without importing anything."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {item.name: item for item in found.body if isinstance(item, ast.FunctionDef)}


@pytest.mark.parametrize("backend", rooms.names())
def test_a_room_offers_the_whole_contract(backend):
    protocol = methods(Path(contract.__file__), "Room")
    room = methods(HERE / backend / "room.py", "Room")
    assert protocol.keys() <= room.keys()
    own = {name for name in room.keys() - protocol.keys() if not name.startswith("_")}
    assert own == {"mode"}
    for name, method in protocol.items():
        given, asked = room[name].args, method.args
        for kind in ("posonlyargs", "args", "kwonlyargs"):
            names = [[item.arg for item in getattr(side, kind)] for side in (given, asked)]
            assert names[0] == names[1], name
        assert [ast.dump(item) for item in given.defaults] == [ast.dump(item) for item in asked.defaults]
        assert [item and ast.dump(item) for item in given.kw_defaults] == [
            item and ast.dump(item) for item in asked.kw_defaults
        ]
        assert room[name].returns is not None
        assert ast.get_docstring(room[name]) or name == "__init__"


@pytest.mark.parametrize("backend", rooms.names())
def test_public_functions_of_the_rooms_have_twins(backend):
    """What a room's file offers, the other's offers too, but for the parts that only one framework needs."""
    alone = {
        "tf": {"variables", "inference", "repeated", "calls", "of_epoch"},
        "torch": {"tensors", "to_native", "to_canonical", "channels_last"},
    }
    alone["torch"] |= {"channels_first", "biased_variances", "ending", "moved", "computing", "scaler", "on_host"}
    alone["torch"] |= {"sides"}  # PyTorch counts paddings from the last axis
    alone["tf"] |= {"scaled"}  # Keras's `compile` makes the scaler itself
    alone["tf"] |= {"flow", "by_name", "input_dtype"}  # a functional model is made by calling, from a typed input
    names = {}
    for name in rooms.names():
        trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in (HERE / name).glob("*.py")}
        del trees["records.py"]  # PyTorch reads none, and says so there
        names[name] = {
            (file, node.name)
            for file, tree in trees.items()
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in alone[name]
        }
    others = set.union(*(found for name, found in names.items() if name != backend))
    assert names[backend] == others


BLOCKER = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError("refused: " + name)
sys.meta_path.insert(0, Refuse())
"""
FRAMEWORKS = {"tensorflow", "keras", "torch", "torchvision"}


def run(code, *, blocked):
    text = BLOCKER.replace("{blocked}", repr(blocked)) + code
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, cwd=HERE.parent, timeout=60, check=False
    )


def test_settings_packages_and_plants_need_no_framework():
    code = """
from frameworks import contract, rooms, tasks
for name in rooms.names():
    assert rooms.settings(name)().backend == name
    assert rooms.packages(name) and rooms.plants(name)
    assert all(isinstance(v, str) for v in rooms.environment(name, {}, "/cache").values())
print("done")
"""
    found = run(code, blocked=FRAMEWORKS)
    assert found.stdout == "done\n", found.stderr


def test_the_settings_of_a_room_begin_alike():
    shared = ["backend", "python", "device", "precision", "tf32", "deterministic", "threads"]
    for name in rooms.names():
        assert list(rooms.settings(name).__dataclass_fields__)[: len(shared)] == shared


@pytest.mark.parametrize("path", sorted(HERE.rglob("*.py")), ids=lambda path: str(path.relative_to(HERE)))
def test_imports_stay_in_their_rooms(path):
    allowed = {"tf": {"tensorflow", "keras"}, "torch": {"torch", "torchvision"}}.get(path.parent.name, set())
    tops = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        tops |= {name.split(".")[0] for name in names}
        rooms_met = {name.split(".")[1] for name in names if name.startswith(("frameworks.tf", "frameworks.torch"))}
        assert rooms_met <= {path.parent.name}
    foreign = {top for top in tops if top not in sys.stdlib_module_names}
    assert foreign <= {"frameworks", "numpy", "safetensors"} | allowed
    if path.name == "settings.py":
        assert not foreign & FRAMEWORKS
