"""California housing, from the file scikit-learn fetches too, with the same derived features: a regression."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets import cache, places, stand_ins, tars
from bench.datasets.download import Published
from bench.datasets.prepared import About, Made, Prepared, Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OFFICIAL_TEST = False
ARCHIVE = Published(
    name="cal_housing.tgz",
    size=None,
    checksum="aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681",
    algorithm="sha256",
)
MIRRORS = ("https://ndownloader.figshare.com/files/5976036",)
FEATURES = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")
SAMPLES = 20_640
INSIDE = "CaliforniaHousing/cal_housing.data"
NEARBY = (ARCHIVE.name, INSIDE, "cal_housing.data")
"""What is looked for in a folder of the user's."""
GZIP_MAGIC = b"\x1f\x8b"
MOST_BYTES = 1 << 26
"""Of the file, packed or not; the real one has two million."""
ABOUT = About(
    name="california_housing",
    title="California housing",
    source="the published file",
    synthetic=False,
    task="regression",
    classes=(),
    official=None,
    value_range=None,
    licence="none stated by its authors",
    citation="R. K. Pace and R. Barry (1997). Sparse Spatial Autoregressions. "
    "Statistics and Probability Letters 33(3), 291-297.",
    facts={"Features": ", ".join(FEATURES), "Target": "median house value in 100,000 dollars"},
)


def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
    """Return 20,640 districts: eight features, and the median house value in 100,000 dollars."""
    place = places.place(options, ABOUT.title)
    if place == "synthetic":
        return stand_ins.table(ABOUT, SAMPLES, len(FEATURES), progress)
    if place == "root":
        path = _locate(places.root(options))
        identity = {"name": ABOUT.name, "file": [str(path.resolve()), *cache.stamp(path).values()]}
        source = str(path.resolve())
        return cache.prepared(f"{ABOUT.name}-root", identity, lambda _: _made(path, source), progress)
    mirrors = places.mirrors(options, MIRRORS)
    identity = {"name": ABOUT.name, "sha256": ARCHIVE.checksum}

    def build(_: Path) -> Made:
        (path,) = places.downloaded(ABOUT.name, [ARCHIVE], mirrors, MIRRORS, progress)
        return _made(path, "the published file, downloaded")

    return cache.prepared(ABOUT.name, identity, build, progress)


def _locate(root: Path) -> Path:
    if root.is_file():
        return root
    for name in NEARBY:
        if (root / name).is_file():
            return root / name
    raise RequestError(f"dataset.root={root}: there is none of {', '.join(NEARBY)} in it")


def _made(path: Path, source: str) -> Made:
    import numpy as np

    if path.stat().st_size > MOST_BYTES:
        raise RequestError(f"{path}: is {path.stat().st_size:,} bytes long; the real one has fewer than {MOST_BYTES:,}")
    content = path.read_bytes()
    packed = content.startswith(GZIP_MAGIC)
    about = replace(ABOUT, source=source)
    if not packed:
        about = replace(about, note="unpacked: its checksum cannot be compared with the published archive's")
    elif hashlib.sha256(content).hexdigest() != ARCHIVE.checksum:
        about = places.not_published(about)
    if packed:
        content = dict(tars.read(path, [INSIDE], most_file=MOST_BYTES, most_archive=MOST_BYTES)).get(INSIDE, b"")
    columns = _columns(path, content)
    households = columns[:, 6:7]
    # Longitude, latitude, age, rooms, bedrooms, people, households, income, value: as scikit-learn derives from them.
    longitude, latitude, age, rooms, bedrooms, people, _, income, value = np.split(columns, 9, axis=1)
    derived = (income, age, rooms / households, bedrooms / households, people, people / households, latitude, longitude)
    return Made(x=np.hstack(derived).astype(np.float32), y=(value[:, 0] / 100_000).astype(np.float32), about=about)


def _columns(path: Path, content: bytes) -> NDArray[np.float64]:
    """Return the nine numbers of each line, (N, 9)."""
    import numpy as np

    try:
        columns = np.loadtxt(io.BytesIO(content), delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise RequestError(f"{path}: expected nine numbers with commas in each line ({error})") from error
    if columns.shape[1:] != (9,) or not len(columns):
        raise RequestError(
            f"{path}: expected {INSIDE} of {ARCHIVE.name}, nine numbers with commas in each line, "
            f"found {len(columns)} lines of {columns.shape[1]}"
        )
    if not np.isfinite(columns).all() or (columns[:, 6] <= 0).any():
        raise RequestError(f"{path}: expected finite numbers and at least one household in each line, found others")
    return columns
