"""A sweep: every run checked before the first one starts, one report over all of them at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from bench import reporting
from bench.config import said
from bench.errors import RequestError
from bench.explain import explain
from bench.job import make_plan, without_hydra
from bench.results import store


def check(config: DictConfig) -> list[DictConfig]:
    """Compose and plan every run of the sweep `config`; return the composed configs, in Hydra's order.

    A sweeper that chooses its runs as it goes cannot be asked beforehand: then the list is empty, and each run
    is checked when it starts. Raises `RequestError` that names the run.
    """
    if not str(config.hydra.sweeper._target_).endswith(".BasicSweeper"):
        return []
    lines = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    overrides = parser.parse_overrides([*lines, *said(config.hydra)])
    combinations = BasicSweeper.split_arguments(overrides, max_batch_size=None)[0]
    runs = []
    for number, combination in enumerate(combinations):
        try:
            runs.append(_compose(config, combination, number))
            make_plan(without_hydra(runs[-1]), runs[-1].hydra)
        except (RequestError, HydraException, OmegaConfBaseException) as error:
            reason = str(error) if isinstance(error, RequestError) else explain(error, combination)
            named = f"run {number} of the sweep ({' '.join(combination)})"
            raise RequestError(f"{named}: {reason}") from error
    return runs


def _compose(config: DictConfig, combination: Sequence[str], number: int) -> DictConfig:
    loader = GlobalHydra.instance().config_loader()
    run = loader.load_sweep_config(config, list(combination))
    with open_dict(run):
        run.hydra.job.id = str(number)
        run.hydra.job.num = number
    return run


def folders(config: DictConfig, runs: Sequence[DictConfig]) -> list[Path]:
    """Return where each of `runs` will leave its results, below the sweep's folder in `config`."""
    found = []
    holder: Any = HydraConfig.instance()
    before = holder.cfg
    try:
        for run in runs:
            holder.cfg = run  # ``${hydra:…}`` in the name of a subfolder reads from there
            found.append(Path(config.hydra.sweep.dir) / str(OmegaConf.select(run, "hydra.sweep.subdir")))
    finally:
        holder.cfg = before
    return found


def status(folder: Path, runs: Sequence[Path]) -> int:
    """Return 0 if every run of a sweep left results that say ``ok``, else 1.

    Read from the disk, because a launcher may have run them in other processes or on other machines.
    """
    for run in runs or sorted(path.parent for path in folder.glob(f"*/{store.NAME}")):
        try:
            if store.read(run).status != "ok":
                return 1
        except store.SchemaError:
            return 1
    return 0


def report(folder: Path) -> bool:
    """Render the comparison report over the runs in `folder` in a process of its own; return whether it worked."""
    if not any(folder.glob(f"**/{store.NAME}")):
        return False
    try:
        done = reporting.render(folder)
    except KeyboardInterrupt:  # a second Ctrl-C, at someone who does not want to wait for the report either
        worked = False
    else:
        worked = done.returncode == 0
        print(done.stderr or "", end="", file=sys.stderr)
    if worked:
        print(f"\nReport over the sweep: {folder / store.REPORT}", flush=True)
    else:
        print(
            f"The report over the sweep failed; the results are safe. Again: python -m reports {folder}",
            file=sys.stderr,
        )
    return worked
