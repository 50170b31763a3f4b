"""What a backend's process does with one source of training batches, or one augmentation, alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from frameworks.contract import Data, Request
from frameworks.order import orders
from frameworks.tasks.parity import pixels as kept_by_the_gate

Answer = tuple[Any, dict[str, np.ndarray]]


def loaded(data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (x, y) of a split, in memory: x as it lies, y int64 or float32."""
    index, (x, y) = data.index(split), data.arrays()
    return np.ascontiguousarray(x[index]), y[index]


def _source(request: Request) -> Any:
    kind = {"files": "Files", "tfrecord": "Records"}[request.pipeline["name"]]
    module = {"files": "files", "tfrecord": "records"}[request.pipeline["name"]]
    found = getattr(import_module(f"frameworks.{request.backend}.{module}"), kind)
    pipeline = request.pipeline | {"seed": request.train["seed"]}
    return found(request.samples, "train", pipeline, tuple(request.samples.input_shape))


def _batches(request: Request, source: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    train = request.train
    order = orders(train["seed"], train["epochs"], len(request.samples.index("train")))
    with source.named():
        if request.backend == "torch":
            import torch

            for row in order:
                for x, y in source.batches(row, train["batch_size"], train["drop_last"], torch.device("cpu")):
                    yield x.permute(0, 2, 3, 1).numpy(), y.numpy()
        else:
            for x, y in source.batches(order, train["batch_size"], train["drop_last"]):
                yield x.numpy(), y.numpy()


def delivered(request: Request, times: int = 1, precision: str = "float32") -> Answer:
    """Every batch that the request's source delivers, x channels last; the whole `times` over, with one source."""
    import_module(f"frameworks.{request.backend}.device").configure(2, precision, "cpu")
    source, arrays, count = _source(request), {}, 0
    for _ in range(times):
        for x, y in _batches(request, source):
            arrays |= {f"x/{count}": x, f"y/{count}": y}
            count += 1
    return {"batches": count, "workers": getattr(source, "workers", None)}, arrays


def fails(request: Request) -> Answer:
    """What the source says that cannot deliver, as the parent gets it, and the batches that came before."""
    count = 0
    try:
        for _ in _batches(request, _source(request)):
            count += 1
    except ValueError as error:
        return {"message": f"{type(error).__name__}: {error}".splitlines()[0], "batches": count}, {}
    return {"message": "", "batches": count}, {}


def reads_anew(request: Request) -> Answer:
    """Train two epochs; after the first wait, then spoil the file that the second begins with, and say what happens."""
    room = import_module(f"frameworks.{request.backend}.room").Room(
        request, request.network(), precision="float32", device="cpu"
    )
    index = request.samples.index("train")
    room.build(load_file(request.weights), 0)
    source = room.source(room.place(*request.samples.arrays(), index), "train")
    order = orders(request.train["seed"], 2, len(index))
    found = json.loads(Path(request.samples.files).read_text())

    def hook(epoch: int, *_: Any) -> bool:
        time.sleep(0.3)
        Path(found["root"], found["names"][index[order[1][0]]]).write_bytes(b"spoilt")
        return True

    try:
        room.train(source, order, request.train["batch_size"], True, hook)
    except ValueError as error:
        return {"message": type(error).__name__}, {}
    return {"message": ""}, {}


def memory(request: Request, megabytes: int) -> Answer:
    """How many bytes this process takes of its own to deliver the first batch of so many MB, of which few are read."""
    data = request.samples
    shape = data.input_shape[::-1] if data.channels_first else data.input_shape
    count = megabytes * 2**20 // int(np.prod(shape))
    np.lib.format.open_memmap(data.x, "w+", np.uint8, (count, *shape)).flush()
    np.save(data.y, np.zeros(count, np.int64))
    np.save(data.splits["train"], np.arange(count))
    kind = import_module(f"frameworks.{request.backend}.room").Room
    room = kind(request, request.network(), precision="float32", device="cpu")
    before = _own_memory()
    source = room.source(room.place(*data.arrays(), data.index("train")), "train")
    batches = room.batches(source, orders(0, 1, count), 4, True)
    next(iter(batches))
    return {"taken": _own_memory() - before}, {}


def _own_memory() -> int:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) * 1024


def pixels(request: Request) -> Answer:
    """What the gate keeps of the pictures."""
    return {}, kept_by_the_gate(request)


def records(request: Request, alter: str) -> Answer:
    """Write records; then alter the data, or the file, and say what is found."""
    module = import_module("frameworks.tf.records")
    data, shape = request.samples, tuple(request.samples.input_shape)
    source = _source(request)
    source.leave_pictures(Path(request.folder))
    files = sorted(str(path) for path in Path(request.pipeline["folder"]).rglob("*") if path.is_file())
    before = source.path.stat().st_mtime_ns
    index, (x, y) = data.index("train"), data.arrays()
    message = ""
    try:
        if alter == "image":
            x[index[3], 1, 1] += 1
        elif alter == "label":
            y[index[2]] += 1
        elif alter == "number":
            index = np.append(index, index[0])
        if alter in ("image", "label", "number"):
            module.check(source.path, x, y, index, shape)
        else:
            whole = source.path.read_bytes()
            flipped = whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]
            changed = {"flipped": flipped, "cut": whole[: len(whole) // 2], "emptied": b""}
            if alter in changed:
                source.path.write_bytes(changed[alter])
            _source(request)
    except ValueError as error:
        message = str(error)
    return {"files": files, "message": message, "untouched": source.path.stat().st_mtime_ns == before}, {}


def augmented(request: Request, augment: dict[str, Any], seed: int, start: int = 0, brightest: float = 255.0) -> Answer:
    """The samples of the training split changed, channels last; `start` is what the first one is called."""
    module = import_module(f"frameworks.{request.backend}.augment")
    change = module.augmentation(augment, tuple(request.samples.input_shape), seed, brightest)
    if change is None:
        return {"none": True}, {}
    x, _ = loaded(request.samples, "train")
    index = np.arange(start, start + len(x))
    if request.backend == "torch":
        import torch

        torch.manual_seed(1)
        expected = torch.rand(3)
        torch.manual_seed(1)
        planar = x if request.samples.channels_first else x.transpose(0, 3, 1, 2).copy()
        made = change(torch.from_numpy(planar), torch.from_numpy(index)).permute(0, 2, 3, 1)
        return {"generator untouched": bool((torch.rand(3) == expected).all())}, {"x": made.numpy()}
    import tensorflow as tf

    made = tf.data.Dataset.from_tensors((x, index)).map(change).get_single_element()
    return {"generator untouched": True}, {"x": made.numpy()}


JOBS = {job.__name__: job for job in (delivered, fails, memory, reads_anew, pixels, records, augmented)}
