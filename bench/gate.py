"""The parity gate: fingerprints from every contender, held against the baseline's; no ratio without it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import estimate, launch, machine
from bench.datasets.cache import cache_folder
from bench.plan import Plan
from bench.results import certificate, fingerprint
from bench.results.fingerprint import Fingerprint
from bench.results.schema import Check, Contender, Parity
from bench.surroundings import TERRAFORM
from bench.work import Work
from frameworks import augment, rooms
from frameworks.contract import FINGERPRINT, LOG, Request

SWITCHES = (
    "TF_",
    "XLA_",
    "TORCH",
    "ATEN_",
    "ONEDNN_",
    "DNNL_",
    "MKL_",
    "NVIDIA_",
    "CUDA_",
    "CUDNN_",
    "CUBLAS_",
    "PYTHON",
)
"""Environment variables that change what a framework computes, or which code is run at all."""


def run(plan: Plan, work: Work, folder: Path) -> Parity:
    """Return the certificate of a run; every contender's fingerprint is kept in `folder`.

    Nothing is clocked here, so the contenders compute at the same time. A fingerprint that was computed before
    for the same work, by the same code and versions, is taken from the cache.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            done = list(pool.map(lambda contender: _fingerprint(work, contender, folder), plan.contenders))
        except BaseException:
            launch.stop()
            raise
    prints: dict[str, Fingerprint] = {}
    checks: list[Check] = []
    seconds: dict[str, float] = {}
    for contender, (trouble, took) in zip(plan.contenders, done, strict=True):
        if took:
            seconds[contender.name] = took
        if trouble:
            why = f"it could not be computed: {trouble}"
            checks.append(certificate.nothing_left(contender.name, plan.baseline, why))
        else:
            prints[contender.name] = fingerprint.load(folder / f"{contender.name}.safetensors", contender.name)
    checks += [check for item in prints.values() for check in certificate.examine(item)]
    own = {contender.name: str(contender.settings["precision"]) for contender in plan.contenders}
    if plan.baseline in prints:
        others = [item for name, item in prints.items() if name != plan.baseline]
        for item in others:
            both = dict.fromkeys([own[item.contender], own[plan.baseline]])
            checks += certificate.certify(item, prints[plan.baseline], " against ".join(both))
    notes = _notes(plan)
    for name, item in prints.items():
        steps = certificate.diverging_step(item, prints.get(plan.baseline, item))
        if steps is not None and name != plan.baseline:
            notes["uncertified"].append(f"{name} from step {steps + 1} on: there both losses are no longer finite")
        told = certificate.told_steps(item, prints.get(plan.baseline, item))
        if steps is None and told is not None and name != plan.baseline:
            notes["uncertified"].append(
                f"{name} from step {told + 1} on, and inference behind it: there float64's own rounding has grown "
                "beyond what is allowed (a contender against itself, every weight 1e-15 off)"
            )
    parity = certificate.conclude(checks, prints, notes)
    parity.seconds = seconds
    return parity


def _fingerprint(work: Work, contender: Contender, folder: Path) -> tuple[str, float]:
    """Leave the contender's fingerprint in `folder`; return what went wrong, or nothing, and the seconds it took."""
    scratch = work.folder / f"parity-{contender.name}"
    request = work.request("parity", contender, 0, scratch)
    kept = folder / f"{contender.name}.safetensors"
    cached = cache_folder() / "fingerprints" / f"{_key(request, contender)}.safetensors"
    # Of another environment too little is known to trust what was computed there before, nor of files.
    again = contender.python or request.pipeline.get("name") == "files"
    if not again and _is_sound(cached, contender.name):
        shutil.copyfile(cached, kept)
        return "", 0.0
    kept.unlink(missing_ok=True)
    found = launch.run(request, lambda _: None, patience=estimate.patience(work.plan))
    shutil.copyfile(scratch / LOG, folder / f"{contender.name}.log.txt")
    if found.status != "ok":
        return found.message, found.wall_seconds
    shutil.copyfile(scratch / FINGERPRINT, kept)
    with suppress(OSError):  # a cache that cannot be written costs time, not the run
        cached.parent.mkdir(parents=True, exist_ok=True)
        half = cached.with_name(f".{cached.name}.{os.getpid()}.{contender.name}")
        shutil.copyfile(kept, half)
        half.replace(cached)
    return "", found.wall_seconds


def _is_sound(cached: Path, contender: str) -> bool:
    try:
        fingerprint.load(cached, contender)
    except ValueError:
        return False
    return True


def _key(request: Request, contender: Contender) -> str:
    """Return a hash of all that the fingerprint depends on: the work, the settings, the versions, our own code."""
    parts = [request.content, contender.backend, contender.settings, contender.versions, _installed(contender)]
    parts += [request.plants, _code(), _surroundings()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _surroundings() -> dict[str, Any]:
    """Return what else changes what a framework computes: the processor, the GPU, switches in the environment."""
    here = machine.describe()
    switches = {key: value for key, value in os.environ.items() if _switches(key)}
    return {key: here[key] for key in ("cpu", "architecture", "gpus")} | switches


def _switches(name: str) -> bool:
    return name.startswith(SWITCHES) and not name.startswith(TERRAFORM)


def _installed(contender: Contender) -> dict[str, list[int]]:
    """Return size and time of each package's first file: a build of one's own may keep its version."""
    found = {}
    for package in contender.versions:
        spec = None if package == "python" else find_spec(package)
        if spec is not None and spec.origin:
            state = Path(spec.origin).stat()
            found[package] = [state.st_size, state.st_mtime_ns]
    return found


def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(launch.WORKER.parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _notes(plan: Plan) -> dict[str, list[str]]:
    """Return what the gate corrects for, and what no gate can certify."""
    corrected, uncertified = [], []
    network = plan.network
    kinds = {node.layer.kind for node in network.nodes}
    for backend in sorted({contender.backend for contender in plan.contenders}):
        corrected += [f"{kind}: {note}" for kind, note in rooms.corrected(backend).items() if kind in kinds]
        corrected += [f"{name}: {note}" for name, note in rooms.own(backend).items() if name == plan.optimizer["name"]]
    if idle := network.idle_shifts():
        corrected.append(
            f"{', '.join(idle)}: undone by the batch norm behind, its gradient is rounding noise; not compared, and "
            "put back after each step"
        )
    if random := network.random_layers():
        uncertified.append(
            f"the random masks of {', '.join(random)}: each framework draws its own (the gate runs at rate 0)"
        )
    uncertified += augment.uncertified(plan.config["pipeline"]["augment"])
    if plan.schedule["name"] == "plateau":
        uncertified.append(
            "when the rate falls: each contender follows its own validation losses (the gate feeds all the same)"
        )
    together = {
        contender.name: contender.settings["steps_per_execution"]
        for contender in plan.contenders
        if contender.settings.get("steps_per_execution", 1) > 1
    }
    uncertified += [
        f"{count} steps per execution of {name}: the gate looks after every step, and runs them one by one"
        for name, count in together.items()
    ]
    uncertified.append("float32 results step by step: there two correct contenders drift apart by rounding")
    reduced = {str(contender.settings["precision"]) for contender in plan.contenders} - {"float32"}
    uncertified += [
        f"{precision}: each framework chooses which operations it rounds; the mathematics is certified in float64, and "
        f"the first losses in {precision} are held against the contenders' own noise"
        for precision in sorted(reduced)
    ]
    if any(contender.settings.get("tf32") for contender in plan.contenders):
        uncertified.append("TF32: which products a framework rounds so is its own choice")
    return {"corrected": corrected, "uncertified": uncertified}
