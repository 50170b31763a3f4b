"""Composing the settings of a command line without Hydra's job around it: for entry points that race nobody."""

from __future__ import annotations

import shlex
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


def settled(overrides: Sequence[str], config_dir: str | None = None) -> DictConfig:
    """Return the settings that a run with these `overrides` would have, resolved and checked.

    `config_dir` is a folder of the user's own YAML files. Raises `RequestError` for whatever cannot be meant, a sweep
    included.
    """
    config.register()
    try:
        for item in OverridesParser.create().parse_overrides(list(overrides)):
            if item.is_sweep_override():
                raise RequestError(f"{item.input_line}: one value at a time; a list is written [a,b], in quotes")
        loader = loader_with(config_dir)
        composed = loader.load_configuration(config.NAME, list(overrides), RunMode.RUN)
        settings = job.without_hydra(composed)
        request.settle(settings, composed.hydra, loader)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise RequestError(explain(error, overrides, config_dir)) from error
    return settings


def command(module: str, overrides: Sequence[str], config_dir: str | None) -> str:
    """Return the command line that says the same, quoted for a shell."""
    own = [] if config_dir is None else ["--config-dir", config_dir]
    return shlex.join(["python", "-m", module, *own, *overrides])
