"""What goes wrong because of the request: one message for the user, exit status 2, nothing started."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class RequestError(Exception):
    """The user asked for something that cannot be done.

    The message names the key, the value and the remedy; it is shown as it is, without a traceback.
    """


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the choice most like `word`, or an empty string."""
    found = get_close_matches(str(word), [str(choice) for choice in choices], n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""


def unknown(what: str, word: str, choices: Iterable[str]) -> RequestError:
    """Return the error for a name that is not one of `choices`: the nearest right name and all of them."""
    names = sorted(str(choice) for choice in choices)
    return RequestError(f"{what}: there is no '{word}'{nearest(word, names)} (there are: {', '.join(names)})")
