"""A child's main: seconds from opening prepared data to the first batch that training gets.

``python opening.py BACKEND SAMPLES`` prints JSON: seconds of the first time, which prepares, and of the second.
The framework is imported, and its room made, before.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench import datasets
from frameworks import rooms
from frameworks.contract import Data, Request
from frameworks.order import orders

SHAPE = (224, 224, 3)


def options(samples: int) -> dict[str, Any]:
    """Return the options of a made-up dataset of images, as a run has them."""
    given = {"name": "synthetic", "source": "synthetic", "root": None, "url": None, "shape": list(SHAPE)}
    splits = {"test_split": 0.2, "val_split": 0.2, "split_seed": 0}
    return given | splits | {"samples": samples, "classes": 10, "scaling": "standard", "target": "standard"}


def request(backend: str, folder: Path, data: Data) -> Request:
    """Return a request for that data."""
    return Request(
        task="trial",
        contender=backend,
        backend=backend,
        settings={"precision": "float32", "device": "cpu", "threads": 2, "jit_compile": False, "compile": False},
        folder=str(folder),
        layers=["global_avg_pool2d", {"dense": "outputs"}],
        data=data,
        train={"seed": 0},
        pipeline={"name": "memory", "workers": 0, "augment": {}},
    )


def opened(backend: str, asked: dict[str, Any], folder: Path) -> Data:
    """Return where the prepared samples lie, with all that a run works out before its first trial."""
    prepared = datasets.prepare(asked)
    splits = datasets.split(prepared, asked)
    scale, offset = datasets.scaling(prepared, asked, splits)
    first = rooms.channels_first(backend)
    np.save(folder / "train.npy", splits.train)
    return Data(
        x=str((datasets.planar(prepared) if first else None) or prepared.folder / "x.npy"),
        y=str(prepared.folder / "y.npy"),
        splits={"train": str(folder / "train.npy")},
        input_shape=list(SHAPE),
        outputs=10,
        scale=scale,
        offset=offset,
        channels_first=first,
    )


def main(backend: str, samples: int) -> list[float]:
    """Open the data twice, and return how long each took until the first batch was there."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        kind = import_module(f"frameworks.{backend}.room").Room
        for _ in range(2):
            begin = time.perf_counter()
            given = request(backend, Path(folder), opened(backend, options(samples), Path(folder)))
            room = kind(given, given.network(), precision="float32", device="cpu")
            index = given.samples.index("train")
            source = room.source(room.place(*given.samples.arrays(), index), "train")
            next(iter(room.batches(source, orders(0, 1, len(index)), 64, True)))
            found.append(time.perf_counter() - begin)
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
