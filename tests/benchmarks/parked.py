"""A process that trains a little whenever it is asked to, and sleeps otherwise, as a trial does between its turns."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

EPOCHS = 8


def main(backend: str) -> None:
    """Answer each line with the median seconds per step of some epochs."""
    from tests.benchmarks.bare import BATCH, SAMPLES, SHAPE, harness

    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (SAMPLES, *SHAPE), dtype=np.uint8)
    epoch = harness(backend, True, x, rng.integers(0, 10, SAMPLES))
    order = np.arange(SAMPLES, dtype=np.int32)
    assert SAMPLES % BATCH == 0
    for _ in sys.stdin:
        epoch(order)  # awake
        print(json.dumps(float(np.median([epoch(order) for _ in range(EPOCHS)]))), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(sys.argv[1])
