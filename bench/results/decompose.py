"""Compute, input, loop: what a step of real training is made of, from three clocks that run apart.

Compute is the step alone on a batch that lies on the device; input is the pipeline alone, per batch; the end-to-end
step is an epoch of real training by its steps. Where the pipeline runs beside the computation, the end-to-end step is
shorter than the sum of the two: that much of the input is hidden. What the step lasts beyond its compute is put down
to the input first, up to what the pipeline takes alone, and only what is left to the loop; so the hidden part is a
lower bound, and so is the loop. A pipeline that reads nothing ahead hides nothing: there the parts are what they are.
One that picks samples inside the step has its cost in the compute, and none of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bench.results import blocks, stats
from bench.results.blocks import Block
from bench.results.schema import Results, Trial
from bench.results.stats import Interval

PARTS = ("compute", "input", "loop")
"""The parts of an end-to-end step, in the order they are shown."""

UNDIVIDED = "input and loop"
"""What the end-to-end step lasts beyond its compute, where the pipeline was not clocked alone."""

AHEAD, IN_TURN, IN_STEP = "ahead", "in turn", "in the step"
"""When a contender's pipeline reads (``environment.reads`` of its trials): beside the computation, between two steps,
or as part of them."""

LONGEST = 1e9
"""Seconds that no step takes: a clock that says more is broken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """What the clocks of one trial say, in seconds per step."""

    compute: float
    step: float
    """End to end."""
    input: float | None = None
    """The pipeline alone; None where it was not clocked, 0 where its cost lies in the compute."""
    reads: str = AHEAD

    @property
    def waited(self) -> float:
        """Input that the step waited for, at most where it is read ahead; 0 where it was not clocked."""
        alone = self.input or 0.0
        return alone if self.reads == IN_TURN else min(max(self.step - self.compute, 0.0), alone)

    @property
    def hidden(self) -> float | None:
        """Share of the input that hides behind compute, 0 to 1, at least: (compute + input − step) ÷ input."""
        return 1 - self.waited / self.input if self.input else None

    @property
    def loop(self) -> float:
        """What is neither compute nor input. Below 0 where the step took less than the compute clock says: by noise,
        or because real training saves what the clock pays."""
        return self.step - self.compute - self.waited

    def part(self, name: str) -> float:
        """Return one of `PARTS`; the three add up to the step."""
        return {"compute": self.compute, "input": self.waited, "loop": self.loop}[name]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """One contender's end-to-end step: arithmetic means over its repeats, so that the parts add up."""

    contender: str
    step: Interval
    compute: Interval
    input: Interval | None
    """The pipeline alone, per batch; None where no trial clocked it."""
    waited: Interval
    loop: Interval
    """Input and loop together where the pipeline was not clocked."""
    hidden: Interval | None
    """None where there is no input, or none was clocked."""
    reads: str = AHEAD


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A difference of end-to-end steps, contender − baseline in seconds, and how it divides; paired by repeat."""

    contender: str
    baseline: str
    total: Interval
    parts: dict[str, Interval]
    """By `PARTS`; they add up to the total. Where a pipeline was not clocked, by compute and `UNDIVIDED`."""
    certified: bool
    rest: Interval | None = None
    """Input and loop together, where the two are bounds only: either may be more at the other's cost."""
    family: int = 1
    """How many gaps to the same baseline hold their 95 % together."""

    @property
    def main(self) -> str:
        """The part that makes more than half of the difference, where both are resolved; else nothing."""
        if not self.total.resolved(0.0):
            return ""
        sure = self.parts if self.rest is None else {"compute": self.parts["compute"], UNDIVIDED: self.rest}
        large = (name for name, part in sure.items() if part.estimate / self.total.estimate > 0.5)
        # Two parts can each exceed half where the third goes against them: then no one of them is the reason.
        found = [name for name in large if sure[name].resolved(0.0)]
        return found[0] if len(found) == 1 else ""


