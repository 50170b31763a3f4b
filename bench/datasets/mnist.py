"""MNIST from its four official idx files: downloaded and verified, read in place, or a stand-in called so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.datasets import idx_images
from bench.datasets.download import Published
from bench.datasets.prepared import About, Prepared, Progress

OFFICIAL_TEST = True
KNOWN = idx_images.IdxImages(
    about=About(
        name="mnist",
        title="MNIST",
        source="the published files",
        synthetic=False,
        task="classification",
        classes=tuple(str(label) for label in range(10)),
        official=(60_000, 0, 10_000),
        value_range=(0.0, 255.0),
        licence="CC BY-SA 3.0",
        citation="Y. LeCun, C. Cortes and C. J. C. Burges (1998). The MNIST database of handwritten digits.",
    ),
    files=(
        Published(name="train-images-idx3-ubyte.gz", size=9912422, checksum="f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        Published(name="train-labels-idx1-ubyte.gz", size=28881, checksum="d53e105ee54ea40749a09fcbcd1e9432"),
        Published(name="t10k-images-idx3-ubyte.gz", size=1648877, checksum="9fb629c4189551a2d022fa330f9573f3"),
        Published(name="t10k-labels-idx1-ubyte.gz", size=4542, checksum="ec29112dd5afa0611ce80d1b7f02629c"),
    ),
    unpacked_md5=(
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    counts=(
        (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    ),
)
ABOUT, SHAPE = KNOWN.about, idx_images.SHAPE


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return MNIST (28 x 28 x 1 unless asked otherwise, values 0 to 255, ten classes) from where `options` say."""
    return idx_images.prepare(KNOWN, options, progress)
