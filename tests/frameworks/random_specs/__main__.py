"""``python -m tests.frameworks.random_specs --count 2000 --seed 0``: random specs, held side by side by both rooms.

Every spec is drawn from the whole language, built in both frameworks and judged as the parity gate judges. One that
fails is made small and printed as YAML; ``--spec FILE`` holds it again. 0: all hold and nothing was left out; 1: not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.frameworks.random_specs.cases import Case, draw, generator
from tests.frameworks.random_specs.coverage import Coverage
from tests.frameworks.random_specs.holding import Held, Pair
from tests.frameworks.random_specs.shrinking import shrink

MOST_REFUSED = 0.10
"""The share of refused specs above which a generator makes too little of its draws."""

SHRUNK = 5
"""Failing specs that are made small; the others are printed as they are."""


def cases(count: int, seed: int, coverage: Coverage) -> Iterator[Case]:
    """Yield `count` cases and count what they cover."""
    rng = generator(seed)
    for _ in range(count):
        case = draw(rng, coverage.alone)
        coverage.add(case)
        yield case


def hold_all(given: list[Case], pairs: int, folder: Path, minutes: float) -> list[tuple[Case, Held]]:
    """Return every case that fails, with what is wrong; cases that no time is left for are passed over, and said."""
    begin, done, worst = time.monotonic(), 0, (0.0, "")
    free: SimpleQueue[Pair] = SimpleQueue()
    everyone = [Pair(folder / str(index)) for index in range(pairs)]
    for pair in everyone:
        free.put(pair)
    failed: list[tuple[Case, Held]] = []

    def hold(case: Case) -> Held | None:
        if time.monotonic() - begin > 60 * minutes:
            return None
        pair = free.get()
        try:
            return pair.hold(case)
        finally:
            free.put(pair)

    with ThreadPoolExecutor(max_workers=pairs) as pool:
        for case, held in zip(given, pool.map(hold, given), strict=True):
            if held is None:
                continue
            done += 1
            if not held.good:
                failed.append((case, held))
                print(f"--- fails\n{case.yaml()}{held.told()}", flush=True)
            elif held.worst() > worst[0]:
                worst = held.worst(), case.yaml()
            if done % 50 == 0:
                print(f"{done} of {len(given)}, {(time.monotonic() - begin) / done:.2f} s each", flush=True)
    for pair in everyone:
        pair.close()
    took = time.monotonic() - begin
    print(f"{done} specs held side by side in {took:.0f} s, {len(failed)} of them fail")
    print(f"nearest to its threshold, at {worst[0]:.1%} of it:\n{worst[1]}")
    return failed


def main() -> int:
    """Run the command line of this process; return the exit status."""
    parser = argparse.ArgumentParser("python -m tests.frameworks.random_specs", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=2, help="workers of each framework")
    parser.add_argument("--minutes", type=float, default=600, help="after which no more specs are begun")
    parser.add_argument("--spec", type=Path, help="hold this one again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="random-specs-") as scratch:
        folder = Path(scratch)
        if asked.spec:
            return _one(Case.read(asked.spec.read_text()), Pair(folder))
        coverage = Coverage()
        drawn = list(cases(asked.count, asked.seed, coverage))
        print(coverage.table(), flush=True)
        failed = hold_all([case for case in drawn if not case.refused()], asked.pairs, folder, asked.minutes)
        again = Pair(folder / "again")
        for case, _ in failed[:SHRUNK]:
            small = shrink(case, lambda each: not again.hold(each).good)
            print(f"--- made small\n{small.yaml()}{again.hold(small).told()}", flush=True)
        again.close()
    missing = coverage.missing(pairs=asked.count >= 1000)
    for each in missing:
        print(f"left out: {each}")
    many = coverage.refused > MOST_REFUSED * coverage.cases
    return int(bool(failed or missing or many))


def _one(case: Case, pair: Pair) -> int:
    held = pair.hold(case)
    pair.close()
    for check in held.checks:
        told = "" if check.passed else check.detail
        print(f"{check.contender:8} {check.baseline:10} {check.quantity:28} {check.error} {told}")
    print(held.told())
    return int(not held.good)


if __name__ == "__main__":
    sys.exit(main())
