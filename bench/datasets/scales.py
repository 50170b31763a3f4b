"""How the model's input is scaled: the numbers behind ``dataset.scaling`` and ``dataset.target``.

The samples stay as they are; ``x * scale + offset`` is the first thing a model does. Statistics are those of the
training split alone, and the same to the last bit on every machine.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets.cache import write_json
from bench.datasets.options import choice, is_number, show
from bench.datasets.prepared import Prepared, Splits
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK_BYTES = 1 << 23
"""So much of the training split is in memory at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaling:
    """``dataset.scaling`` as it was meant; the fields that do not belong to `kind` are empty."""

    kind: str
    """``interval``, ``given``, ``standard`` or ``none``."""
    interval: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()


def wanted(options: Mapping[str, Any]) -> Scaling:
    """Return ``dataset.scaling``, checked as far as it can be without the data."""
    value = options.get("scaling")
    if value in ("standard", "none"):
        return Scaling(kind=str(value))
    if value == "unit":
        return Scaling(kind="interval")
    if isinstance(value, list | tuple) and len(value) == 2 and all(_is_finite(number) for number in value):
        if value[0] < value[1]:
            return Scaling(kind="interval", interval=(float(value[0]), float(value[1])))
    elif isinstance(value, Mapping) and value.keys() == {"mean", "deviation"}:
        mean, deviation = _numbers(value["mean"]), _numbers(value["deviation"])
        if mean and len(mean) == len(deviation) and min(deviation) > 0:
            return Scaling(kind="given", mean=mean, deviation=deviation)
    raise RequestError(
        f"dataset.scaling={show(value)}: must be unit (from 0 to 1); or [low, high] with low < high, such as [-1,1]; "
        "or standard (the training split's mean 0 and deviation 1); or {mean: [0.5], deviation: [0.25]}, one for each "
        "channel; or none"
    )


def scaling(prepared: Prepared, options: Mapping[str, Any], splits: Splits) -> tuple[list[float], list[float]]:
    """Return (scale, offset) of ``x * scale + offset``: one number for all, or one for each channel or feature.

    Raises `RequestError` where ``dataset.scaling`` does not fit the data.
    """
    asked = wanted(options)
    if asked.kind == "none":
        return [1.0], [0.0]
    if asked.kind == "standard":
        return _standard(*statistics(prepared, splits)["x"])
    if prepared.value_range is None:
        raise RequestError(
            f"dataset.scaling={show(options['scaling'])}: is for images, and {prepared.title} is a table, whose "
            "features have no common range; say dataset.scaling=standard or dataset.scaling=none"
        )
    least, most = prepared.value_range
    if asked.kind == "interval":
        low, high = asked.interval
        scale = (high - low) / (most - least)
        return [scale], [low - least * scale]
    channels = prepared.input_shape[-1]
    if len(asked.mean) not in (1, channels):
        raise RequestError(
            f"dataset.scaling={show(options['scaling'])}: has {len(asked.mean)} numbers, and {prepared.title} has "
            f"{channels} channel{'s' * (channels > 1)}; give one for each, or one for all"
        )
    scales = [1 / ((most - least) * deviation) for deviation in asked.deviation]
    return scales, [-mean / dev - least * by for mean, dev, by in zip(asked.mean, asked.deviation, scales, strict=True)]


def target_scaling(prepared: Prepared, options: Mapping[str, Any], splits: Splits) -> tuple[float, float]:
    """Return (scale, offset) of a regression's target, ``y * scale + offset``, by ``dataset.target``."""
    if prepared.task != "regression" or target(options) == "raw":
        return 1.0, 0.0
    (scale,), (offset,) = _standard(*statistics(prepared, splits)["y"])
    return scale, offset


def target(options: Mapping[str, Any]) -> str:
    """Return ``dataset.target``, ``raw`` or ``standard``; a dataset without the option has raw labels."""
    return choice(options, "target", ("raw", "standard")) if "target" in options else "raw"


def statistics(prepared: Prepared, splits: Splits) -> dict[str, tuple[list[float], list[float]]]:
    """Return mean and deviation of the training split: ``x`` by channel or feature, ``y`` (one number) in a regression.

    Kept beside the arrays, so that a later run with the same split need not read them.
    """
    path = prepared.folder / f"statistics-{hashlib.sha256(splits.train.tobytes()).hexdigest()[:16]}.json"
    with suppress(OSError, ValueError, KeyError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["checksum"] == prepared.checksum:
            return {name: (kept[name][0], kept[name][1]) for name in ("x", "y")}
    x, y = prepared.arrays()
    found = {"x": _of_images(x, splits.train) if x.ndim == 4 else _of_table(x, splits.train)}
    found["y"] = _of_table(y[:, None], splits.train) if prepared.task == "regression" else ([0.0], [1.0])
    _keep(path, {"checksum": prepared.checksum, **found})
    return found


def _keep(path: Path, content: Any) -> None:
    with suppress(OSError):  # A cache that can only be read serves as well, more slowly.
        write_json(path, content)


def _of_images(x: NDArray[np.uint8], train: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """Count how often each channel has each of the 256 values: the sums are whole numbers, and exact."""
    import numpy as np

    channels = x.shape[-1]
    counts = np.zeros((channels, 256), np.int64)
    for block in _blocks(x, train):
        for channel in range(channels):
            counts[channel] += np.bincount(block[..., channel].ravel(), minlength=256)
    values = np.arange(256, dtype=np.int64)
    number = int(counts[0].sum())
    sums, squares = (counts @ values).tolist(), (counts @ values**2).tolist()
    means = [total / number for total in sums]
    variances = [(number * square - total**2) / number**2 for total, square in zip(sums, squares, strict=True)]
    return means, [math.sqrt(variance) for variance in variances]


def _of_table(x: NDArray[np.float32], train: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """Add row to row in float64 (cumsum never reorders), first for the mean, then for the deviation from it."""
    import numpy as np

    def total(change: Any) -> NDArray[np.float64]:
        sums = np.zeros(x.shape[1])
        for block in _blocks(x, train):
            sums = np.cumsum(np.vstack([sums[None], change(block.astype(np.float64))]), axis=0)[-1]
        return sums

    mean = total(lambda block: block) / len(train)
    deviation = np.sqrt(total(lambda block: (block - mean) ** 2) / len(train))
    return mean.tolist(), deviation.tolist()


def _blocks(x: NDArray[Any], index: NDArray[np.int64]) -> Any:
    step = max(1, BLOCK_BYTES // max(1, x[0].nbytes))
    return (x[index[begin : begin + step]] for begin in range(0, len(index), step))


def _standard(means: Sequence[float], deviations: Sequence[float]) -> tuple[list[float], list[float]]:
    """What never varies is only centred: there is no deviation to divide by."""
    scales = [1 / deviation if deviation > 0 else 1.0 for deviation in deviations]
    return scales, [-mean * scale for mean, scale in zip(means, scales, strict=True)]


def _numbers(value: Any) -> tuple[float, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(float(number) for number in listed) if all(_is_finite(number) for number in listed) else ()


def _is_finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)
