"""What training reads from, as the request's pipeline says."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from frameworks.augment import active
from frameworks.contract import Request
from frameworks.tf.input import Samples
from frameworks.tf.resident import resident


class Source(Protocol):
    """One input pipeline."""

    @property
    def reads(self) -> str:
        """When it reads: ``ahead``, beside the computation; ``in turn``, between two steps; ``in the step``."""

    def batches(
        self, orders: np.ndarray, batch_size: int, drop_last: bool, epoch: tf.Variable | None = None
    ) -> tf.data.Dataset:
        """Return the batches of all epochs, or of the one that `epoch` says when an iterator begins.

        `orders` (epochs, n) counts the samples of the split from 0.
        """

    def named(self) -> AbstractContextManager[None]:
        """Return a context in which an unreadable sample is named."""


def source(request: Request, samples: Samples, split: str, device: str) -> Source:
    """Return the source that the request asks for; `samples` are those of `split`."""
    pipeline: dict[str, Any] = request.pipeline | {"seed": request.train["seed"]}
    shape = tuple(request.samples.input_shape)
    name = pipeline.get("name", "memory")
    if name == "files":
        from frameworks.tf.files import Files

        return Files(request.samples, split, pipeline, shape)
    if name == "tfrecord":
        from frameworks.tf.records import Records

        records = Records(request.samples, split, pipeline, shape)
        records.leave_pictures(Path(request.folder))
        return records
    samples = replace(samples, workers=pipeline.get("workers"))
    if active(pipeline.get("augment", {})):
        from frameworks.tf.augment import augmentation

        changes = augmentation(pipeline["augment"], shape, pipeline["seed"], request.samples.brightest)
        samples = replace(samples, augment=changes)
    if name == "device":
        return resident(samples, device)
    return samples
