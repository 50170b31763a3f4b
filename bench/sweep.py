"""A sweep: every run checked before the first one starts, one report over all of them at the end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from bench import lock, reporting
from bench.config import said
from bench.errors import RequestError
from bench.explain import explain
from bench.job import make_plan, without_hydra
from bench.results import store


def check(config: DictConfig, *, resume: bool = False) -> list[DictConfig]:
    """Compose and plan every run of the sweep `config`; return the composed configs, in Hydra's order.

    With `resume`, what runs left in their folders earlier must belong to the same work.
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
            plan = make_plan(without_hydra(runs[-1]), runs[-1].hydra)
            if resume:
                from bench import finished

                finished.before(plan, _folder(config, runs[-1]))
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


def cells(config: DictConfig, runs: Sequence[DictConfig]) -> dict[Path, str]:
    """Return what was said for each of `runs`, by the folder below the sweep's in which it will leave its results."""
    return {_folder(config, run): " ".join(said(run.hydra)) for run in runs}


def _folder(config: DictConfig, run: DictConfig) -> Path:
    holder: Any = HydraConfig.instance()
    before = holder.cfg
    try:
        holder.cfg = run  # ``${hydra:…}`` in the name of a subfolder reads from there
        return Path(config.hydra.sweep.dir) / str(OmegaConf.select(run, "hydra.sweep.subdir"))
    finally:
        holder.cfg = before


def found(folder: Path, runs: Iterable[Path]) -> list[Path]:
    """Return the folders of a sweep's runs: `runs`, or where they are not known those in which results lie."""
    there = sorted((path.parent for path in folder.glob(f"*/{store.NAME}")), key=lambda path: (len(path.name), path))
    return list(runs) or there


def settle(folder: Path, runs: Iterable[Path]) -> None:
    """Write of each run that says it is running that it is not: the sweep is over, and so is whoever ran it."""
    for run in found(folder, runs):
        with suppress(store.SchemaError, OSError):
            results = store.read(run)
            if results.status == "running":
                results.status, results.message = "interrupted", "its process was ended before it was done"
                store.write(run, results)


def status(folder: Path, runs: Iterable[Path]) -> int:
    """Return 0 if every run of a sweep left results that say ``ok``, else 1.

    Read from the disk, because a launcher may have run them in other processes or on other machines.
    """
    for run in found(folder, runs):
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
        with lock.working(lambda line: print(line, file=sys.stderr, flush=True)):  # it takes all cores
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
            "The report over the sweep failed; the results are safe. "
            f"Again: python -m reports {shlex.quote(str(folder))}",
            file=sys.stderr,
        )
    return worked
