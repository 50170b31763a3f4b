"""What Hydra calls: the checks before anything is written, and the run itself.

Hydra turns an exception of a callback into a warning and prints a line of its own about one of a job. So a
callback's leaves Hydra inside `Stop`, which is no `Exception`, and a job keeps its own in the `Session`.
"""

from __future__ import annotations

import copy
import itertools
import os
import shlex
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from bench import lock, resume
from bench.config import said
from bench.errors import RequestError, is_of_disk
from frameworks.worker import end_with_parent

OK, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses."""


class Stop(BaseException):
    """Carries `error` out of a Hydra callback."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(kw_only=True, slots=True)
class Session:
    """What happened between Hydra's beginning and its end."""

    plan: Any = None
    """The checked plan of a single run."""
    earlier: Any = None
    """What an earlier sitting of a single run left, where it is taken up again."""
    status: int = 0
    """Exit status of the job, the worst one in a sweep."""
    error: Exception | None = None
    """What a single run's job raised."""
    folder: Path | None = None
    """Of a single run, or of a sweep as a whole; None before anything was written."""
    sweep: bool = False
    report: bool = True
    """Whether a sweep is to be reported on."""
    cells: dict[Path, str] = field(default_factory=dict)
    """What was said for each of a sweep's runs, by its folder, as far as they are known beforehand."""
    hold: int | None = None
    """Keeps other processes out of the folder (`bench.lock.own`)."""


session = Session()
"""Of the command at work. A process runs one command at a time; Hydra's own state is global too."""


class BeforeRun(Callback):
    """Checks every run that was asked for, then claims the folder; ``hydra.callbacks`` in the config names it."""

    def __init__(self, resume: bool = False) -> None:
        self.resume = resume
        """Whether the folder is an earlier run's or sweep's, to be taken up again."""
        self.pid = os.getpid()
        self.threads = {name: value for name, value in os.environ.items() if _is_of_threads(name)}
        """What the user said of threads: a launcher's workers, who get a copy of this, shall be told the same."""

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """See that a worker which a launcher started on this machine dies with us, and has our numbers of threads.

        Joblib tells its workers to use one thread each, and OpenMP how to begin; a trial's are as was asked for.
        """
        if os.getppid() == self.pid:
            end_with_parent()
            for name in [name for name in os.environ if _is_of_threads(name)]:
                del os.environ[name]
            os.environ.update(self.threads)

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Plan a single run and claim its folder."""
        try:
            session.plan = make_plan(without_hydra(config), config.hydra)
            session.folder = claim(config, "hydra.run.dir")
            session.hold = _own(session.folder)
            if self.resume:
                session.plan, session.earlier = _taken_up(session.plan, session.folder)
        except Exception as error:
            raise Stop(error) from error

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Compose and plan every run of a sweep, then claim the sweep's folder."""
        from bench import sweep

        try:
            runs = sweep.check(config, resume=self.resume)
            folder = claim(config, "hydra.sweep.dir")
            session.hold = _own(folder)
            session.cells = sweep.cells(config, runs)
            session.folder, session.sweep, session.report = folder, True, bool(config.report)
            print(f"A sweep in {session.folder}; runs: {len(runs) or 'as its sweeper chooses'}", flush=True)
        except Exception as error:
            raise Stop(error) from error


def _is_of_threads(name: str) -> bool:
    return name.endswith("_THREADS") or name.startswith("KMP_")


def make_plan(settings: DictConfig, hydra: Any) -> Any:
    """Settle the composed `settings` and return the checked plan of their run; `hydra` is Hydra's own node.

    Raises `RequestError` for whatever cannot be done as asked.
    """
    from bench import plan, request

    request.settle(settings, hydra, GlobalHydra.instance().config_loader())
    if hydra.callbacks.parallax.resume:
        place = hydra.sweep.dir if hydra.mode == RunMode.MULTIRUN else hydra.run.dir
        resume.check_interpreters(settings.frameworks, Path(place))
    return plan.make(settings, command=command(hydra))


def without_hydra(config: DictConfig) -> DictConfig:
    """Return a copy of a composed `config` that holds Parallax's settings alone."""
    settings = copy.deepcopy(config)
    with read_write(settings), open_dict(settings):
        del settings["hydra"]
    return settings


