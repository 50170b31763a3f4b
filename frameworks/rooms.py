"""Which rooms there are: every folder here that has a ``settings.py``. Asking imports no framework."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from frameworks.augment import active
from frameworks.plants import Plant
from frameworks.spec import Network

_HERE = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """Return the names of the backends, in alphabetical order."""
    return tuple(sorted(folder.parent.name for folder in _HERE.glob("*/settings.py")))


def settings(backend: str) -> type[Any]:
    """Return the dataclass of a backend's settings; its fields and defaults are what a user may say."""
    return _module(backend).Settings  # type: ignore[no-any-return]


def packages(backend: str) -> dict[str, str]:
    """Return the distributions a backend needs, as ``pip install`` names them, with their names for people.

    The framework's own comes first.
    """
    return dict(_module(backend).PACKAGES)


def extra_packages(backend: str, pipeline: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the distributions that a backend needs for a pipeline, beside `packages`."""
    extra = _module(backend).EXTRA_PACKAGES
    wanted = [pipeline["name"], *(["augment"] if active(pipeline["augment"]) else [])]
    return tuple(dict.fromkeys(package for what in wanted for package in extra.get(what, ())))


def refused(backend: str) -> dict[str, str]:
    """Return why a backend lacks a pipeline, by its name."""
    return dict(_module(backend).REFUSED)


def reads(backend: str) -> tuple[str, ...]:
    """Return what image files may end in that a backend's pipeline ``files`` reads."""
    return tuple(_module(backend).READS)


def resizes(backend: str) -> tuple[str, ...]:
    """Return the interpolations of a backend's pipeline ``files``."""
    return tuple(_module(backend).RESIZES)


def plants(backend: str) -> dict[str, Plant]:
    """Return the mistakes that can be planted in a backend, by name."""
    return dict(_module(backend).PLANTS)


def pipelines(backend: str) -> tuple[str, ...]:
    """Return the input pipelines a backend has."""
    return tuple(_module(backend).PIPELINES)


def channels_first(backend: str) -> bool:
    """Return whether a backend has its images as (N, C, H, W)."""
    return bool(_module(backend).CHANNELS_FIRST)


def start_seconds(backend: str) -> float:
    """Return about how long a trial takes beside its steps."""
    return float(_module(backend).START_SECONDS)


def pays_for_uneven_same(backend: str) -> bool:
    """Return whether uneven ``same`` padding costs this backend time."""
    return bool(_module(backend).PAYS_FOR_UNEVEN_SAME)


def corrected(backend: str) -> dict[str, str]:
    """Return what the gate corrects for in a backend, by kind of layer."""
    return dict(_module(backend).CORRECTED)


def own(backend: str) -> dict[str, str]:
    """Return the optimizers that are not a backend's but Parallax's own, with a word on each."""
    return dict(_module(backend).OWN)


def complaint(backend: str, settings: Mapping[str, Any]) -> str:
    """Return why a contender cannot have these settings, as ``key=value: reason``; empty where it can."""
    return str(_module(backend).complaint(settings))


def unfit(backend: str, settings: Mapping[str, Any], network: Network) -> str:
    """Return why a contender with these settings cannot have a network, as ``key=value: reason``; empty: it can."""
    return str(_module(backend).unfit(settings, network))


def environment(backend: str, settings: dict[str, Any], cache: str) -> dict[str, str]:
    """Return the environment variables a backend's child starts with; `cache` is an empty folder of its own."""
    given: dict[str, str] = _module(backend).environment(settings, cache)
    return given


def _module(backend: str) -> Any:
    return import_module(f"frameworks.{backend}.settings")
