"""The kinds of what may spoil a number, and of which trial a warning speaks."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What may be wrong; stored as `RunWarning.kind`."""

    SINGLE_REPEAT = "single_repeat"
    FEW_REPEATS = "few_repeats"
    OTHER_LOAD = "other_load"
    SWAPPING = "swapping"
    THROTTLED = "throttled"
    HOT = "hot"
    STEAL = "steal"
    DRIFT = "drift"
    OUTLIERS = "outliers"
    UNEQUAL_THREADS = "unequal_threads"
    SYNTHETIC_DATA = "synthetic_data"
    UNCERTIFIED = "uncertified"
    DIVERGED = "diverged"
    SAME_PADDING = "same_padding"
    COLLAPSE = "collapse"
    RETRACES = "retraces"
    UNEQUAL_BLAS = "unequal_blas"
    UNSETTLED = "unsettled"
    CROWDED = "crowded"
    INTERRUPTED = "interrupted"
    PAGE_FAULTS = "page_faults"
    GPU_SHARED = "gpu_shared"
    GPU_SLOWED = "gpu_slowed"
    GOVERNOR = "governor"
    BUSY_AT_START = "busy_at_start"
    GPU_BUSY_AT_START = "gpu_busy_at_start"
    UNLOCKED = "unlocked"


def place(contender: str, repeat: int) -> str:
    """Say of what a warning speaks: a trial, or a repeat whose contenders took turns."""
    return f"{contender}, repeat {repeat + 1}" if contender else f"repeat {repeat + 1}"
