"""How messages to the user name what may be said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the choice most like `word`, or an empty string."""
    found = get_close_matches(str(word), [str(choice) for choice in choices], n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""


def either(names: Sequence[str]) -> str:
    """Return names to choose from as a sentence has them: "fit, function or eager"."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
