"""Arrays that a run left as ``.npy``: mapped, never unpickled, and nothing outside the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.results.folder import inside


class ArrayError(ValueError):
    """A file that does not hold the array it should; the message says why."""


def mapped(folder: Path, name: str) -> npt.NDArray[Any]:
    """Return the array in the file `name` below `folder`, as it lies on disk.

    Raises `FileNotFoundError` where there is no such file, `ArrayError` where it holds anything else.
    """
    place = Path(name)
    try:
        # Mapped: a header that promises more than the file holds is refused before anything is taken from memory.
        found = np.load(inside(folder, str(place.parent), place.name), mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    except Exception as error:  # a hostile or half-written file can raise anything in a parser
        raise ArrayError(f"unreadable ({type(error).__name__})") from error
    if not isinstance(found, np.ndarray):
        raise ArrayError("no array")
    return found
