"""MNIST from its four official idx files: downloaded and verified, read in place, or a stand-in called so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets import cache, idx
from bench.datasets.download import DownloadError, Published, fetch
from bench.datasets.options import choice, show
from bench.datasets.prepared import About, Prepared, Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bench.datasets.cache import Arrays

OFFICIAL_TEST = True
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FILES = {
    "train-images-idx3-ubyte": Published(
        name="train-images-idx3-ubyte.gz", size=9912422, md5="f68b3c2dcbeaaa9fbdd348bbdeb94873"
    ),
    "train-labels-idx1-ubyte": Published(
        name="train-labels-idx1-ubyte.gz", size=28881, md5="d53e105ee54ea40749a09fcbcd1e9432"
    ),
    "t10k-images-idx3-ubyte": Published(
        name="t10k-images-idx3-ubyte.gz", size=1648877, md5="9fb629c4189551a2d022fa330f9573f3"
    ),
    "t10k-labels-idx1-ubyte": Published(
        name="t10k-labels-idx1-ubyte.gz", size=4542, md5="ec29112dd5afa0611ce80d1b7f02629c"
    ),
}
"""The published files by their unpacked names: training images, training labels, test images, test labels."""
UNPACKED_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
"""Of the content, so that a folder with unpacked or repacked files is known as the published one too."""
SHAPE = (28, 28)
SYNTHETIC_SAMPLES = (60_000, 10_000)
"""As many training and test samples as the real one has."""
SYNTHETIC_VERSION = 1
"""Raise it when `bench.datasets.synthetic` makes other bytes."""
ABOUT = About(
    name="mnist",
    title="MNIST",
    source="the published files",
    synthetic=False,
    task="classification",
    classes=tuple(str(label) for label in range(10)),
    num_train_official=60_000,
    value_range=(0.0, 255.0),
    licence="CC BY-SA 3.0",
    citation="Y. LeCun, C. Cortes and C. J. C. Burges (1998). The MNIST database of handwritten digits.",
)


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return MNIST (28 x 28 x 1, values 0 to 255, ten classes) from where `options` say."""
    source = choice(options, "source", ("official", "synthetic"))
    given = [key for key in ("root", "url") if options.get(key) is not None]
    if given and (source == "synthetic" or len(given) > 1):
        said = ", ".join(f"dataset.{key}={show(options[key])}" for key in given)
        beside = " beside dataset.source=synthetic" if source == "synthetic" else ""
        raise RequestError(f"{said}{beside}: say only one place to take MNIST from")
    if source == "synthetic":
        return _synthetic(progress)
    if options.get("root") is not None:
        return _in_place(Path(str(options["root"])).expanduser(), progress)
    mirrors = MIRRORS if options.get("url") is None else (_url(options["url"]),)
    identity = {"name": "mnist", "md5": [file.md5 for file in FILES.values()]}
    return cache.prepared("mnist", identity, lambda: _downloaded(mirrors, progress), progress)


def _synthetic(progress: Progress | None) -> Prepared:
    num_train, num_test = SYNTHETIC_SAMPLES

    def build() -> Arrays:
        import numpy as np

        from bench.datasets import synthetic

        train, test = (
            synthetic.images(number, *SHAPE, len(ABOUT.classes), seed=seed)
            for number, seed in ((num_train, 100), (num_test, 200))
        )
        about = replace(
            ABOUT,
            title="synthetic stand-in for MNIST",
            source="made up by Parallax (dataset.source=synthetic)",
            synthetic=True,
            num_train_official=num_train,
            licence="Apache-2.0",
            citation="",
            note="synthetic stand-in: accuracies say nothing about MNIST",
        )
        return np.concatenate([train[0], test[0]]), np.concatenate([train[1], test[1]]), about

    identity = {"name": "mnist", "synthetic": SYNTHETIC_VERSION, "samples": [num_train, num_test]}
    return cache.prepared("mnist-synthetic", identity, build, progress)


def _in_place(root: Path, progress: Progress | None) -> Prepared:
    # By size and time, not by content: reading 11 MB at every start is what the cache is there to save.
    paths = idx.locate(root, FILES)
    identity = {
        "name": "mnist",
        "files": [(str(path.resolve()), *cache.stamp(path).values()) for path in paths],
    }
    return cache.prepared("mnist-root", identity, lambda: _read(paths, f"files in {root.resolve()}"), progress)


def _downloaded(mirrors: tuple[str, ...], progress: Progress | None) -> Arrays:
    folder = cache.cache_folder() / "downloads" / "mnist"
    try:
        paths = [fetch(file, folder, mirrors, progress) for file in FILES.values()]
    except DownloadError as error:
        names = ", ".join(file.name for file in FILES.values())
        raise RequestError(
            f"dataset=mnist: the download failed ({error}). Fetch {names} from {' or '.join(MIRRORS)} where "
            "there is network, put them into one folder and say dataset.root=FOLDER; or say "
            "dataset.source=synthetic, a stand-in that needs no files; or dataset=digits, real images that "
            "need neither network nor files"
        ) from error
    return _read(paths, "the published files, downloaded")


def _read(paths: Sequence[Path], source: str) -> Arrays:
    """Read the four files, in the order of `FILES`; refuse what does not fit, note what is not published."""
    import numpy as np

    contents = [idx.read(path, 1 if "labels" in name else 3) for name, path in zip(FILES, paths, strict=True)]
    arrays = [array for array, _ in contents]
    for part in (0, 2):
        _check(paths[part], arrays[part], paths[part + 1], arrays[part + 1])
    about = replace(ABOUT, source=source, num_train_official=len(arrays[0]))
    if [md5 for _, md5 in contents] != list(UNPACKED_MD5.values()):
        about = replace(
            about,
            title="files in the format of MNIST, not the published ones",
            licence="not known",
            citation="",
            note="checksums differ from the published ones",
        )
    x = np.concatenate([arrays[0], arrays[2]])[..., np.newaxis]
    return x, np.concatenate([arrays[1], arrays[3]]).astype(np.int32), about


def _check(images_path: Path, images: NDArray[np.uint8], labels_path: Path, labels: NDArray[np.uint8]) -> None:
    if not len(images):
        raise RequestError(f"{images_path}: expected images, found an idx file that holds none")
    if images.shape[1:] != SHAPE:
        found = " x ".join(str(size) for size in images.shape[1:])
        raise RequestError(f"{images_path}: expected images of 28 x 28 pixels, found {found}")
    if len(labels) != len(images):
        raise RequestError(
            f"{labels_path}: expected {len(images)} labels, one for each image in {images_path.name}, "
            f"found {len(labels)}"
        )
    if labels.max() >= len(ABOUT.classes):
        first = int((labels >= len(ABOUT.classes)).argmax())
        raise RequestError(f"{labels_path}: expected labels from 0 to 9, found {labels[first]} at position {first}")


def _url(value: Any) -> str:
    if not str(value).startswith(("http://", "https://")):
        raise RequestError(
            f"dataset.url={show(value)}: must begin with http:// or https:// and name the folder of the "
            "four files; for a folder on this machine say dataset.root=FOLDER"
        )
    return str(value)