def job(settings: DictConfig) -> int:
    """Run one race in the folder Hydra made; return its exit status. In a sweep only an interrupt gets out."""
    hydra: Any = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    if hydra.mode != RunMode.MULTIRUN:
        try:
            session.status = _single(folder)
        except Exception as error:
            session.error = error
        return session.status
    print(f"\nRun {hydra.job.num} of the sweep: {' '.join(said(hydra))}", flush=True)
    try:
        status = _cell(settings, hydra, folder)
    except Exception as error:
        if not (isinstance(error, RequestError) or is_of_disk(error)):
            traceback.print_exc()
        print(f"Run {hydra.job.num} of the sweep failed: {error}", file=sys.stderr, flush=True)
        _leave_failure(folder, command(hydra), str(error) or type(error).__name__)
        status = FAILED
    session.status = max(session.status, status)
    return status


def _single(folder: Path) -> int:
    from bench import race

    if session.earlier is not None and _is_whole(session.plan, session.earlier, folder):
        return int(race.show(session.plan, folder, session.earlier))
    return int(race.run(session.plan, folder, earlier=session.earlier))


def _cell(settings: DictConfig, hydra: Any, folder: Path) -> int:
    """Run one race of a sweep, in whatever process its launcher chose: all that is to be known is in the config."""
    from bench import race

    plan, earlier = make_plan(settings, hydra), None
    if hydra.callbacks.parallax.resume:
        plan, earlier = _taken_up(plan, folder)
        if earlier is not None and _is_whole(plan, earlier, folder):
            print(f"Nothing to do: it is {earlier.status}, and all its trials are there.", flush=True)
            return OK if earlier.status == "ok" else FAILED
    alone = str(hydra.launcher._target_).endswith(".BasicLauncher")
    return int(race.run(plan, folder, earlier=earlier, label="" if alone else f"run {hydra.job.num}"))


def _taken_up(plan: Any, folder: Path) -> tuple[Any, Any]:
    from bench import finished

    return finished.before(plan, folder)


def _is_whole(plan: Any, earlier: Any, folder: Path) -> bool:
    from bench import finished

    return finished.is_whole(plan, earlier, folder)


def command(hydra: Any) -> str:
    """Return the command line that repeats the run that Hydra's node `hydra` is of, quoted for a shell."""
    words = ["python", "-m", "bench"]
    for source in hydra.runtime.config_sources:
        if source.provider == "command-line":
            words += ["--config-dir", source.path]
    words += [item for item in said(hydra, "hydra") if item.startswith("hydra.searchpath=")]
    return shlex.join([*words, *said(hydra)])


def claim(config: DictConfig, key: str) -> Path:
    """Make the folder `config` names at `key` and return it; two runs of one second get two folders.

    A folder that the user named on the command line is taken as it is.
    """
    folder = Path(OmegaConf.select(config, key))
    name = folder.name
    named = any(item.startswith(f"{key}=") for item in said(config.hydra, "hydra"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(2):
            try:
                folder.mkdir(exist_ok=named)
                break
            except FileExistsError:
                if named:
                    raise
                folder = folder.with_name(f"{name}-{number}")
    except OSError as error:
        raise RequestError(f"{key}={folder}: cannot be made ({error.strerror}); name another folder") from error
    OmegaConf.update(config, key, str(folder))
    # The runs of a sweep are composed anew from the command line: there it must be said too.
    config.hydra.overrides.hydra.append(f"{key}='{folder}'")
    return folder


def _own(folder: Path) -> int:
    """Keep other processes out of `folder` and return what keeps them out (`Session.hold`)."""
    try:
        return lock.own(folder)
    except BlockingIOError:
        raise RequestError(f"{folder}: another process is at work in it; wait for that, or name another") from None


def _leave_failure(folder: Path, command: str, message: str) -> None:
    from bench.results import store
    from bench.results.schema import Results

    try:
        results = store.read(folder)
    except store.SchemaError:
        results = Results(command=command)
    results.status, results.message = "failed", message
    with suppress(OSError):
        store.write(folder, results)
