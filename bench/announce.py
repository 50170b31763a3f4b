"""What a run says before it starts: the work, the samples, the contenders."""

from __future__ import annotations

from textwrap import shorten

from bench.datasets import Prepared
from bench.datasets.image_sets import LEFT_OUT
from bench.plan import Plan
from bench.results import format as formats
from bench.results.words import SPLITS

FEW_CLASSES = 6
"""Up to so many, the samples of each class are told; the report has them all."""


def lines(plan: Plan) -> list[str]:
    """Return what will be done, a sentence or two a line."""
    network, train = plan.network, plan.config["train"]
    names = [contender.name for contender in plan.contenders]
    devices = f"{plan.contenders[0].settings['device']}, {plan.contenders[0].settings['threads']} threads"
    measure = plan.config["measure"]
    trials = (
        f"{formats.count(plan.repeats * len(names), 'trial')}, each in a fresh process"
        if measure["half_width"] is None
        else f"a pilot of {formats.count(measure['pilot'], 'repeat')}, then as many as "
        f"±{formats.percent(measure['half_width'])} takes, {measure['most_repeats']} at most"
    )
    often = f", {formats.count(plan.repeats, 'repeat')} each" if measure["half_width"] is None else ""
    return [
        f"{network.name} ({network.num_parameters:,} parameters) on {plan.prepared.title.rstrip('.')}: "
        f"{formats.count(train['epochs'], 'epoch')} in batches of {train['batch_size']}.",
        *_samples(plan),
        f"{' against '.join(names)}{often}, on {devices}: the parity gate, then {trials}.",
        *(f"Planted mistake: {name}." for name in plan.plants),
    ]


def _samples(plan: Plan) -> list[str]:
    """Return how many samples each split has, of each class where they are few, and what became of groups."""
    prepared, splits = plan.prepared, plan.splits
    classes = prepared.classes if len(prepared.classes) <= FEW_CLASSES else ()
    told = []
    for name, counts in splits.counts.items():
        each = ", ".join(f"{count:,} {label}" for label, count in zip(classes, counts, strict=False))
        told.append(f"{sum(counts):,} {SPLITS[name]}" + (f" ({each})" if each else ""))
    facts = [f"{fact[0].upper()}{fact[1:]}." for fact in splits.facts.values()]
    return [f"Samples: {', '.join(told)}.", *left_out(prepared), *facts]


def left_out(prepared: Prepared) -> list[str]:
    """Return a line about the files that could not be read and were left out, if there are any; the report has all."""
    fact = prepared.facts.get(LEFT_OUT)
    return [shorten(f"{LEFT_OUT.capitalize()}: {fact}", 200, placeholder=" …")] if fact else []
