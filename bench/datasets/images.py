"""Decodes many image files once, in threads, straight into ``x.npy``.

Pillow releases the interpreter's lock while it decodes and resizes, so threads use every core. Each writes its images
at their place in the file, not into a memory map: what is in memory does not grow with the number of images.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench import machine
from bench.datasets.cache import new_array
from bench.datasets.decoding import decode, fault
from bench.datasets.folders import Entry, Source
from bench.datasets.prepared import Progress
from bench.datasets.resize import ImageOptions
from bench.errors import RequestError

BLOCK_BYTES = 1 << 24
"""Rows are moved in blocks of so many bytes at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """What came of decoding files into ``x.npy``."""

    x: NDArray[np.uint8]
    """The images, (N, H, W, C), in the order of the files; those that could not be read are left out."""
    kept: NDArray[np.int64]
    """(N,): which of the files these are."""
    bad: dict[int, str]
    """Why, for each file that could not be read as an image."""
    contents: dict[int, bytes]
    """A digest of its content, for each file of the same size as another one."""
    sizes: set[tuple[int, int]]
    """The sizes (H, W) that the files have."""


def decode_all(
    source: Source,
    entries: Sequence[Entry],
    folder: Path,
    wanted: ImageOptions,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Decoded:
    """Decode `entries` of `source` into ``folder/x.npy``, in their order, in `workers` threads (None: one per core).

    Without ``wanted.size`` all must have the size of the first that can be read; `RequestError` where they do not, and
    where none can be read.
    """
    Image.init()  # Here, not in several threads at once.
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which do not matter, and of large images, which `decode` refuses itself.
        warnings.simplefilter("ignore")
        size = wanted.size or _first_size(source, entries, wanted)
        shape = (*size, 3 if wanted.channels == "rgb" else 1)
        path = folder / "x.npy"
        new_array(path, (len(entries), *shape), "uint8")
        work = _Work(source=source, entries=entries, wanted=wanted, size=size, row_bytes=prod(shape))
        work.run(path, workers or machine.cores(), progress)
    kept = np.array([number for number in range(len(entries)) if number not in work.bad], np.int64)
    if work.bad and len(kept):
        _close_gaps(path, kept)
    x = np.lib.format.open_memmap(path, "r")
    return Decoded(x=x, kept=kept, bad=dict(sorted(work.bad.items())), contents=work.contents, sizes=work.sizes)


def _first_size(source: Source, entries: Sequence[Entry], wanted: ImageOptions) -> tuple[int, int]:
    for entry in entries:
        try:
            return decode(source.read(entry.name), wanted)[1]
        except Exception:
            continue  # It is named with all the others.
    raise RequestError(f"dataset.root={source.where}: none of its {len(entries):,} files can be read as an image")


@dataclass(kw_only=True, slots=True)
class _Work:
    """What the threads share; each takes the next file until there is none."""

    source: Source
    entries: Sequence[Entry]
    wanted: ImageOptions
    size: tuple[int, int]
    row_bytes: int
    bad: dict[int, str] = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    faults: list[BaseException] = field(default_factory=list)
    stop: bool = False
    done: list[int] = field(default_factory=list)
    """How many files each thread has done: no thread writes another's number, so that their sum never falls."""

    def run(self, path: Path, workers: int, progress: Progress | None) -> None:
        """Do all of it; an interrupt, or a fault that is no file's own, ends every thread and is raised."""
        offset = path.stat().st_size - len(self.entries) * self.row_bytes
        twins, numbers = _shared_sizes(self.entries), itertools.count()
        with path.open("r+b") as out:
            arguments = (numbers, out.fileno(), offset, twins)
            self.done = [0] * workers
            threads = [
                threading.Thread(target=self._take, args=(slot, *arguments), daemon=True) for slot in range(workers)
            ]
            for thread in threads:
                thread.start()
            try:
                self._wait(threads, progress)
            finally:
                self.stop = True
                for thread in threads:
                    thread.join()
        if self.faults:
            raise self.faults[0]

    def _wait(self, threads: Sequence[threading.Thread], progress: Progress | None) -> None:
        # Told from here alone: what shows the progress need not know of threads.
        total = len(self.entries)
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
                if progress:
                    progress("decoding images", sum(self.done), total)
        if progress:
            progress("decoding images", total, total)

    def _take(self, slot: int, numbers: itertools.count[int], out: int, offset: int, twins: frozenset[int]) -> None:
        try:
            while not self.stop and (number := next(numbers)) < len(self.entries):
                pixels = self._pixels(number, twins)
                if pixels is not None:
                    _write(out, pixels, offset + number * self.row_bytes)
                self.done[slot] += 1
        except BaseException as error:  # A full disk, say: nothing that is one file's own.
            self.faults.append(error)
            self.stop = True

    def _pixels(self, number: int, twins: frozenset[int]) -> bytes | None:
        entry = self.entries[number]
        try:
            content = self.source.read(entry.name)
            if entry.size in twins:
                self.contents[number] = hashlib.md5(content, usedforsecurity=False).digest()
            image, before = decode(content, self.wanted)
            pixels = image.tobytes()
        except Exception as error:  # Pillow's readers of damaged files raise nearly anything.
            self.bad[number] = fault(error)
            return None
        if self.wanted.size is None and before != self.size:
            raise RequestError(
                f"{self.source.where}/{entry.name}: has {before[0]} x {before[1]} pixels, other images "
                f"{self.size[0]} x {self.size[1]}; say what size all shall have, such as dataset.size=64"
            )
        self.sizes.add(before)
        return pixels


def _write(out: int, content: bytes, offset: int) -> None:
    while content:
        written = os.pwrite(out, content, offset)
        content, offset = content[written:], offset + written


def _shared_sizes(entries: Sequence[Entry]) -> frozenset[int]:
    """Return the file sizes that come more than once: only such files can have the same content."""
    seen: set[int] = set()
    shared: set[int] = set()
    for entry in entries:
        (shared if entry.size in seen else seen).add(entry.size)
    return frozenset(shared)


def _close_gaps(path: Path, kept: NDArray[np.int64]) -> None:
    """Write ``x.npy`` anew with the rows `kept`."""
    old = np.lib.format.open_memmap(path, "r")
    part = path.with_name("x.part.npy")
    new = np.lib.format.open_memmap(part, "w+", np.uint8, (len(kept), *old.shape[1:]))
    step = max(1, BLOCK_BYTES // prod(old.shape[1:]))
    for begin in range(0, len(kept), step):
        new[begin : begin + step] = old[kept[begin : begin + step]]
    new.flush()
    part.replace(path)
