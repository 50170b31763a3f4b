"""CIFAR-10 from its official archive for Python: downloaded and verified, read in place, or a stand-in called so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.datasets import cache, places, stand_ins
from bench.datasets.download import Published
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.datasets.resize import ImageOptions, Images, image_options

OFFICIAL_TEST = True
SHAPE = (32, 32, 3)
ARCHIVE = Published(
    name="cifar-10-python.tar.gz", size=170_498_071, checksum="c58f30108f718f92721af3b95e74349a", algorithm="md5"
)
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
}
"""The archive's files, training batches in order, then the test batch, then the names of the classes."""
COUNTS = ((5000,) * 10, (1000,) * 10)
ABOUT = About(
    name="cifar10",
    title="CIFAR-10",
    source="the published files",
    synthetic=False,
    task="classification",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    official=(50_000, 0, 10_000),
    value_range=(0.0, 255.0),
    licence="none stated by its authors",
    citation="A. Krizhevsky (2009). Learning Multiple Layers of Features from Tiny Images. "
    "Technical report, University of Toronto.",
)


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return CIFAR-10 (32 x 32 x 3 unless asked otherwise, values 0 to 255, ten classes) from where `options` say."""
    wanted = image_options(options)
    place = places.place(options, ABOUT.title)
    if place == "synthetic":
        return stand_ins.images(ABOUT, SHAPE, COUNTS, wanted, progress)
    identity: dict[str, Any] = {"name": "cifar10", "image": wanted.identity(SHAPE)}
    if place == "root":
        from bench.datasets import cifar_files

        root = places.root(options)
        found = cifar_files.locate(root, ARCHIVE.name, MD5)
        paths = [found] if isinstance(found, Path) else list(found.values())
        identity["files"] = [(str(path.resolve()), *cache.stamp(path).values()) for path in paths]
        source = f"files in {root.resolve()}" if root.is_dir() else str(root.resolve())
        return cache.prepared(
            "cifar10-root", identity, lambda folder: _made(found, source, folder, wanted, progress), progress
        )
    mirrors = places.mirrors(options, MIRRORS)
    identity["md5"] = ARCHIVE.checksum

    def build(folder: Path) -> Made:
        (path,) = places.downloaded("cifar10", [ARCHIVE], mirrors, MIRRORS, progress)
        return _made(path, "the published files, downloaded", folder, wanted, progress)

    return cache.prepared("cifar10", identity, build, progress)


def _made(
    where: Path | Mapping[str, Path], source: str, folder: Path, wanted: ImageOptions, progress: Progress | None
) -> Made:
    import numpy as np

    from bench.datasets import cifar_files

    batches, classes, sums = cifar_files.read(where, MD5, ABOUT.classes, progress)
    *train, test = batches
    number = sum(len(images) for images, _ in train)
    about = replace(ABOUT, source=source, classes=classes, official=(number, 0, len(test[0])))
    if sums != MD5:
        about = places.not_published(about)
    images = Images(folder, number + len(test[0]), SHAPE, wanted, progress)
    for planes, _ in batches:
        images.append(planes.transpose(0, 2, 3, 1))
    return Made(x=images.x, y=np.concatenate([labels for _, labels in batches]), about=about)
