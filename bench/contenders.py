"""The contenders: found in their interpreters, given a device of one kind and their share of threads."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import launch, machine
from bench.errors import RequestError
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.contract import Request

CHILD_NEEDS = ("numpy", "safetensors")
"""What a child imports beside its framework (`frameworks.worker`); neither comes with torch of its own accord."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""A contender's name is a folder's name too."""

_ASK = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]  # not the folder this is run in
import json
from importlib import metadata
found = {"python": "%d.%d" % sys.version_info[:2]}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        found[name] = ""
print(json.dumps(found))
"""


def find(frameworks: Mapping[str, Mapping[str, Any]], pipeline: Mapping[str, Any]) -> list[Contender]:
    """Return the contenders with versions and resolved settings; both arguments are resolved nodes of the config.

    Raises `RequestError` for an interpreter that is none, a framework that is not installed where it is asked
    for, a GPU that is not there, and contenders on different kinds of device.
    """
    found = [_contender(name, dict(settings), pipeline) for name, settings in frameworks.items()]
    for contender, device in zip(found, _devices(found), strict=True):
        threads = contender.settings["threads"] or machine.cores()
        contender.settings |= {"device": device, "threads": threads}
        if contender.settings.get("tf32") and device == "cpu":
            raise RequestError(
                f"frameworks.{contender.name}.tf32=true (runtime.tf32): is something that only GPUs have; leave it out"
            )
    kinds = {contender.settings["device"] for contender in found}
    if len(kinds) > 1:
        who = ", ".join(f"{item.name} {item.settings['device']}" for item in found)
        raise RequestError(
            f"runtime.device: the contenders must race on the same kind of device, and this would be {who}; "
            "runtime.device=cpu puts all of them on the CPU"
        )
    return found


def _contender(name: str, settings: dict[str, Any], pipeline: Mapping[str, Any]) -> Contender:
    if not NAME.fullmatch(name):
        raise RequestError(f"frameworks.{name}: a contender's name may have letters, digits, '_', '-' and '.' only")
    backend, python = settings["backend"], settings.get("python") or ""
    key = f"frameworks.{name}.python={python}"
    packages = rooms.packages(backend)
    needed = (*packages, *rooms.extra_packages(backend, pipeline), *CHILD_NEEDS)
    versions = dict(_versions(python, needed, key))
    missing = [item for item, version in versions.items() if not version]
    if missing:
        where = f"{key}: " if python else ""
        be, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise RequestError(
            f"{where}{' and '.join(missing)} {be} not installed for contender '{name}'; install {them} with: "
            f"{shlex.quote(python or 'python')} -m pip install {' '.join(missing)}"
        )
    if complaint := rooms.complaint(backend, settings):
        raise RequestError(f"frameworks.{name}.{complaint}")
    del versions["safetensors"]  # it carries arrays; no number depends on it
    return Contender(
        name=name,
        backend=backend,
        framework=" / ".join(f"{label} {versions[item]}" for item, label in packages.items()),
        versions=versions,
        python=python,
        settings=settings,
    )


@cache
def _versions(python: str, packages: tuple[str, ...], key: str) -> dict[str, str]:
    """Return the installed versions by package, and that of Python; empty where a package is not installed."""
    if not python:
        found = {"python": ".".join(map(str, sys.version_info[:2]))}
        for name in packages:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = ""
        return found
    if not Path(python).is_file():
        raise RequestError(f"{key}: there is no such file; it must be the python of a virtual environment")
    try:
        # Without PYTHON* as its children will be, but with the user's own packages, which they see.
        command = [python, "-E", "-c", _ASK, *packages]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True)
        # The last line: what a site's own start-up prints comes before it.
        answer: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
        version = tuple(map(int, answer["python"].split(".")))
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError, AttributeError):
        raise RequestError(f"{key}: does not answer as a Python interpreter does") from None
    if version < (3, 11):
        raise RequestError(f"{key}: is Python {answer['python']}; a contender needs 3.11 or newer")
    return answer


def _devices(contenders: list[Contender]) -> list[str]:
    """Return cpu or gpu for each contender; only where there is a GPU is a framework asked whether it sees it."""
    wanted = [str(contender.settings["device"]) for contender in contenders]
    if not machine.has_gpu():
        for contender, device in zip(contenders, wanted, strict=True):
            if device == "gpu":
                raise RequestError(
                    f"frameworks.{contender.name}.device=gpu: this machine has no GPU that can be seen; "
                    "runtime.device=cpu, or auto, runs on the CPU"
                )
        return ["cpu"] * len(contenders)
    with ThreadPoolExecutor() as pool:
        try:
            sees = list(
                pool.map(lambda pair: pair[1] != "cpu" and _sees_gpu(pair[0]), zip(contenders, wanted, strict=True))
            )
        except BaseException:
            launch.stop()
            raise
    for contender, device, seen in zip(contenders, wanted, sees, strict=True):
        if device == "gpu" and not seen:
            raise RequestError(
                f"frameworks.{contender.name}.device=gpu: {contender.framework} does not see the GPU; "
                "install its CUDA build, or take runtime.device=cpu"
            )
    return ["gpu" if seen else "cpu" for seen in sees]


def _sees_gpu(contender: Contender) -> bool:
    with tempfile.TemporaryDirectory(prefix="parallax-") as folder:
        settings = contender.settings | {"device": "gpu", "threads": 1}
        request = Request(
            task="probe", contender=contender.name, backend=contender.backend, settings=settings, folder=folder
        )
        return bool(launch.run(request, lambda _: None).values.get("gpu"))
