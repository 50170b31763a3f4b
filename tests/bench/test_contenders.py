from __future__ import annotations

import sys
from contextlib import nullcontext

import pytest

from bench import contenders, launch
from bench.errors import RequestError
from bench.launch import Outcome

VERSIONS = {"tensorflow": "2.21.0", "keras": "3.15.1", "torch": "2.15.0", "numpy": "2.0.0", "safetensors": "0.5"}


def settings(backend="torch", **changes):
    return {"backend": backend, "python": None, "device": "auto", "threads": None} | changes


@pytest.fixture(autouse=True)
def installed(monkeypatch, cache):
    """What is installed here, for these tests."""
    found = dict(VERSIONS)

    def version(name):
        if name not in found:
            raise contenders.metadata.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(contenders.metadata, "version", version)
    monkeypatch.setattr(contenders.machine, "cores", lambda: 4)
    return found


@pytest.fixture
def interpreter(tmp_path):
    """Write a script that passes for an interpreter."""

    def write(text, mode=0o755):
        path = tmp_path / "my python"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(mode)
        return str(path)

    return write


MEMORY = {"name": "memory", "augment": {"flip": "none"}}


@pytest.mark.parametrize(
    ("pipeline", "there"),
    [(MEMORY, False), (MEMORY | {"name": "files"}, True), (MEMORY | {"augment": {"flip": "both"}}, True)],
)
def test_what_a_pipeline_needs_is_looked_for_too(installed, pipeline, there):
    """Its version is then part of what a kept fingerprint is known by."""
    with pytest.raises(RequestError, match="torchvision is not installed") if there else nullcontext():
        contenders.find({"a": settings()}, pipeline)
    installed["torchvision"] = "0.29"
    contenders._versions.cache_clear()
    (found,) = contenders.find({"a": settings()}, pipeline)
    assert ("torchvision" in found.versions) is there


def answers(**versions):
    return "echo '" + str({"python": "3.12"} | VERSIONS | versions).replace("'", '"') + "'\n"


def test_contenders_get_versions_device_and_threads():
    tf, torch = contenders.find({"tf": settings("tf"), "mine": settings(threads=1, device="cpu")}, MEMORY)
    assert (tf.name, tf.framework, tf.python) == ("tf", "TensorFlow 2.21.0 / Keras 3.15.1", "")
    assert (torch.name, torch.backend, torch.framework) == ("mine", "torch", "PyTorch 2.15.0")
    assert torch.versions == {
        "python": ".".join(map(str, sys.version_info[:2])),
        "torch": "2.15.0",
        "numpy": "2.0.0",
    }
    assert [(item.settings["device"], item.settings["threads"]) for item in (tf, torch)] == [("cpu", 4), ("cpu", 1)]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (["torch"], "torch is not installed for contender 'a'; install it with: python -m pip install torch"),
        (["safetensors"], "safetensors is not installed for contender 'a'; install it with: python -m pip install"),
        (["torch", "numpy"], "torch and numpy are not installed for contender 'a'; install them with: python -m pip"),
    ],
)
def test_what_is_not_installed_comes_with_the_line_that_installs_it(installed, missing, message):
    for name in missing:
        del installed[name]
    with pytest.raises(RequestError) as refused:
        contenders.find({"a": settings()}, MEMORY)
    assert str(refused.value).startswith(message)
    assert str(refused.value).endswith(f"pip install {' '.join(missing)}")


def test_versions_of_another_interpreter(interpreter):
    (found,) = contenders.find(
        {"old": settings(python=interpreter("echo welcome\n" + answers(torch="2.13.0")))}, MEMORY
    )
    assert found.framework == "PyTorch 2.13.0"
    assert found.python.endswith("my python")
    assert {"python": "3.12", "torch": "2.13.0", "numpy": "2.0.0"}.items() <= found.versions.items()


def test_a_true_interpreter_answers_and_is_not_led_by_its_surroundings(interpreter, monkeypatch, tmp_path):
    """Neither by a json.py in the folder this runs in nor by PYTHONPATH: its children are not either."""
    (tmp_path / "json.py").write_text("raise SystemExit('not me')")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('not me')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = contenders._versions(interpreter(f'exec "{sys.executable}" "$@"\n'), ("pytest", "no-such-thing"), "key")
    assert found["pytest"].count(".") >= 1
    assert found["no-such-thing"] == ""
    assert found["python"] == ".".join(map(str, sys.version_info[:2]))


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        ("echo hello\n", 0o755, "does not answer as a Python interpreter does"),
        ("", 0o755, "does not answer as a Python interpreter does"),
        ("echo 3\n", 0o755, "does not answer as a Python interpreter does"),
        ("exit 1\n", 0o755, "does not answer as a Python interpreter does"),
        (answers(), 0o644, "does not answer as a Python interpreter does"),
        (answers(python="3.10"), 0o755, "is Python 3.10; a contender needs 3.11 or newer"),
        (answers(torch=""), 0o755, "my python' -m pip install torch"),
    ],
)
def test_an_interpreter_that_will_not_do(interpreter, text, mode, message):
    python = interpreter(text, mode)
    with pytest.raises(RequestError) as refused:
        contenders.find({"old": settings(python=python)}, MEMORY)
    assert str(refused.value).startswith(f"frameworks.old.python={python}: ")
    assert message in str(refused.value)


