"""Work on the page: what a training step achieves, and which share that is of a large matrix product's rate."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.results import attained, attained_words
from bench.results.attained import Attained
from bench.results.schema import Results
from bench.results.summary import names


@dataclass(kw_only=True, slots=True)
class WorkView:
    """The work of a run's contenders."""

    rows: list[Attained] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    """One per contender."""


def view(results: Results) -> WorkView:
    """Return what the trials of a run say of work; nothing where the results do not know the work of a step."""
    rows = [found for name in names(results) if (found := attained.attained(results, name))]
    return WorkView(rows=rows, sentences=[attained_words.sentence(item) for item in rows])