def steps_per_epoch(results: Results) -> int | None:
    """Return the training steps of an epoch, or None where the results do not say."""
    train, batch = results.config.get("train"), results.conditions.get("batch_size")
    count = sum(results.dataset.counts.get("train", [])) if results.dataset else 0
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1 or count < 1:
        return None
    drops = train.get("drop_last", True) if isinstance(train, dict) else True
    return (count // batch if drops else -(-count // batch)) or None


def clocks(results: Results, contender: str) -> dict[Block, Clocks]:
    """Return what each good trial of `contender` says, by block; where some clocked the pipeline, those alone."""
    steps = steps_per_epoch(results)
    found = {}
    for block, trial in blocks.good(results.trials, contender).items():
        read = _read(trial, steps) if steps else None
        if read is not None:
            found[block] = read
    clocked = {block: item for block, item in found.items() if item.input is not None}
    return clocked or found


def _read(trial: Trial, steps: int) -> Clocks | None:
    compute, epoch, alone = trial.step_seconds, trial.epoch_seconds, trial.input_seconds
    if compute is None or epoch is None or not (_sound(compute) and _sound(epoch)):
        return None
    reads = str(trial.environment.get("reads", AHEAD))
    known = 0.0 if reads == IN_STEP else alone if alone is not None and 0 <= alone < LONGEST else None
    return Clocks(compute=compute, step=epoch / steps, input=known, reads=reads)


def _sound(value: float) -> bool:
    return 0 < value < LONGEST


def shares(results: Results, contender: str) -> Shares | None:
    """Return what the end-to-end step of `contender` is made of; None where no trial has both clocks."""
    found = list(clocks(results, contender).values())
    if not found:
        return None
    inputs = [item.input for item in found if item.input is not None]
    hidden = [item.hidden for item in found if item.hidden is not None]
    return Shares(
        contender=contender,
        step=_mean(found, lambda item: item.step),
        compute=_mean(found, lambda item: item.compute),
        input=_around(inputs) if inputs else None,
        waited=_mean(found, lambda item: item.waited),
        loop=_mean(found, lambda item: item.loop),
        hidden=_within(_around(hidden)) if hidden else None,
        reads=found[0].reads,
    )


def gap(results: Results, contender: str) -> Gap | None:
    """Return how the difference to the run's baseline divides; None where no repeat has both contenders' clocks."""
    ours, theirs = clocks(results, contender), clocks(results, results.baseline)
    both = [block for block in ours if block in theirs]
    if not both or contender == results.baseline:
        return None
    pairs = [(ours[block], theirs[block]) for block in both]
    family = sum(name != results.baseline for name in dict.fromkeys(trial.contender for trial in results.trials))
    difference = partial(_difference, confidence=stats.together(family))
    rest = None
    if all(item.input is not None for pair in pairs for item in pair):
        if any(item.reads == AHEAD for pair in pairs for item in pair):
            rest = difference(pairs, lambda item: item.step - item.compute)
        parts = {name: difference(pairs, partial(Clocks.part, name=name)) for name in PARTS}
    else:
        parts = {
            "compute": difference(pairs, lambda item: item.compute),
            UNDIVIDED: difference(pairs, lambda item: item.step - item.compute),
        }
    return Gap(
        contender=contender,
        baseline=results.baseline,
        total=difference(pairs, lambda item: item.step),
        parts=parts,
        certified=contender in results.parity.certified(results.baseline),
        rest=rest,
        family=family,
    )


def _mean(found: Sequence[Clocks], of: Callable[[Clocks], float]) -> Interval:
    return _around([of(item) for item in found])


def _around(values: Sequence[float]) -> Interval:
    return stats.paired_difference(values, [0.0] * len(values))


def _difference(pairs: Sequence[tuple[Clocks, Clocks]], of: Callable[[Clocks], float], confidence: float) -> Interval:
    return stats.paired_difference([of(one) for one, _ in pairs], [of(other) for _, other in pairs], confidence)


def _within(interval: Interval) -> Interval:
    """Return the interval of a share: its ends stay within 0 and 1."""
    low, high = interval.low, interval.high
    return replace(interval, low=None if low is None else max(low, 0.0), high=None if high is None else min(high, 1.0))
