"""What a loss comes out as where it falls into a known trap: so that a wrong one is not only found, but named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from frameworks.reference.losses import LOSSES, OPTIONS, batch_loss, softmax

SAME = 1e-7
"""Two losses are the same where they are no further apart than this, as a share."""


def named(
    found: float,
    name: str,
    outputs: np.ndarray,
    labels: np.ndarray,
    options: Mapping[str, Any],
    weights: np.ndarray | None,
) -> str:
    """Return in words which mistake makes the loss of a batch come out as `found`; nothing where none of these does.

    The rest is as in `batch_loss`.
    """
    options = {key: OPTIONS[key] for key in LOSSES[name].options} | dict(options)
    right = batch_loss(name, outputs, labels, options, weights)
    with np.errstate(all="ignore"):
        for words, value in _mistakes(name, outputs, labels, options, weights):
            if abs(found - value) <= SAME * abs(value) < abs(value - right):
                return words
    return ""


def _mistakes(
    name: str, outputs: np.ndarray, labels: np.ndarray, options: Mapping[str, Any], weights: np.ndarray | None
) -> Iterator[tuple[str, float]]:
    """Yield mistakes, each with the loss that it makes of the batch; some of them are none here."""
    losses, right = LOSSES[name], batch_loss(name, outputs, labels, options, weights)
    if weights is None:
        yield "the sum of the losses, not divided by the batch's size", right * len(labels)
    else:
        yield "the sum of the weighted losses divided by the sum of the weights", right * len(weights) / weights.sum()
        yield "the sum of the weighted losses, not divided by the batch's size", right * len(weights)
        yield "the weights left out", batch_loss(name, outputs, labels, options)
    if name == "huber":
        yield "Huber's loss divided by delta, as SmoothL1Loss has it", right / options["huber_delta"]
    for key in losses.options:
        yield f"{key} left out", batch_loss(name, outputs, labels, {**options, key: OPTIONS[key]}, weights)
    if name.endswith("categorical_crossentropy"):
        yield "a softmax taken twice", batch_loss(name, softmax(outputs), labels, options, weights)
        # Of the whole share, K/(K - 1) times as much spread over all classes leaves the label's own at 1 - ε.
        share = options["label_smoothing"] * outputs.shape[-1] / (outputs.shape[-1] - 1)
        others = batch_loss(name, outputs, labels, {**options, "label_smoothing": share}, weights)
        yield "label smoothing spread over the other classes alone, ε/(K - 1) each, not ε/K over all", others
    if losses.tasks == ("regression",):
        every = [losses.each(np.full((len(labels), 1), output), labels, **options) for output in outputs[:, 0]]
        yield "every output held against every target", float(np.mean(every))
