"""What a prepared dataset is: facts about it, arrays in a folder, and the three splits of its samples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    """``classification``, ``binary`` (two classes in one logit) or ``regression``."""
    classes: tuple[str, ...]
    """The classes' names; label k means ``classes[k]``; empty in a regression."""
    official: tuple[int, int, int] | None
    """How many samples the official training, validation and test sets have; they lie in this order. No validation or
    no test samples: they are taken from what comes before. None: one pool."""
    value_range: tuple[float, float] | None
    """The least and the greatest value a raw pixel can have; None in a table."""
    licence: str
    """The licence the samples are under."""
    citation: str
    """How to cite them."""
    note: str = ""
    """What a reader of the results must know about these samples, if anything: it stands beside every accuracy."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else was found out when the samples were prepared, in words, by heading: for the report."""

    @property
    def outputs(self) -> int:
        """How many numbers a network gives for a sample: a logit for each of several classes, else one."""
        return len(self.classes) if self.task == "classification" else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What building a dataset gives: the arrays, and what is known about them."""

    x: NDArray[Any]
    """Images, uint8 (N, H, W, C), or a table, float32 (N, F); may be a memory map of ``x.npy`` in the folder given."""
    y: NDArray[Any]
    """Labels, int32 (N,), or targets, float32 (N,)."""
    about: About
    groups: NDArray[Any] | None = None
    """Who a sample is of (a patient, a place, a film), int32 (N,): a split never divides them."""
    files: Files | None = None
    """The file each sample was read from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The image files of a dataset, one for each sample."""

    root: str
    """Absolute folder."""
    names: tuple[str, ...]
    """Relative to `root`, with ``/``, in the order of the samples."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared(About):
    """A dataset as arrays on disk: `folder` holds ``x.npy``, ``y.npy`` and ``manifest.json``."""

    folder: Path
    """``x.npy`` and ``y.npy`` are as in `Made`; both can be memory-mapped."""
    input_shape: tuple[int, ...]
    """One sample's shape, (H, W, C) or (F,)."""
    num_samples: int
    """N: the samples of all splits together."""
    checksum: str
    """SHA-256 over the bytes of x, then y."""

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return x (N, H, W, C) or (N, F) and y (N,), memory-mapped and read-only."""
        import numpy as np

        x: NDArray[Any] = np.load(self.folder / "x.npy", mmap_mode="r", allow_pickle=False)
        y: NDArray[Any] = np.load(self.folder / "y.npy", mmap_mode="r", allow_pickle=False)
        return x, y

    def groups(self) -> NDArray[np.int32] | None:
        """Return who each sample is of, (N,), or None where that is not known."""
        import numpy as np

        path = self.folder / "groups.npy"
        return np.load(path, allow_pickle=False) if path.exists() else None

    def files(self) -> Files | None:
        """Return the file of each sample, or None where there are none."""
        path = self.folder / "files.json"
        if not path.exists():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return Files(root=found["root"], names=tuple(found["names"]))


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
    """For ``train``, ``val`` and ``test``: the number of samples of each class; of all of them in a regression."""
    class_weights: tuple[float, ...] = ()
    """Balanced, from the training split: samples ÷ (classes × samples of the class); empty in a regression."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What splitting found out, in words, by heading: groups kept whole, the overlap that was avoided."""


class Dataset(Protocol):
    """What the module of a dataset offers."""

    OFFICIAL_TEST: bool
    """True when the dataset always brings its own test set."""

    @staticmethod
    def prepare(options: Mapping[str, Any], progress: Progress | None) -> Prepared:
        """Return the dataset that `options` asks for; raise `RequestError` where it cannot be had."""
        ...
