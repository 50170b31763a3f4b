"""The gate of a command line in warm processes: the judge's part, float64, in less than a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench import compose, plan
from bench.results import certificate
from bench.results.schema import Check
from bench.work import Work
from frameworks.contract import Request
from tests.frameworks.conftest import Rooms
from tests.frameworks.random_specs.holding import fingerprint


class Asked:
    """What `Rooms` asks for: the request of each contender of a plan, as a run would make it."""

    def __init__(self, said: tuple[str, ...]) -> None:
        self.plan = plan.make(compose.settled(said, None), command=" ".join(said))
        self.contenders = {item.backend: item for item in self.plan.contenders}

    def request(self, backend: str, folder: Path) -> Request:
        """Return the judge's request of the contender of `backend`; its files lie in `folder`."""
        work = Work(self.plan, folder / "work")
        return replace(work.request("parity", self.contenders[backend], 0, folder / backend), task="judge")


def gate(rooms: Rooms, *said: str) -> list[Check]:
    """Return every check that the gate makes in float64 for what a command line says."""
    asked = Asked(said)
    answers = rooms.both("judge", asked, only=tuple(asked.contenders))
    prints = {backend: fingerprint(backend, answers[backend]) for backend in asked.contenders}
    checks = [check for item in prints.values() for check in certificate.examine(item)]
    baseline = prints.pop(asked.plan.baseline)
    return checks + [check for item in prints.values() for check in certificate.certify(item, baseline, "float32")]
