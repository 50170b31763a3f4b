"""What goes wrong because of the request: one message for the user, exit status 2, nothing started."""

from __future__ import annotations

from collections.abc import Iterable

from frameworks.spelling import nearest

__all__ = ["RequestError", "nearest", "unknown"]


class RequestError(Exception):
    """The user asked for something that cannot be done.

    The message names the key, the value and the remedy; it is shown as it is, without a traceback.
    """


def unknown(what: str, word: str, choices: Iterable[str]) -> RequestError:
    """Return the error for a name that is not one of `choices`: the nearest right name and all of them."""
    names = sorted(str(choice) for choice in choices)
    return RequestError(f"{what}: there is no '{word}'{nearest(word, names)} (there are: {', '.join(names)})")
