"""What else a run found out, beside its ratios: sentences by heading, as the screen and the report both show them."""

from __future__ import annotations

from bench.results import floor, observing, overfitting, payoff, reach
from bench.results.schema import Results

HEADINGS = {
    "Noise floor": floor.sentences,
    "Time to the target": reach.sentences,
    overfitting.HEADING: overfitting.sentences,
    "When compiling has paid": payoff.sentences,
    "What observing costs": observing.sentences,
}
"""Each with what tells its sentences."""


def findings(results: Results) -> dict[str, list[str]]:
    """Return the sentences by heading, without the headings that have none."""
    found = {heading: tell(results) for heading, tell in HEADINGS.items()}
    return {heading: told for heading, told in found.items() if told}
