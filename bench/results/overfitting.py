"""Overfitting: the validation loss has turned and rises, while the training loss still falls.

Over a contender's repeats the mean validation loss is lowest after some epoch. Its rise from there to the end of
training is Prechelt's *generalisation loss*. One epoch may be luck, and the lowest of many is, so neither end is one
alone: from the median of the epochs around the lowest to the mean of the last epochs, a sixth of the training each, or
`END`. Training is called overfitted where that rise

- is at least `LEAST` of the lowest loss,
- is above what the repeats scatter by: the 95 % interval over them excludes zero (one repeat alone has none),
- is above `JITTER` times what it scatters by itself, as curves scatter from one epoch to the next: where a noisy curve
  is lowest is chance, and an interval that starts from there does not know that,

and the training loss is lower at the end than it was then. A training that has not begun to rise says nothing.

Sources: L. Prechelt, "Early stopping – but when?", in: Neural Networks: Tricks of the Trade, LNCS 1524 (1998), for the
generalisation loss and for asking strips of epochs; I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning" (2016),
7.8, for the two curves; J. von Neumann, "Distribution of the ratio of the mean square successive difference to the
variance", Annals of Mathematical Statistics 12 (1941), for scatter around a trend from differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.results import blocks, stats
from bench.results import format as formats
from bench.results.schema import Results, Trial
from bench.results.stats import Interval
from bench.results.summary import names

HEADING = "Overfitting"
END = 3
"""Epochs at least whose mean is the end of a training; the lowest validation loss lies before them."""

LEAST = 0.01
"""The least rise that is told of, as a share of the lowest validation loss: the mildest that Prechelt stops at."""

JITTER = 3.0
"""How many times its own scatter the rise must be."""

Curves = NDArray[np.float64]
"""Losses by repeat and epoch, (repeats, epochs)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overfit:
    """How one contender's training went too far."""

    contender: str
    epoch: int
    """After which the mean validation loss was lowest, counted from 1."""
    epochs: int
    lowest: float
    """Validation loss there: the median of the epochs around it, the mean over repeats."""
    last: float
    """The same at the end."""
    rise: Interval
    """The difference of the two, paired by repeat."""
    train_then: float
    """Mean training loss of that epoch."""
    train_last: float


def overfit(results: Results, contender: str) -> Overfit | None:
    """Return how the training of `contender` overfitted, or None where it did not, or nothing is known of it."""
    found = [_curves(trial) for trial in blocks.good(results.trials, contender).values()]
    known = [item for item in found if item is not None]
    epochs = max((item.shape[1] for item in known), default=0)
    end = max(END, epochs // 6)
    if epochs <= end:
        return None
    both = np.stack([item for item in known if item.shape[1] == epochs])
    train, val = both[:, 0], both[:, 1]
    best = int(val.mean(axis=0).argmin())
    around = val[:, max(best - end // 2, 0) : best + end // 2 + 1]
    lows, ends = np.median(around, axis=1), val[:, -end:].mean(axis=1)
    rise = stats.paired_difference(ends.tolist(), lows.tolist())
    item = Overfit(
        contender=contender,
        epoch=best + 1,
        epochs=epochs,
        lowest=float(lows.mean()),
        last=float(ends.mean()),
        rise=rise,
        train_then=float(train[:, best].mean()),
        train_last=float(train[:, -end:].mean()),
    )
    # The variance of a normal sample's median is π/2 times its mean's.
    own = scatter(val) * (1 / end + np.pi / 2 / around.shape[1]) ** 0.5
    risen = rise.estimate > max(JITTER * own, LEAST * abs(item.lowest))
    above = rise.low is None or rise.low > 0
    return item if best < epochs - end and risen and above and item.train_last < item.train_then else None


def scatter(curves: Curves) -> float:
    """Return the standard deviation of `curves` around their own trend, from one epoch to the next.

    From second differences, which a straight rise or fall leaves at zero; their median, because the first epochs bend
    more than noise does. Zero for fewer than three epochs.
    """
    bends = np.abs(np.diff(curves, n=2, axis=1))
    # Of normal noise, second differences have six times its variance, and half are below 0.6745 of their deviation.
    return float(np.median(bends)) / (0.6745 * 6**0.5) if bends.size else 0.0


def sentences(results: Results) -> list[str]:
    """Return one sentence for each contender whose training overfitted."""
    found = [overfit(results, name) for name in names(results)]
    return [_told(item) for item in found if item is not None]


def _curves(trial: Trial) -> Curves | None:
    """Return the (2, epochs) losses of training and validation; None where one is missing or no number."""
    train, val = (trial.curves.get(name, []) for name in ("train_loss", "val_loss"))
    if not val or len(train) != len(val):
        return None
    both = np.array([train, val], dtype=np.float64)  # what was no number is None, and becomes one again
    return both if np.isfinite(both).all() else None


def _told(item: Overfit) -> str:
    low, high = item.rise.low, item.rise.high
    repeats = formats.count(item.rise.repeats, "repeat")
    reach = "" if low is None else f", 95 % interval of the rise {formats.loss(low)} to {formats.loss(high)}"
    risen = formats.percent((item.last - item.lowest) / item.lowest, 0) if item.lowest else "above nothing"
    fallen = formats.percent(1 - item.train_last / item.train_then, 0)
    return (
        f"{item.contender} overfits: from epoch {item.epoch} on its validation loss rose by {risen} while its training "
        f"loss fell by {fallen} ({formats.loss(item.lowest)} around epoch {item.epoch} of {item.epochs}, "
        f"{formats.loss(item.last)} at the end{reach}, {repeats}; train.epochs={item.epoch} ends there)"
    )
