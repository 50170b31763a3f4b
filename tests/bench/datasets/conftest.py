"""A cache of its own for every test, the options as users have them, and idx files in the official format."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from omegaconf import OmegaConf

from bench import datasets

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture(autouse=True)
def cache_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PARALLAX_CACHE", str(folder))
    monkeypatch.setenv("no_proxy", "*")
    return folder


@pytest.fixture
def options() -> Callable[..., dict[str, Any]]:
    """The node of conf/dataset/NAME.yaml, with changes."""

    def make(name: str, **changes: Any) -> dict[str, Any]:
        text = (datasets.CONF / f"{name}.yaml").read_text(encoding="utf-8")
        node = OmegaConf.to_container(OmegaConf.create(text))
        assert isinstance(node, dict)
        assert not changes.keys() - node.keys(), "a test changes an option that the YAML does not spell out"
        return {**node, **changes}

    return make


def idx_bytes(array: np.ndarray) -> bytes:
    """`array` as the format is described: two zeros, type 8, dimensions, big-endian sizes, the bytes."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def write_idx() -> Callable[..., Path]:
    def write(path: Path, array: np.ndarray, *, packed: bool = False) -> Path:
        content = idx_bytes(np.asarray(array))
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
        return path

    return write


@pytest.fixture
def tiny_mnist(tmp_path: Path, write_idx: Callable[..., Path]) -> Path:
    """A folder with 80 training and 40 test images, compressed, whose content is not the published one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for images, labels, number in ((TRAIN_IMAGES, TRAIN_LABELS, 80), (TEST_IMAGES, TEST_LABELS, 40)):
        write_idx(folder / f"{images}.gz", draw.integers(0, 256, (number, 28, 28)), packed=True)
        write_idx(folder / f"{labels}.gz", np.arange(number) % 10, packed=True)
    return folder


class _Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, value: bytes) -> None:
        short = len(value) < 256
        head = (
            pickle.SHORT_BINSTRING + bytes([len(value)]) if short else pickle.BINSTRING + struct.pack("<i", len(value))
        )
        self.write(head + value)
        self.memoize(value)

    dispatch[bytes] = save_string


def python2_pickle(value: Any) -> bytes:
    """`value` as CIFAR-10's files hold it: pickled by Python 2 with protocol 2."""
    out = io.BytesIO()
    _Python2Pickler(out, 2).dump(value)
    return out.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


CIFAR_FILES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")


@pytest.fixture
def tiny_cifar10(tmp_path: Path) -> Path:
    """A folder as the official archive has it, with four images in each batch, not the published ones."""
    folder = tmp_path / "cifar" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for number, name in enumerate(CIFAR_FILES):
        batch = {
            b"batch_label": b"testing batch 1 of 1"
            if name == "test_batch"
            else b"training batch %d of 5" % (number + 1),
            b"labels": [(4 * number + k) % 10 for k in range(4)],
            b"data": draw.integers(0, 256, (4, 3072), np.uint8),
            b"filenames": [b"image_%d.png" % k for k in range(4)],
        }
        (folder / name).write_bytes(python2_pickle(batch))
    names = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]
    meta = {b"num_cases_per_batch": 4, b"label_names": names, b"num_vis": 3072}
    (folder / "batches.meta").write_bytes(python2_pickle(meta))
    return folder


@pytest.fixture
def pictures() -> Callable[..., Path]:
    """Writes small images by name below a folder: each of one grey of its own, in the format its name says."""
    from PIL import Image

    def write(root: Path, *names: str, size: tuple[int, int] = (20, 30), mode: str = "RGB") -> Path:
        for number, name in enumerate(names):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            height, width = size
            grey = np.full((height, width), 40 + number % 150, np.uint8)
            Image.fromarray(grey).convert(mode).save(path)
        return root

    return write
