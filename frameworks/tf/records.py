"""Training batches from TFRecord files, written once and read back, as TensorFlow's own guide has it.

The image is kept as raw bytes, not as PNG: what this pipeline adds to memory is then reading and parsing alone, and
decoding stays the business of pipeline ``files``. A record file has no random access, and the order of samples is
given: so the records are read once, held in memory as the strings they are, picked by the order, and parsed anew for
each batch.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from frameworks.contract import Data
from frameworks.tf.augment import augmentation
from frameworks.tf.input import calls, indices

FORMAT = 1
"""Raise it when records change: older files are then left alone."""

BLOCK = 256
"""Records that are read or checked at a time."""


class Records:
    """The records of a split; training's only, for evaluation reads from memory."""

    reads = "ahead"

    def __init__(self, data: Data, split: str, pipeline: dict[str, Any], input_shape: tuple[int, ...]) -> None:
        """Write the files of all splits where they are not there yet, and read those of `split`.

        Raises `ValueError` where a record does not come back as it was written, naming the first.
        """
        folder = Path(pipeline["folder"]) / f"tfrecord-{_key(data)}" / "processed"
        for name in data.splits:
            written(folder, data, name, input_shape)
        self.shape, self.path = input_shape, record_file(folder, split, input_shape)
        self.first = int(data.index(split)[0])
        self.kind = _kind(data.arrays()[1])
        self.strings = load(self.path, len(data.index(split)))
        self.augment = augmentation(pipeline["augment"], input_shape, pipeline["seed"], data.brightest)
        self.calls = calls(pipeline["workers"])
        self._before = data.arrays()[0][self.first].reshape(input_shape)

    def batches(
        self, orders: np.ndarray, batch_size: int, drop_last: bool, epoch: tf.Variable | None = None
    ) -> tf.data.Dataset:
        """Return the batches of all epochs, or of `epoch`, x uint8 (b, H, W, C) and y (b,); `orders` is (epochs, n)."""
        augment = self.augment

        def made(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x, y = parse(tf.gather(self.strings, index), self.shape, self.kind)
            return (augment(x, index) if augment else x), y

        given = indices(orders, batch_size, drop_last, epoch)
        return given.map(made, num_parallel_calls=self.calls, deterministic=True).prefetch(tf.data.AUTOTUNE)

    def leave_pictures(self, folder: Path) -> None:
        """Leave the first picture of the split before and after, uint8 (H, W, C): ``record_{before,after}.npy``."""
        np.save(folder / "record_before.npy", self._before)
        np.save(folder / "record_after.npy", parse(self.strings[:1], self.shape, self.kind)[0][0].numpy())

    def named(self) -> AbstractContextManager[None]:
        """Do nothing: every record was read before training began."""
        return nullcontext()


def record_file(folder: Path, split: str, shape: tuple[int, ...]) -> Path:
    """Return where the records of `split` lie in `folder`."""
    height, width, channels = shape
    return folder / f"{split}_{height}x{width}_{channels}_ds.tfrecord"


def load(path: Path, count: int) -> tf.Tensor:
    """Return the records of `path` as serialized strings, (count,); `ValueError` where the file is damaged."""
    try:
        with tf.device("/CPU:0"):
            strings = tf.concat([tf.zeros([0], tf.string), *tf.data.TFRecordDataset(str(path)).batch(BLOCK)], axis=0)
    except tf.errors.OpError as error:
        raise ValueError(
            f"{path}: damaged ({error.message.splitlines()[0]}); delete it, and it is written anew"
        ) from None
    if len(strings) != count:
        raise ValueError(f"{path}: has {len(strings)} records of {count}; delete it, and it is written anew")
    return strings


def written(folder: Path, data: Data, split: str, shape: tuple[int, ...]) -> None:
    """Write the records of `split`, whole and checked or not at all; leave alone what is there."""
    path = record_file(folder, split, shape)
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    index, (x, y) = data.index(split), data.arrays()
    try:
        with tf.io.TFRecordWriter(str(part)) as writer:
            for place in index:
                writer.write(record(x[place].reshape(shape), y[place]))
        check(part, x, y, index, shape)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check(path: Path, x: np.ndarray, y: np.ndarray, index: np.ndarray, shape: tuple[int, ...]) -> None:
    """Read every record of `path` and hold it against the samples at `index`; `ValueError` names the first unlike."""
    done = 0
    for strings in tf.data.TFRecordDataset(str(path)).batch(BLOCK):
        places = index[done : done + len(strings)]
        images, labels = (part.numpy() for part in parse(strings, shape, _kind(y)))
        for k, place in enumerate(places):
            what = "image" if (images[k] != x[place].reshape(shape)).any() else "label" if labels[k] != y[place] else ""
            if what:
                raise ValueError(f"{path}: record {done + k} came back with another {what} than sample {place}")
        done += len(strings)
    if done != len(index):
        raise ValueError(f"{path}: {done} records came back of {len(index)}")


def record(image: np.ndarray, label: Any) -> bytes:
    """Return one sample, uint8 (H, W, C) and its label, as a serialized ``tf.train.Example``."""
    train = tf.train
    value = np.asarray(label)
    kept = (
        train.Feature(float_list=train.FloatList(value=[float(value)]))
        if value.dtype.kind == "f"
        else train.Feature(int64_list=train.Int64List(value=[int(value)]))
    )
    size = zip(("height", "width", "channels"), image.shape, strict=True)
    features = {
        "image": train.Feature(bytes_list=train.BytesList(value=[image.tobytes()])),
        "label": kept,
        **{name: train.Feature(int64_list=train.Int64List(value=[number])) for name, number in size},
    }
    serialized: bytes = train.Example(features=train.Features(feature=features)).SerializeToString()
    return serialized


def parse(strings: tf.Tensor, shape: tuple[int, ...], kind: tf.DType) -> tuple[tf.Tensor, tf.Tensor]:
    """Return images, uint8 (b, H, W, C), and labels (b,) of serialized examples (b,); all must have `shape`."""
    sides = ("height", "width", "channels")
    features = {name: tf.io.FixedLenFeature([], tf.int64) for name in sides}
    features |= {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], kind)}
    found = tf.io.parse_example(strings, features)
    size = tf.stack([found[name] for name in sides], axis=1)
    with tf.control_dependencies([tf.debugging.assert_equal(size, tf.constant([shape], tf.int64))]):
        return tf.reshape(tf.io.decode_raw(found["image"], tf.uint8), [-1, *shape]), found["label"]


def _kind(y: np.ndarray) -> tf.DType:
    return tf.float32 if y.dtype.kind == "f" else tf.int64


def _key(data: Data) -> str:
    """Return a hash of what the files hold: the splits, and the arrays by their files' state, as the cache does."""
    digest = hashlib.sha256()
    for name in sorted(data.splits):
        digest.update(data.index(name).tobytes())
    stamps = [[Path(path).stat().st_size, Path(path).stat().st_mtime_ns] for path in (data.x, data.y)]
    digest.update(json.dumps([FORMAT, stamps, data.input_shape, data.y_scale, data.y_offset]).encode())
    return digest.hexdigest()[:12]
