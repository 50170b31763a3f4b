"""A cache of its own for every test, the options as users have them, and idx files in the official format."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
