"""What goes wrong because of the request: one message for the user, exit status 2, nothing started."""

from __future__ import annotations

from collections.abc import Iterable

from frameworks.spelling import either, nearest

__all__ = ["OTHER_NAMES", "RequestError", "either", "nearest", "nearest_key", "unknown"]

OTHER_NAMES = {"lr": "learning_rate", "eps": "epsilon", "bs": "batch_size", "decay": "weight_decay"}
OTHER_NAMES |= {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}
"""What else people call a key or a value, too unlike its name to be found by its letters."""


class RequestError(Exception):
    """The user asked for something that cannot be done.

    The message names the key, the value and the remedy; it is shown as it is, without a traceback.
    """


def unknown(what: str, word: str, choices: Iterable[str]) -> RequestError:
    """Return the error for a name that is not one of `choices`: the nearest right name and all of them."""
    names = sorted(str(choice) for choice in choices)
    return RequestError(f"{what}: there is no '{word}'{nearest(word, names)} (there are: {', '.join(names)})")


def nearest_key(prefix: str, name: str, names: Iterable[str]) -> str:
    """Return the hint at the key nearest to `name` below `prefix`, which makes no two of them alike, or all there are.

    `prefix` ends in a dot, or is empty.
    """
    known = list(names)
    found = nearest(OTHER_NAMES.get(name, name), known)
    return found.replace("'", f"'{prefix}", 1) if found else f" (there are: {', '.join(known)})"
