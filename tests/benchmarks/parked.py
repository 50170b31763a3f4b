"""A process that trains for a moment whenever it is asked to, and sleeps otherwise, as a trial does between turns."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def main(backend: str) -> None:
    """Answer each line, ``on`` or ``off``, with the seconds per step of an epoch with the trace of losses, or without.

    An epoch before it wakes threads and caches, and is not clocked.
    """
    from tests.benchmarks.bare import BATCH, SAMPLES, SHAPE, harness

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (SAMPLES, *SHAPE), dtype=np.uint8), rng.integers(0, 10, SAMPLES)
    epochs = {name: harness(backend, name == "on", x, y) for name in ("on", "off")}
    order = np.arange(SAMPLES, dtype=np.int32)
    assert SAMPLES % BATCH == 0
    for line in sys.stdin:
        epoch = epochs[line.strip()]
        epoch(order)
        print(json.dumps(epoch(order)), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(sys.argv[1])
