"""The race director: composes a run, gates it, races the contenders, writes results; imports no framework.

For notebooks: ``from bench import run, load``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["load", "run"]

if TYPE_CHECKING:
    from bench.api import load, run
else:

    def __getattr__(name: str) -> object:
        # Not imported above: every process of a run imports this package, and none of them needs a notebook's way in.
        if name in __all__:
            from bench import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
