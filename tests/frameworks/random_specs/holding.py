"""Both rooms, warm: a case is built on both sides at the same time, and judged as the parity gate judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from bench import hyperparameters
from bench.results import certificate
from bench.results.fingerprint import Fingerprint
from bench.results.schema import Check
from frameworks.contract import FINGERPRINT, Arrays, Request
from tests.frameworks.conftest import BACKENDS, Answer, Job, Rooms
from tests.frameworks.random_specs.cases import LENGTH, Case

LIFE = 150
"""Specs after which a worker is started anew: what the frameworks keep of each adds up."""

BATCH = 6


class Held:
    """What came of a case: the checks, or how a side broke."""

    def __init__(self, checks: list[Check], broken: str = "") -> None:
        self.checks, self.broken = checks, broken

    @property
    def failed(self) -> list[Check]:
        """The checks that did not pass."""
        return [check for check in self.checks if not check.passed]

    @property
    def good(self) -> bool:
        """Whether both sides compute the same, and what the spec means."""
        return not self.broken and not self.failed

    def worst(self) -> float:
        """Return how near the float64 checks came to their thresholds, as a share."""
        return max((check.error or 0.0) / check.tolerance for check in self.checks if check.tolerance > 0)

    def told(self) -> str:
        """Return what is wrong, in words."""
        lines = [f"{c.contender} against {c.baseline}: {c.quantity}, error {c.error}; {c.detail}" for c in self.failed]
        return self.broken or "\n".join(lines)


class Pair:
    """A warm worker for each backend."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rooms, self.count = folder, None, 0

    def hold(self, case: Case) -> Held:
        """Return what the gate says of a case, from its own weights in float64."""
        if self.rooms is None:
            self.rooms = Rooms(self.folder / str(self.count))
            self.rooms.folder.mkdir(parents=True, exist_ok=True)
        self.count += 1
        try:
            answers = self.rooms.both("judge", job(case))
        except AssertionError as error:  # the child's traceback
            self.close()
            return Held([], str(error))
        if self.count % LIFE == 0:
            self.close()
        prints = [fingerprint(backend, answers[backend]) for backend in BACKENDS]
        checks = [check for item in prints for check in certificate.examine(item)]
        for other in prints[1:]:
            checks += certificate.certify(other, prints[0], "float32")
        return Held(checks)

    def close(self) -> None:
        """End the workers; the next case starts new ones."""
        if self.rooms is not None:
            self.rooms.close()
        self.rooms = None


def job(case: Case) -> Job:
    """Return the job of a case, whose every tensor is random, so that none hides behind a zero."""
    rng = np.random.default_rng(case.seed + 1)
    return CaseJob(
        case=case,
        layers=case.layers,
        shape=tuple(case.shape),
        outputs=case.outputs,
        count=case.steps * BATCH,
        optimizer=hyperparameters.optimizer(case.optimizer),
        learns=case.task,
        loss=case.loss,
        loss_options=case.loss_options,
        class_weights=case.class_weights,
        sample_weights=rng.uniform(0.1, 3.0, 2 * case.steps * BATCH) if case.sample_weights else None,
        seed=case.seed,
        weights=weights(case),
        task="judge",
    )


@dataclass(kw_only=True)
class CaseJob(Job):
    """A job with what a case says beyond it."""

    case: Case
    length: tuple[int, int] = LENGTH
    """Epochs, and steps of each, that the schedule is made for."""

    def request(self, backend: str, folder: Path) -> Request:
        """Write what a child reads into `folder`, and return the request."""
        asked = super().request(backend, folder)
        return replace(
            asked,
            settings=asked.settings | {"threads": 1} | self.case.settings.get(backend, {}),
            schedule=hyperparameters.schedule(self.case.schedule or {"name": "constant"}, self.optimizer, *self.length),
            parity={"steps": self.case.steps, "batch_size": BATCH},
        )


def weights(case: Case) -> Arrays:
    """Return the initial weights, those that begin as zeros or ones moved off them."""
    rng = np.random.default_rng(case.seed)
    found = case.network().initial_weights(case.seed)
    for name, value in found.items():
        if np.ptp(value) == 0:
            by = (
                rng.uniform(-0.4, 0.4, value.shape)
                if name.endswith(("variance", "gamma"))
                else rng.normal(0, 0.2, value.shape)
            )
            found[name] = (value + by).astype(np.float32)
    return found


def fingerprint(backend: str, answer: Answer) -> Fingerprint:
    """Return what a worker left of the judge's part."""
    arrays, info = load_file(answer.folder / FINGERPRINT), answer.values["info"]
    # The smoke check is of float32, which has no part in this: its place is taken by what is compared anyway.
    arrays |= {f"smoke/{label}/losses": arrays["losses"] for label in ("own", "perturbed")}
    return Fingerprint(
        contender=backend,
        arrays=arrays,
        content=info["content"],
        layers=tuple((name, kind) for name, kind in info["layers"]),
        num_parameters=info["num_parameters"],
        mode=info["mode"],
        update=tuple(info["update"]),
        mistake=info["mistake"],
    )
