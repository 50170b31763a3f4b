"""Results of older versions, brought up to today's: one step per version, or refused with what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bench.results.schema import SCHEMA_VERSION

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Mapping[int, Step] = MappingProxyType({})
"""By version: what makes plain JSON of the next version out of it. Version 1 is the first, so there is none yet.

Raise `SCHEMA_VERSION` only when what a name means has changed, and add the step here; a name that is merely new has a
default and needs neither. A step gets what a file holds, which may be damaged: a `KeyError`, `TypeError`, `ValueError`
or `AttributeError` of its own refuses the file.
"""


class VersionError(ValueError):
    """Results of a version that cannot be read; the message says what to do."""


def migrate(value: Any, steps: Mapping[int, Step] = STEPS, current: int = SCHEMA_VERSION) -> dict[str, Any]:
    """Return plain JSON of the `current` schema version made from that of an older one.

    Raises `VersionError` for one that is newer, unknown, or damaged.
    """
    version = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(version, bool) or not isinstance(version, int):
        raise VersionError(f"schema version {version!r:.40}: no results file of Parallax")
    if version > current:
        remedy = "upgrade Parallax, or make the report with the one that wrote it"
        raise VersionError(f"schema version {version:.6g} is newer than {current}, the newest read here: {remedy}")
    while version < current:
        step = steps.get(version)
        if step is None:
            remedy = "measure again, or make the report with a Parallax of that time"
            raise VersionError(
                f"schema version {version:.6g} is older than any that is read here ({current}): {remedy}"
            )
        try:
            value = step(dict(value))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise VersionError(f"schema version {version}: it cannot be brought up to date ({error!r:.100})") from None
        version += 1
        value["schema_version"] = version
    return dict(value)
