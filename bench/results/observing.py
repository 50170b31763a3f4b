"""What observing costs: a step that is waited for singly (latency clock) against steps in a row (throughput clock).

Both clocks run in one trial on one batch, so the ratio is taken inside the trial, and the interval is over trials. It
has two parts that no clock parts: the synchronisation itself, and the work that would have overlapped. The latency is
a median over steps and the throughput a mean within each block: steps that are slow now and then are in the second
alone, so that on a noisy machine the difference is too small, or below nothing.
"""

from __future__ import annotations

from bench.results import blocks, stats
from bench.results import format as formats
from bench.results.blocks import sound
from bench.results.schema import Results
from bench.results.stats import Interval
from bench.results.summary import names

TENFOLD = 10
"""An interval that reaches beyond so many times says nothing that its ends would."""


def cost(results: Results, contender: str) -> Interval | None:
    """Return latency ÷ throughput clock of a contender's step, paired by trial; None where no trial has both."""
    found = blocks.good(results.trials, contender).values()
    both = [(trial.quantity("latency_p50_seconds"), trial.step_seconds) for trial in found]
    pairs = [(one, other) for one, other in both if sound(one) and sound(other)]
    return stats.paired_ratio([one for one, _ in pairs], [other for _, other in pairs]) if pairs else None


def sentences(results: Results) -> list[str]:
    """Return one sentence over all contenders, or none where nothing was clocked.

    None for a CPU either: there a step's call returns when it is done, and nothing is waited for. What the two clocks
    still differ by is how each averages over noise.
    """
    if results.conditions.get("device") == "cpu":
        return []
    found = {name: interval for name in names(results) if (interval := cost(results, name)) is not None}
    told = [_told(name, interval) for name, interval in found.items()]
    return [f"waiting for every step costs {', '.join(told)}"] if told else []


def _told(name: str, found: Interval) -> str:
    repeats = formats.count(found.repeats, "repeat")
    if found.low is None or found.high is None:
        return f"{name} {share(found.estimate)} ({repeats}, no interval)"
    reach = f"95 % interval {share(found.low)} to {share(found.high)}, {repeats}"
    if not 1 / TENFOLD <= found.low <= found.high <= TENFOLD:
        reach = f"95 % interval beyond a factor of {TENFOLD}, {repeats}"
    if not found.resolved(1.0):
        return f"{name} nothing that is resolved ({reach})"
    return f"{name} {share(found.estimate)}{', less than nothing' if found.estimate < 1 else ''} ({reach})"


def share(ratio: float) -> str:
    """Return a ratio as the change it stands for: 1.031 is "3.1 %", 0.98 "−2.0 %"."""
    change = abs(ratio - 1)
    shown = formats.percent(change) if change < 1 else f"{formats.significant(100 * change, 2)} %"
    return f"{'−' if ratio < 1 else ''}{shown}"
