"""A child's main: batches from the harness's input pipelines against pipelines written by hand, nothing trained.

``python pipelines.py BACKEND PIPELINE FOLDER TURNS`` prints JSON: seconds per batch of each of TURNS interleaved
runs of a few epochs, by pipeline; ``harness`` is the one in question. FOLDER has ``x.npy`` and ``y.npy``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

BATCH, EPOCHS, WARM_UP = 512, 3, 3
Pipeline = Callable[[np.ndarray], Iterator[Any]]
"""Yields the batches of all epochs of orders (epochs, n)."""


def request(backend: str, pipeline: str, folder: Path, input_shape: tuple[int, ...]) -> Any:
    """Return a request for the data in `folder`."""
    from frameworks.contract import Data, Request

    data = Data(
        x=str(folder / "x.npy"),
        y=str(folder / "y.npy"),
        splits={"train": str(folder / "train.npy")},
        input_shape=list(input_shape),
        outputs=10,
        scale=[1 / 255],
        offset=[0.0],
    )
    settings = {"precision": "float32", "device": "cpu", "threads": 2, "jit_compile": False, "compile": False}
    return Request(
        task="trial",
        contender=backend,
        backend=backend,
        settings=settings,
        folder=str(folder),
        layers=["flatten", {"dense": "outputs"}],
        data=data,
        optimizer={"name": "sgd", "learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
        loss="sparse_categorical_crossentropy",
        train={"seed": 0},
        pipeline={"name": pipeline, "workers": 0, "augment": {}},
    )


def harness(given: Any) -> Pipeline:
    """Return what the harness trains from."""
    from importlib import import_module

    room = import_module(f"frameworks.{given.backend}.room").Room(
        given, given.network(), precision="float32", device="cpu"
    )
    samples = room.place(*given.samples.arrays(), given.samples.index("train"))
    source = room.source(samples, "train")
    return lambda orders: room.batches(source, orders, BATCH, True)


def tf_by_hand(x: np.ndarray, y: np.ndarray) -> dict[str, Pipeline]:
    """Return pipelines of TensorFlow, from what its guide has to what is quicker."""
    import tensorflow as tf

    auto = tf.data.AUTOTUNE
    xs, ys = tf.constant(x), tf.constant(y)
    steps = len(y) // BATCH

    def slices(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            data = tf.data.Dataset.from_tensor_slices((tf.gather(xs, order), tf.gather(ys, order)))
            yield from data.batch(BATCH, drop_remainder=True).prefetch(auto)

    def mapped(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            index = tf.data.Dataset.from_tensor_slices(order[: steps * BATCH].reshape(-1, BATCH))
            yield from index.map(lambda i: (tf.gather(xs, i), tf.gather(ys, i)), num_parallel_calls=auto).prefetch(auto)

    def once(orders: np.ndarray) -> Iterator[Any]:
        index = tf.data.Dataset.from_tensor_slices(orders[:, : steps * BATCH].reshape(-1, BATCH))
        yield from index.map(lambda i: (tf.gather(xs, i), tf.gather(ys, i)), num_parallel_calls=auto).prefetch(auto)

    def eager(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            for index in tf.constant(order[: steps * BATCH].reshape(-1, BATCH)):
                yield tf.gather(xs, index), tf.gather(ys, index)

    def numpy(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            for index in order[: steps * BATCH].reshape(-1, BATCH):
                yield tf.constant(x[index]), tf.constant(y[index])

    def cut(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            mixed, labels = tf.gather(xs, order), tf.gather(ys, order)
            for begin in range(0, steps * BATCH, BATCH):
                yield mixed[begin : begin + BATCH], labels[begin : begin + BATCH]

    return {"slices": slices, "mapped": mapped, "once": once, "eager": eager, "numpy": numpy, "cut": cut}


def torch_by_hand(x: np.ndarray, y: np.ndarray) -> dict[str, Pipeline]:
    """Return pipelines of PyTorch, from what its tutorials have to what is quicker."""
    import torch
    from torch.utils.data import BatchSampler, DataLoader, TensorDataset

    xs, ys = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(y)
    steps = len(y) // BATCH

    def samples(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            data = TensorDataset(xs, ys)
            yield from DataLoader(data, batch_size=BATCH, sampler=order.tolist(), drop_last=True)

    def whole(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            sampler = BatchSampler(order.tolist(), BATCH, drop_last=True)
            yield from DataLoader(TensorDataset(xs, ys), batch_size=None, sampler=sampler)

    def indexed(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            for index in torch.from_numpy(order[: steps * BATCH]).long().split(BATCH):
                yield xs[index], ys[index]

    def selected(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            for index in torch.from_numpy(order[: steps * BATCH]).split(BATCH):
                yield xs.index_select(0, index), ys.index_select(0, index)

    def cut(orders: np.ndarray) -> Iterator[Any]:
        for order in orders:
            mixed, labels = xs[order[: steps * BATCH]], ys[order[: steps * BATCH]]
            yield from zip(mixed.split(BATCH), labels.split(BATCH), strict=True)

    return {"samples": samples, "whole": whole, "indexed": indexed, "selected": selected, "cut": cut}


def main(backend: str, pipeline: str, folder: Path, turns: int) -> dict[str, list[float]]:
    """Return seconds per batch by pipeline; they take turns, in a random order."""
    from frameworks.clock import delivery
    from frameworks.order import orders

    rng = np.random.default_rng()
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    # The harness first: it sets the threads, which TensorFlow takes only before anything else.
    loops = {"harness": harness(request(backend, pipeline, folder, x.shape[1:]))}
    loops |= (tf_by_hand if backend == "tf" else torch_by_hand)(x, y)
    found: dict[str, list[float]] = {name: [] for name in loops}
    for turn in range(turns + WARM_UP):
        order = orders(turn, EPOCHS, len(y))
        for name in rng.permutation(list(loops)):
            found[name].append(float(delivery(loops[name](order), lambda: None, 1e9, 0)[0][0]))
    return {name: seconds[WARM_UP:] for name, seconds in found.items()}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
