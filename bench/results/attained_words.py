"""The sentence about work: what a contender's training step achieves, of what it could."""

from __future__ import annotations

from bench.results import format as formats
from bench.results import words
from bench.results.attained import Attained


def sentence(found: Attained) -> str:
    """Return what one contender's step achieves, and which share that is of a large matrix product's rate."""
    work = f"{formats.flops(found.flops)} of matrix products and convolutions per step"
    head = f"{found.contender}: {work}, at {formats.flop_rate(found.achieved.estimate)}"
    if found.share is None or found.attainable is None:
        return f"{head} (no large matrix product was clocked to hold it against)"
    size = f"{found.size} × {found.size}" if found.size else "large"
    share, repeats = found.share, formats.count(found.share.repeats, "repeat")
    if share.low is None or share.high is None:
        reach = f"{repeats}, no interval"
    else:
        count = f"wide at {repeats}" if share.repeats <= words.FEW else repeats
        reach = f"95 % interval {percent(share.low)} to {percent(share.high)}, {count}"
    return (
        f"{head}: {percent(share.estimate)} of the {formats.flop_rate(found.attainable.estimate)} "
        f"that a {size} matrix product reaches in the same process ({reach})"
    )


def percent(share: float) -> str:
    """Return a share in percent with two significant digits: an interval on the log scale may end far from it."""
    return f"{formats.significant(100 * share, 2)} %"
