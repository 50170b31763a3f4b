"""What MNIST and Fashion-MNIST share: four idx files of 28 x 28 grey images in ten classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets import cache, idx, places, stand_ins
from bench.datasets.download import Published
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.datasets.resize import ImageOptions, Images, image_options
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The unpacked files."""
SHAPE = (28, 28, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdxImages:
    """One dataset of this kind, as it was published."""

    about: About
    files: tuple[Published, ...]
    """The compressed files, in the order of `NAMES`."""
    unpacked_md5: tuple[str, ...]
    """Of their content, so that a folder with unpacked or repacked files is known as the published one too."""
    mirrors: tuple[str, ...]
    counts: tuple[tuple[int, ...], tuple[int, ...]]
    """Samples of each class, in the training and the test set: the stand-in has as many."""


def prepare(known: IdxImages, options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return `known` from where `options` say: (28, 28, 1) unless asked otherwise, values 0 to 255, ten classes."""
    name, wanted = known.about.name, image_options(options)
    place = places.place(options, known.about.title)
    if place == "synthetic":
        return stand_ins.images(known.about, SHAPE, known.counts, wanted, progress)
    identity: dict[str, Any] = {"name": name, "image": wanted.identity(SHAPE)}
    if place == "root":
        # By size and time, not by content: reading all of it at every start is what the cache is there to save.
        folder = places.root(options)
        paths = idx.locate(folder, NAMES)
        identity["files"] = [(str(path.resolve()), *cache.stamp(path).values()) for path in paths]
        source = f"files in {folder.resolve()}"
        return cache.prepared(
            f"{name}-root", identity, lambda part: _read(known, paths, source, part, wanted, progress), progress
        )
    mirrors = places.mirrors(options, known.mirrors)
    identity["md5"] = [file.checksum for file in known.files]

    def build(part: Path) -> Made:
        paths = places.downloaded(name, known.files, mirrors, known.mirrors, progress)
        return _read(known, paths, "the published files, downloaded", part, wanted, progress)

    return cache.prepared(name, identity, build, progress)


def _read(
    known: IdxImages,
    paths: Sequence[Path],
    source: str,
    folder: Path,
    wanted: ImageOptions,
    progress: Progress | None,
) -> Made:
    """Read the four files, in the order of `NAMES`; refuse what does not fit, note what is not published."""
    import numpy as np

    contents = [idx.read(path, 1 if "labels" in name else 3) for name, path in zip(NAMES, paths, strict=True)]
    (train, train_labels, test, test_labels), sums = zip(*contents, strict=True)
    _check(paths[0], train, paths[1], train_labels)
    _check(paths[2], test, paths[3], test_labels)
    about = replace(known.about, source=source, official=(len(train), 0, len(test)))
    if sums != known.unpacked_md5:
        about = places.not_published(about)
    images = Images(folder, len(train) + len(test), SHAPE, wanted, progress)
    for part in (train, test):
        images.append(part[..., np.newaxis])
    return Made(x=images.x, y=np.concatenate([train_labels, test_labels]).astype(np.int32), about=about)


def _check(images_path: Path, images: NDArray[np.uint8], labels_path: Path, labels: NDArray[np.uint8]) -> None:
    if not len(images):
        raise RequestError(f"{images_path}: expected images, found an idx file that holds none")
    if images.shape[1:] != SHAPE[:2]:
        found = " x ".join(str(size) for size in images.shape[1:])
        raise RequestError(f"{images_path}: expected images of 28 x 28 pixels, found {found}")
    if len(labels) != len(images):
        raise RequestError(
            f"{labels_path}: expected {len(images)} labels, one for each image in {images_path.name}, "
            f"found {len(labels)}"
        )
    if labels.max() > 9:
        first = int((labels > 9).argmax())
        raise RequestError(f"{labels_path}: expected labels from 0 to 9, found {labels[first]} at position {first}")
