"""Fashion-MNIST from its four official idx files: downloaded and verified, read in place, or a stand-in called so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.datasets import idx_images
from bench.datasets.download import Published
from bench.datasets.prepared import About, Prepared, Progress

OFFICIAL_TEST = True
KNOWN = idx_images.IdxImages(
    about=About(
        name="fashion_mnist",
        title="Fashion-MNIST",
        source="the published files",
        synthetic=False,
        task="classification",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        official=(60_000, 0, 10_000),
        value_range=(0.0, 255.0),
        licence="MIT",
        citation="H. Xiao, K. Rasul and R. Vollgraf (2017). Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms. arXiv:1708.07747",
    ),
    files=(
        Published(name="train-images-idx3-ubyte.gz", size=26421880, checksum="8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        Published(name="train-labels-idx1-ubyte.gz", size=29515, checksum="25c81989df183df01b3e8a0aad5dffbe"),
        Published(name="t10k-images-idx3-ubyte.gz", size=4422102, checksum="bef4ecab320f06d8554ea6380940ec79"),
        Published(name="t10k-labels-idx1-ubyte.gz", size=5148, checksum="bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    unpacked_md5=(
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    counts=((6000,) * 10, (1000,) * 10),
)
ABOUT, SHAPE = KNOWN.about, idx_images.SHAPE


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return Fashion-MNIST (28 x 28 x 1 unless asked otherwise, 0 to 255, ten classes) from where `options` say."""
    return idx_images.prepare(KNOWN, options, progress)
