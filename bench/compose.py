"""Composes what a command line asks for, without Hydra's own main: for the entry points beside ``python -m bench``."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bench import config, job, request
from bench.errors import RequestError
from bench.explain import explain, loader_with


def compose(overrides: Sequence[str], config_dir: str | None = None) -> DictConfig:
    """Return the settled settings that a run with these `overrides` would have.

    Raises `RequestError` for whatever cannot be composed, and for several values of one key.
    """
    config.register()
    given = list(overrides)
    try:
        for item in OverridesParser.create().parse_overrides(given):
            if item.is_sweep_override():
                raise RequestError(f"{item.input_line}: one value at a time; a list is written [a,b], in quotes")
        loader = loader_with(config_dir)
        composed = loader.load_configuration(config.NAME, given, RunMode.RUN)
        settings = job.without_hydra(composed)
        request.settle(settings, composed.hydra, loader)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise RequestError(explain(error, given, config_dir)) from error
    return settings
