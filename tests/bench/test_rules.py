"""Who may import whom: the walls of the house."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench

ROOT = Path(bench.__file__).resolve().parent.parent
OURS = ("bench", "conf", "frameworks", "reports")
FRAMEWORKS = {"tensorflow": "frameworks.tf", "keras": "frameworks.tf", "torch": "frameworks.torch"}
FRAMEWORKS |= {"torchvision": "frameworks.torch"}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package.replace(".", "/")).rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports(path: Path) -> set[str]:
    """Return every module that a file names in an import, or by a constant in ``import_module``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            module = node.module or ""
            found |= {module} | {f"{module}.{item.name}" for item in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found |= {
                item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in OURS}


ALL = [item for package in OURS for item in modules(package)]


def test_the_rules_are_about_something() -> None:
    assert len(ALL) > 60
    assert "torch" in imports(ROOT / "frameworks/torch/room.py")
    assert "keras" in imports(ROOT / "frameworks/tf/room.py")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_is_imported_in_its_room_alone(framework: str) -> None:
    users = {module for module, path in ALL if any(within(name, framework) for name in imports(path))}
    assert {module for module in users if not within(module, FRAMEWORKS[framework])} == set()


@pytest.mark.parametrize(
    ("room", "other"), [("frameworks.tf", "frameworks.torch"), ("frameworks.torch", "frameworks.tf")]
)
def test_the_rooms_do_not_know_each_other(room: str, other: str) -> None:
    assert [module for module, path in modules(room) if any(within(name, other) for name in imports(path))] == []


def test_the_rooms_mirror_each_other_file_by_file() -> None:
    tf, torch = ({path.name for path in (ROOT / "frameworks" / room).glob("*.py")} for room in ("tf", "torch"))
    assert tf == torch
    assert len(tf) > 8


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("reports", ("reports", "bench.results")),
        ("bench.results", ("bench.results",)),
        ("frameworks", ("frameworks",)),
        ("conf", ()),
    ],
)
def test_a_package_knows_no_more_than_it_needs(package: str, allowed: tuple[str, ...]) -> None:
    found = {
        (module, name)
        for module, path in modules(package)
        for name in ours(path)
        if not any(within(name, item) for item in allowed) and name != "bench"
    }
    assert found == set()
    if package != "bench.results" and package != "reports":
        assert not any("bench" in ours(path) for _, path in modules(package))


def test_bench_does_not_know_the_reports_nor_the_inside_of_a_room() -> None:
    allowed = ("frameworks.tf.settings", "frameworks.torch.settings")
    found = {
        (module, name)
        for module, path in modules("bench")
        for name in ours(path)
        if within(name, "reports")
        or (
            (within(name, "frameworks.tf") or within(name, "frameworks.torch"))
            and not any(within(name, item) for item in allowed)
        )
    }
    assert found == set()


def test_nothing_is_unpickled() -> None:
    assert [module for module, path in ALL if {"pickle", "joblib", "dill", "shelve"} & imports(path)] == []
    loose = [module for module, path in ALL if "allow_pickle=True" in path.read_text(encoding="utf-8")]
    assert loose == []


def loaded(code: str) -> set[str]:
    """Return the top-level modules that are there after `code` ran in a process of its own."""
    script = f"{code}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    return set(done.stdout.split())


def test_the_parent_imports_neither_framework() -> None:
    code = "import bench.race, bench.plan, bench.__main__, reports.__main__\n"
    code += (
        "from frameworks import rooms\n[(rooms.settings(n), rooms.packages(n), rooms.plants(n)) for n in rooms.names()]"
    )
    found = loaded(code)
    assert {"bench", "reports", "frameworks"} <= found
    assert not found & set(FRAMEWORKS)


def test_a_child_needs_numpy_safetensors_and_its_framework_alone() -> None:
    code = "import frameworks.contract, frameworks.tasks, frameworks.fingerprint, frameworks.worker"
    assert not loaded(code) & {"hydra", "omegaconf", "pandas", "scipy", "sklearn", "rich", "pyarrow", *FRAMEWORKS}
