"""Values of Python as Hydra's command line has them: for `bench.run` in a notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import RequestError

_WORD = re.compile(r"[A-Za-z_][\w./-]*")
_MEANS_MORE = {"true", "false", "null", "nan", "inf"}
"""Words that Hydra takes for something else than a text."""


def overrides(settings: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return ``key=value`` for each of `settings`; what nests is one key with dots, or has them already.

    A text at the end of a key stands as on the command line, where ``[a,b]`` is a list; inside a list or a mapping of
    one it is itself. Raises `RequestError` for what no command line can say.
    """
    found: list[str] = []
    for key, item in settings.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping) and item:
            found += overrides(item, f"{name}.")
        else:
            found.append(f"{name}={item if isinstance(item, str) else _said(name, item)}")
    return found


def quoted(text: str) -> str:
    """Return `text` so that Hydra reads exactly it."""
    # Only the backslashes before a quote are special to Hydra; of ``${`` OmegaConf would make a reference.
    inner = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + (r"\'" if found[2] else ""), text)
    return "'" + inner.replace("${", r"\${") + "'"


def _said(name: str, value: Any) -> str:
    if hasattr(value, "tolist"):  # a number or an array of numpy
        value = value.tolist()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Path):
        return quoted(str(value))
    if isinstance(value, str):
        plain = _WORD.fullmatch(value) and value.lower() not in _MEANS_MORE
        return value if plain else quoted(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_said(name, str(key))}:{_said(name, item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(_said(name, item) for item in value) + "]"
    kind = type(value).__name__
    raise RequestError(f"{name}: {value!r:.60} is of type {kind}; say a number, a text, a list or a dict")
