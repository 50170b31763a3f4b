"""What is wrong with a spec."""

from __future__ import annotations

from collections.abc import Collection

from frameworks.spelling import nearest


class SpecError(ValueError):
    """A spec that cannot be built; the message begins with the place, such as ``model.layers[4].conv2d``."""


def near(word: str, choices: Collection[str]) -> str:
    """Return the right name, or all there are."""
    return nearest(word, choices) or f" (there are: {', '.join(choices)})"
