"""The sentences about compute, input and loop: what a step is made of, and what makes two contenders differ."""

from __future__ import annotations

from bench.results import format as formats
from bench.results import words
from bench.results.decompose import AHEAD, IN_STEP, IN_TURN, UNDIVIDED, Gap, Shares
from bench.results.stats import Interval

READ = {"compute": "compute", "input": "input", "loop": "loop", UNDIVIDED: "input and loop together"}
"""How a sentence names each part."""

ODD = 0.5
"""Share of a step from which on a loop is no loop: no framework's own takes as long as the work."""

NEGLIGIBLE = 0.01
"""Share of a step below which no clock says what of the input is hidden: noise is larger."""


def where(shares: Shares) -> str:
    """Return what one contender's end-to-end step is made of."""
    step, compute, loop = shares.step.estimate, shares.compute.estimate, shares.loop.estimate
    whole = f"{shares.contender}: {formats.seconds(step)} per step end to end"
    if loop < 0:
        short = f"{whole}, {formats.percent(1 - step / compute)} less than the compute clock alone says"
        return f"{short}: neither input nor loop shows.{_hidden(shares)}"
    parts = [f"{formats.seconds(compute)} compute"]
    share = f"{formats.seconds(loop)} loop ({formats.percent(loop / step)})"
    if shares.input is None:
        parts.append(f"{formats.seconds(loop)} input and loop (the pipeline alone was not clocked)")
    elif shares.reads == IN_STEP:
        parts.append(share)
    else:
        parts.append(f"{formats.seconds(shares.waited.estimate)} waiting for input{_bound(shares, 'at most')}")
        parts.append(f"{share}{_bound(shares, 'at least')}")
    apart = "" if loop < ODD * step else " The clocks do not add up: other load, or threads in each other's way?"
    return f"{whole} = {' + '.join(parts)}.{_hidden(shares)}{apart}"


def _bound(shares: Shares, word: str) -> str:
    return f" ({word})" if shares.reads == AHEAD else ""


def _hidden(shares: Shares) -> str:
    """Say how much of the input hides behind compute."""
    if shares.input is None or shares.reads == IN_STEP:
        return " Samples are picked inside the step: that is part of the compute." if shares.input else ""
    alone = f" The pipeline alone takes {formats.seconds(shares.input.estimate)} per batch"
    if shares.reads == IN_TURN:
        return f"{alone}; nothing is read ahead, so none of it hides behind compute."
    if shares.hidden is None:
        return ""
    if shares.input.estimate < NEGLIGIBLE * shares.step.estimate:
        return f"{alone}, less than {100 * NEGLIGIBLE:g} % of the step: it makes no difference what of it is hidden."
    found = shares.hidden
    reach = [formats.count(found.repeats, "repeat")]
    if found.low is None or found.high is None:
        reach.append("no interval")
    elif found.high - found.low >= 0.0005:
        reach.insert(0, f"95 % interval {100 * found.low:.0f}–{100 * found.high:.0f} %")
    return f"{alone}: at least {formats.percent(found.estimate, 0)} of it hides behind compute ({', '.join(reach)})."


def gap(found: Gap) -> str:
    """Return what the difference of two contenders' end-to-end steps is made of: arithmetic, input or loop."""
    total, repeats = found.total, formats.count(found.total.repeats, "repeat")
    marks = words.marks(paired=True, certified=found.certified)
    if total.low is None or total.high is None:
        reach = ", ".join(["no interval", repeats, *marks])
    else:
        reach = ", ".join([f"95 % interval {span(total)}{words.together(found.family)}", repeats, *marks])
    if total.low is not None and not total.resolved(0.0):
        head = f"no difference resolved between {found.contender} and {found.baseline} per step end to end"
    else:
        head = f"{found.contender} takes {more(total.estimate)} than {found.baseline} per step end to end"
    return f"{head}{_conclusion(found)} ({reach}): {_listed(found)}"


def _listed(found: Gap) -> str:
    return ", ".join(f"{READ[name]} {signed(part.estimate)}" for name, part in found.parts.items())


def _conclusion(found: Gap) -> str:
    """Say which part makes the difference, where that is resolved."""
    if found.total.low is None:
        return ""
    if found.total.resolved(0.0):
        return f", most of it {READ[found.main]}" if found.main else ", no one part most of it"
    resolved = [READ[name] for name, part in found.parts.items() if part.resolved(0.0)]
    return f"; of its parts, {' and '.join(resolved)} differ{'s' if len(resolved) == 1 else ''}" if resolved else ""


def more(seconds: float) -> str:
    """Return a difference of times in words: "0.39 ms less"."""
    return f"{formats.seconds(abs(seconds))} {'less' if seconds < 0 else 'more'}"


def signed(seconds: float) -> str:
    """Return a difference of times with its sign."""
    return ("−" if seconds < 0 else "+" if seconds > 0 else "") + formats.seconds(abs(seconds))


def span(interval: Interval) -> str:
    """Return the two ends of a difference of times; nothing where there are none."""
    if interval.low is None or interval.high is None:
        return ""
    return f"{signed(interval.low)} to {signed(interval.high)}"
