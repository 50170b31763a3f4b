"""What a prepared dataset is: facts about it, arrays in a folder, and the three splits of its samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Progress = Callable[[str, int, int], None]
"""Called with (what is going on, done, total); bytes in a download; total 0 where there is no telling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What is known of a dataset beside its arrays."""

    name: str
    """The dataset's name in ``conf/dataset``."""
    title: str
    """What to call it on screen and in a report; a stand-in is called so here too."""
    source: str
    """Where these samples come from, in words."""
    synthetic: bool
    """True when the samples are made up: then no accuracy says anything about the real dataset."""
    task: str
    """``classification``."""
    classes: tuple[str, ...]
    """The classes' names; label k means ``classes[k]``."""
    num_train_official: int | None
    """The first so many samples are the official training set, the others the test set; None: one pool."""
    value_range: tuple[float, float]
    """The least and the greatest value a raw pixel can have."""
    licence: str
    """The licence the samples are under."""
    citation: str
    """How to cite them."""
    note: str = ""
    """What a reader of the results must know about these samples, if anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared(About):
    """A dataset as arrays on disk: `folder` holds ``x.npy``, ``y.npy`` and ``manifest.json``."""

    folder: Path
    """``x.npy`` is uint8, (N, H, W, C); ``y.npy`` is int32, (N,); both can be memory-mapped."""
    input_shape: tuple[int, int, int]
    """One sample's shape (H, W, C)."""
    num_samples: int
    """N: the samples of all splits together."""
    checksum: str
    """SHA-256 over the bytes of x, then y."""

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Return x (N, H, W, C) and y (N,), memory-mapped and read-only."""
        import numpy as np

        x: NDArray[np.uint8] = np.load(self.folder / "x.npy", mmap_mode="r", allow_pickle=False)
        y: NDArray[np.int32] = np.load(self.folder / "y.npy", mmap_mode="r", allow_pickle=False)
        return x, y


@dataclass(frozen=True, kw_only=True, slots=True)
class Splits:
    """Which samples train, validate and test: int64 indices into x.npy and y.npy, ascending, disjoint."""

    train: NDArray[np.int64]
    """Samples to train on."""
    val: NDArray[np.int64]
    """Samples to validate on after each epoch."""
    test: NDArray[np.int64]
    """Samples to test on."""
    counts: Mapping[str, tuple[int, ...]]
    """For ``train``, ``val`` and ``test``: the number of samples of each class."""


class Dataset(Protocol):
    """What the module of a dataset offers."""

    OFFICIAL_TEST: bool
    """True when the dataset brings its own test set."""

    @staticmethod
    def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
        """Return the dataset that `options` asks for; raise `RequestError` where it cannot be had."""
        ...