def test_an_interpreter_that_is_no_file(tmp_path):
    for python in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RequestError, match="there is no such file; it must be the python of a virtual environment"):
            contenders.find({"old": settings(python=str(python))}, MEMORY)


@pytest.mark.parametrize("name", ["../up", "a/b", "", "a b", "-x", ".."])
def test_a_name_that_cannot_be_a_folders(name):
    with pytest.raises(RequestError, match="name may have letters"):
        contenders.find({name: settings()}, MEMORY)


def test_a_gpu_that_is_not_there():
    with pytest.raises(RequestError, match=r"^frameworks\.torch\.device=gpu: this machine has no GPU"):
        contenders.find({"tf": settings("tf"), "torch": settings(device="gpu")}, MEMORY)


@pytest.fixture
def sees(monkeypatch):
    """A machine with a GPU; which backends see it."""
    backends = set()
    monkeypatch.setattr(contenders.machine, "has_gpu", lambda: True)
    asked = []

    def run(request, listen):
        asked.append((request.task, request.settings["device"], request.contender))
        gpu = request.backend in backends
        return Outcome(status="ok" if gpu else "failed", message="", values={"gpu": True} if gpu else {})

    monkeypatch.setattr(launch, "run", run)
    return backends, asked


def test_where_there_is_a_gpu_all_take_it(sees):
    backends, asked = sees
    backends |= {"tf", "torch"}
    found = contenders.find({"tf": settings("tf"), "torch": settings(device="gpu")}, MEMORY)
    assert [item.settings["device"] for item in found] == ["gpu", "gpu"]
    assert sorted(asked) == [("probe", "gpu", "tf"), ("probe", "gpu", "torch")]


def test_contenders_on_different_devices_do_not_race(sees):
    sees[0].add("torch")
    with pytest.raises(RequestError, match=r"this would be tf cpu, torch gpu; runtime\.device=cpu puts all"):
        contenders.find({"tf": settings("tf"), "torch": settings()}, MEMORY)
    with pytest.raises(RequestError, match=r"frameworks\.tf\.device=gpu: TensorFlow .* does not see the GPU"):
        contenders.find({"tf": settings("tf", device="gpu"), "torch": settings()}, MEMORY)


def test_on_the_cpu_nobody_is_asked_about_the_gpu(sees):
    found = contenders.find({"tf": settings("tf", device="cpu"), "torch": settings(device="cpu")}, MEMORY)
    assert [item.settings["device"] for item in found] == ["cpu", "cpu"]
    assert sees[1] == []


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"compile_mode": "fast"}, "compile_mode=fast: must be default, reduce-overhead, max-autotune or"),
        ({"compile_mode": "max-autotune"}, "compile_mode=max-autotune: means nothing without compile=true"),
        ({"handicap": -0.1}, "handicap=-0.1: must be a share of at least 0"),
        ({"backend": "tf", "jit_compile": "yes"}, "jit_compile=yes: must be true, false or auto"),
        ({"backend": "tf", "loop": "hand"}, "loop=hand: must be fit, function or eager"),
        (
            {"backend": "tf", "loop": "eager", "jit_compile": "auto"},
            "jit_compile=auto: XLA compiles functions, and loop=eager has none; take loop=function",
        ),
        ({"backend": "tf", "loop": "eager", "jit_compile": True}, "jit_compile=true: XLA compiles functions"),
        ({"backend": "tf", "steps_per_execution": 0}, "steps_per_execution=0: must be at least 1, or auto"),
        ({"backend": "tf", "steps_per_execution": "many"}, "steps_per_execution=many: must be at least 1, or auto"),
        (
            {"backend": "tf", "loop": "function", "steps_per_execution": "auto"},
            "steps_per_execution=auto: is Keras's, and loop=function is a loop written by hand; take loop=fit",
        ),
        ({"backend": "tf", "handicap": float("nan")}, "handicap=nan: must be a share"),
        ({"tf32": True}, "tf32=true (runtime.tf32): is something that only GPUs have; leave it out"),
    ],
)
def test_settings_that_mean_nothing_are_refused_with_their_key(given, complaint):
    with pytest.raises(RequestError) as refused:
        contenders.find({"mine": settings(**given)}, MEMORY)
    assert str(refused.value).startswith(f"frameworks.mine.{complaint}")


@pytest.mark.parametrize(
    "given", [{"backend": "tf", "jit_compile": "auto"}, {"compile": True, "compile_mode": "default"}]
)
def test_settings_that_mean_something_are_taken(given):
    (found,) = contenders.find({"mine": settings(**given)}, MEMORY)
    assert found.settings.items() >= given.items()
