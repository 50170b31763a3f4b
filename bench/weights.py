"""What samples and classes count in training: ``train.class_weight`` and ``train.sample_weight``, settled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Prepared, Splits
from bench.errors import RequestError, nearest
from bench.hyperparameters import FLOAT32_MOST


def of_classes(given: Any, prepared: Prepared, splits: Splits) -> list[float]:
    """Return a weight for each class, or [] where all count alike; ``given`` is ``train.class_weight``."""
    if given is None:
        return []
    key = f"train.class_weight={_shown(given)}"
    if not prepared.classes:
        raise RequestError(f"{key}: {prepared.name} is a regression and has no classes; leave it at null")
    if given == {}:
        raise RequestError(f"{key}: names no class; leave it at null, or give one a weight")
    if given == "balanced":
        return list(splits.class_weights)
    forms = "say balanced, a list with a number for each class, or names of classes with a number each"
    if isinstance(given, Mapping):
        named = {str(name): value for name, value in given.items()}
        for name in named:
            if name not in prepared.classes:
                raise RequestError(
                    f"{key}: {prepared.name} has no class '{name}'{nearest(name, prepared.classes)} "
                    f"(it has: {', '.join(prepared.classes)})"
                )
        values = [named.get(name, 1.0) for name in prepared.classes]
    elif isinstance(given, list):
        if len(given) != len(prepared.classes):
            raise RequestError(
                f"{key}: {prepared.name} has {len(prepared.classes)} classes ({', '.join(prepared.classes)}), and this "
                f"has {len(given)} weights; {forms}"
            )
        values = given
    else:
        raise RequestError(f"{key}: {forms}")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < FLOAT32_MOST:
            raise RequestError(f"{key}: {value} is no weight; a weight is a number of at least 0, finite as a float32")
    if not any(values):
        raise RequestError(f"{key}: leaves no class that counts; give one a weight above 0")
    return [float(value) for value in values]


def of_samples(given: str | None, prepared: Prepared, splits: Splits, pipeline: str) -> NDArray[np.float32] | None:
    """Return a weight for each sample, (N,), or None where all count alike; ``given`` is ``train.sample_weight``."""
    if given is None:
        return None
    key = f"train.sample_weight={given}"
    path = Path(given).expanduser()
    if not path.is_file():
        raise RequestError(f"{key}: there is no such file; numpy.save('weights.npy', weights) writes one")
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RequestError(f"{key}: cannot be read as a .npy file ({str(error).splitlines()[0]})") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise RequestError(f"{key}: holds no numbers; numpy.save('weights.npy', weights) writes such a file")
    if found.shape != (prepared.num_samples,):
        raise RequestError(
            f"{key}: has the shape {found.shape}, and {prepared.name} has {prepared.num_samples:,} samples: there must "
            f"be one weight for each, ({prepared.num_samples},), in their order, those to validate and test with too"
        )
    with np.errstate(over="ignore"):
        weights = found.astype(np.float32)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise RequestError(
            f"{key}: the weight of sample {wrong[0]} is {found[wrong[0]]}; each must be at least 0 and finite as a "
            "float32"
        )
    if not weights[splits.train].any():
        raise RequestError(f"{key}: leaves no sample to train on that counts; give one a weight above 0")
    if pipeline == "tfrecord":
        raise RequestError(f"{key}: records of pipeline=tfrecord have no place for a weight; take pipeline=memory")
    return weights


def _shown(given: Any) -> str:
    return str(given).replace("'", "")
