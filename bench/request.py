"""What Hydra cannot check: the composed request as a whole, settled before anything starts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.config import Config, limits, said
from bench.errors import OTHER_NAMES, RequestError, either, nearest, nearest_key
from bench.explain import expected

SINGLE_GROUPS = ("dataset", "model", "optimizer", "schedule", "pipeline", "measure", "experiment")
"""Groups of which a run has one option; Hydra alone would merge two into one that nobody wrote."""

OPEN_GROUPS = ("dataset", "optimizer", "schedule")
"""Groups whose keys and types are those of their YAML."""


def settle(settings: DictConfig, hydra: Any, loader: ConfigLoader) -> None:
    """Resolve the composed `settings` in place and see that they make sense; `hydra` is Hydra's node beside them.

    Raises `RequestError` for what composes and still cannot be meant: no contender, settings for a contender that
    is not in the race, a key that exists nowhere, a value out of its limits.
    """
    for item in said(hydra):
        group, _, names = item.partition("=[")
        if names and group in SINGLE_GROUPS:
            names = names.rstrip("]")
            raise RequestError(f"{item}: name one; to go through them all, one run each: -m {group}={names}")
    keys = {item.lstrip("+").partition("=")[0] for item in said(hydra)}
    if "model.layers" in keys and "model.name" not in keys:
        settings.model.name = "custom"  # it is no longer the one that the group named
    if "model.name" in keys and "model.layers" not in keys:
        name, chosen = str(settings.model.name), hydra.runtime.choices.get("model")
        if name != chosen and name in loader.get_group_options("model"):
            raise RequestError(
                f"model.name={name}: the layers are still those of {chosen}; model={name} chooses {name}"
            )
    _give_contenders_their_types(settings)
    _resolve(settings)
    _check_keys(settings)
    _check_open_groups(settings, _usual(hydra, loader))
    _check_limits(settings)
    if settings.baseline is not None and settings.baseline not in settings.frameworks:
        raise RequestError(
            f"baseline={settings.baseline}: no such contender in this race"
            f"{nearest(settings.baseline, settings.frameworks)} (there are: {', '.join(settings.frameworks)})"
        )


def _give_contenders_their_types(settings: DictConfig) -> None:
    from frameworks import rooms

    if not settings.frameworks:
        raise RequestError("framework=[]: name at least one contender: framework=torch or 'framework=[tf,torch]'")
    for name, contender in _items(settings.frameworks):
        key = f"frameworks.{name}"
        if not isinstance(contender, DictConfig) or "backend" not in contender:
            raise RequestError(
                f"{key}: is set, but '{name}' is not in the race; name it in framework=[…] or leave {key} out"
            )
        if contender.backend not in rooms.names():
            raise RequestError(
                f"{key}.backend={contender.backend}: there is no such backend"
                f"{nearest(contender.backend, rooms.names())} (there are: {', '.join(rooms.names())})"
            )
        if not dataclasses.is_dataclass(OmegaConf.get_type(contender)):
            try:  # a YAML of the user's own that did not name its type
                typed = OmegaConf.merge(OmegaConf.structured(rooms.settings(contender.backend)), contender)
            except OmegaConfBaseException as error:
                known = [item.name for item in dataclasses.fields(rooms.settings(contender.backend))]
                near = nearest(str(error.full_key), known) if error.full_key not in known else ""
                raise RequestError(f"{key}.{error.full_key}: {expected(error)}{near}") from error
            settings.frameworks[name] = typed


def _resolve(settings: DictConfig) -> None:
    try:
        OmegaConf.resolve(settings)
    except OmegaConfBaseException as error:
        raise RequestError(f"{_dangling(settings)}: {expected(error)}") from error
    for key in sorted(OmegaConf.missing_keys(settings)):
        raise RequestError(f"{key}: must be set, and is not")


def _dangling(node: DictConfig, prefix: str = "") -> str:
    """Return the key below `node` whose reference ``${…}`` leads nowhere; OmegaConf does not say which it is."""
    for key, value in _items(node):
        try:
            node[key]
        except OmegaConfBaseException:
            return prefix + key
        if isinstance(value, DictConfig) and (found := _dangling(value, f"{prefix}{key}.")):
            return found
    return ""


def _usual(hydra: Any, loader: ConfigLoader) -> DictConfig:
    """Compose what the chosen dataset, optimizer and schedule are when nobody changes a key of them."""
    choices = hydra.runtime.choices
    chosen = [f"{group}={choices[group]}" for group in OPEN_GROUPS if isinstance(choices.get(group), str)]
    paths = [item for item in said(hydra, "hydra") if item.startswith("hydra.searchpath=")]
    return loader.load_configuration(hydra.job.config_name, [*chosen, *paths], RunMode.RUN)


def _check_keys(node: DictConfig, kind: Any = Config, prefix: str = "") -> None:
    """Refuse keys that a ``+`` on the command line has put where no part of Parallax would read them."""
    fields = [item.name for item in dataclasses.fields(kind)]
    for key, value in _items(node):
        if key not in fields:
            raise RequestError(f"{prefix}{key}: no such key{nearest_key(prefix, key, fields)}")
        inner = OmegaConf.get_type(node, key)
        if dataclasses.is_dataclass(inner):
            _check_keys(value, inner, f"{prefix}{key}.")
    for name, contender in _items(node) if prefix == "frameworks." else ():
        _check_keys(contender, OmegaConf.get_type(contender), f"{prefix}{name}.")


def _check_open_groups(settings: DictConfig, usual: DictConfig) -> None:
    for group in OPEN_GROUPS:
        known: Mapping[Any, Any] = usual.get(group) or {}
        for key, value in _items(settings[group]):
            if key not in known:
                raise RequestError(f"{group}.{key}: no such key{nearest_key(f'{group}.', key, map(str, known))}")
            if group == "dataset" and (value is None or isinstance(value, ListConfig)):
                continue  # Some options have several forms, as a size does: `bench.datasets` knows them.
            where, usually = f"{group}.{key}={value}", known[key]
            if isinstance(usually, bool):
                if not isinstance(value, bool):
                    raise RequestError(f"{where}: must be true or false")
            elif isinstance(usually, int | float):
                if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
                    raise RequestError(f"{where}: must be a number")
                if isinstance(usually, int) and not isinstance(value, int):
                    raise RequestError(f"{where}: must be an integer")


def _check_limits(settings: DictConfig) -> None:
    checks = list(limits())
    for name in settings.frameworks:  # a contender's own value obeys what it would inherit from runtime
        checks += [
            (f"frameworks.{name}.{key.removeprefix('runtime.')}", choices, least)
            for key, choices, least in limits()
            if key.startswith("runtime.")
        ]
    for key, choices, least in checks:
        value = OmegaConf.select(settings, key)
        if choices and value not in choices:
            raise RequestError(
                f"{key}={value}: must be {either(choices)}{nearest(OTHER_NAMES.get(str(value), str(value)), choices)}"
            )
        if least is not None and value is not None and not (math.isfinite(value) and value >= least):
            raise RequestError(f"{key}={value}: must be at least {least:g}")


def _items(node: DictConfig) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in node.items_ex(resolve=False)]
