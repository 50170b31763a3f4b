"""The way in for notebooks: ``run`` races as the command line does, ``load`` reads what was left; both give `Runs`."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import reporting
from bench.errors import RequestError
from bench.overrides import overrides as said
from bench.overrides import quoted
from bench.results import store
from bench.results.schema import Results

if TYPE_CHECKING:
    import pandas as pd

REFUSED, INTERRUPTED = 2, 130
"""Exit statuses of ``python -m bench``."""

HEIGHT = 640
"""Pixels of the report in a notebook; it scrolls."""


def run(
    *, overrides: Sequence[str] = (), folder: str | Path | None = None, progress: bool = True, **settings: Any
) -> Runs:
    """Race as ``python -m bench`` does with the same `settings`, in a process of its own; return what it left.

    ``run(dataset="digits", framework=["tf", "torch"], train={"epochs": 2})``, or with dots:
    ``run(**{"train.epochs": 2})``. `overrides` are further words of the command line as they stand there (``["-m",
    "model=linear,mlp"]`` is a sweep). `folder` is where the results go (usually ``outputs/<date>/<time>``);
    `progress` shows what the command says while it is at work.

    Raises `RequestError` with the command's message where the request is refused, `RuntimeError` where no result was
    left. A run that failed, or whose parity gate did, is returned: its verdict says so. An interrupt reaches the
    command, which keeps the finished repeats, and is raised again.
    """
    words = [*overrides, *said(settings)]
    sweep = any(word in ("-m", "--multirun") for word in overrides)
    key = "hydra.sweep.dir" if sweep else "hydra.run.dir"
    if any(word.startswith(("hydra.run.dir=", "hydra.sweep.dir=")) for word in words):
        raise RequestError(f"{key}: say folder=… instead")
    place = Path(folder) if folder is not None else _new_folder("multirun" if sweep else "outputs")
    status, message = _race([*words, f"{key}={quoted(str(place.resolve()))}"], progress)
    if status == INTERRUPTED:
        raise KeyboardInterrupt(f"what was finished: bench.load({str(place)!r})")
    if not any(place.glob(f"**/{store.NAME}")):
        if status == REFUSED:
            raise RequestError(message)
        raise RuntimeError(f"python -m bench left no results (exit status {status}):\n{message}")
    return load(place)


def load(*folders: str | Path) -> Runs:
    """Return what lies in `folders`, each a run's or a sweep's; raises `RequestError` where there is nothing."""
    if not folders:
        raise RequestError("load: name at least one folder of results")
    found = Runs([Path(folder).resolve() for folder in folders])
    _ = found.runs  # what is not there is said now, not when a frame is asked for
    return found


class Runs:
    """One or several runs: their tables as pandas frames, their verdict; a notebook shows the report's own drawing.

    Every frame has a column ``run``; README says which rows and units each of them has.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = list(folders)

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        import pandas as pd

        return {path.stem: pd.read_parquet(path) for path in self._exports("parquet")}

    def _exports(self, name: str) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        told = [self.verdict]
        if len(self.runs) == 1:
            row = self.runs.iloc[0]
            told += [f"certificate: {row.certificate}", f"{row.conditions}, {row.versions}"]
        return "\n".join([*told, f"report: {self.report}"] if self.report else told)

    def _repr_html_(self) -> str:
        # In a frame of its own: the page's style stays out of the notebook, and the notebook's out of the page.
        page = escape(self._page, quote=True)
        return f'<iframe srcdoc="{page}" sandbox style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'

    def _repr_markdown_(self) -> str:
        return self._summary

    @property
    def verdict(self) -> str:
        """What was found, in sentences: of a lone run, or a line per run, and one per comparison across runs."""
        told = [(row, row.verdict or f"{row.status}: {row.message}") for row in self.runs.itertuples()]
        if len(told) == 1:
            return told[0][1]
        lines = [f"{row.run} ({row.dataset} × {row.model}): {sentence}" for row, sentence in told]
        across = self.comparison[~self.comparison["run"].isin(self.runs["run"])]
        return "\n".join([*lines, *across.loc[across["quantity"] == "step_seconds", "verdict"]])

    @property
    def report(self) -> Path | None:
        """The page over a lone folder; None where it was never written, or there are several folders."""
        path = self.folders[0] / store.REPORT
        return path if len(self.folders) == 1 and path.is_file() else None

    @property
    def results(self) -> Results:
        """All that a lone run knows, as ``results.json`` has it; several are asked for by name, see `results_of`."""
        if len(self.runs) > 1:
            raise RequestError(f"results: there are {len(self.runs)} runs; results_of({self.runs['run'][0]!r}) is one")
        return self.results_of(self.runs["run"][0])

    def results_of(self, name: str) -> Results:
        """Return all that the run `name` (of the column ``run``) knows; raises `SchemaError` where it left nothing."""
        names = list(self.runs["run"])
        if name not in names:
            raise RequestError(f"results_of({name!r}): there is no such run (there are: {', '.join(names)})")
        return store.read(Path(self.runs["folder"][names.index(name)]))

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run: work, conditions, verdict, certificate."""
        return self._tables["runs"]

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial: every time, score and count it came to."""
        return self._tables["trials"]

    @property
    def epochs(self) -> pd.DataFrame:
        """One row per epoch of every trial: seconds, losses, scores."""
        return self._tables["epochs"]

    @property
    def steps(self) -> pd.DataFrame:
        """One row per reading of the clocks and per training step of every trial."""
        return self._tables["steps"]

    @property
    def comparison(self) -> pd.DataFrame:
        """One row per contender and quantity of time: the ratio to the baseline, with its interval."""
        return self._tables["comparison"]

    @property
    def agreement(self) -> pd.DataFrame:
        """One row per contender and quantity of quality: the difference from the baseline, with its interval."""
        return self._tables["agreement"]

    @property
    def checks(self) -> pd.DataFrame:
        """One row per check of the parity certificates."""
        return self._tables["checks"]

    @property
    def warnings(self) -> pd.DataFrame:
        """One row per warning."""
        return self._tables["warnings"]

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        import pandas as pd

        with _exported(self.folders, "parquet") as place:
            return {path.stem: pd.read_parquet(path) for path in place.glob("*.parquet")}

    @cached_property
    def _summary(self) -> str:
        with _exported(self.folders, "markdown") as place:
            return (place / "summary.md").read_text(encoding="utf-8")

    @cached_property
    def _page(self) -> str:
        with _exported(self.folders, "notebook") as place:
            return (place / "notebook.html").read_text(encoding="utf-8")


@contextmanager
def _exported(folders: Sequence[Path], name: str) -> Iterator[Path]:
    """Let `reports` write the export `name` of `folders`, and give the folder it lies in for a while."""
    with tempfile.TemporaryDirectory(prefix="parallax-") as place:
        done = reporting.export(folders, name, Path(place))
        if done.returncode:
            raise RequestError(done.stderr.strip() or f"python -m reports ended with status {done.returncode}")
        for line in done.stderr.splitlines():
            warnings.warn(line, stacklevel=2)
        yield Path(place) / "exports"


def _new_folder(above: str) -> Path:
    now = datetime.now()
    # As Hydra names them, to the millisecond: a notebook may start two within a second.
    return Path(above) / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{now.microsecond // 1000:03}"


def _race(words: Sequence[str], progress: bool) -> tuple[int, str]:
    """Run ``python -m bench`` with `words`; return its exit status and what it wrote to stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=reporting.environment() | {"PYTHONIOENCODING": "utf-8"},
        start_new_session=True,  # an interrupt reaches it from here, and once
    )
    complaints: list[str] = []
    listener = threading.Thread(target=lambda: complaints.extend(process.stderr or ()), daemon=True)
    listener.start()
    interrupted = False
    while True:
        try:
            for line in process.stdout or ():
                if progress:
                    print(line, end="", flush=True)
            status = process.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
            process.send_signal(signal.SIGINT)
    listener.join()
    message = "".join(complaints).strip()
    if status != REFUSED and message:
        print(message, file=sys.stderr)
    return INTERRUPTED if interrupted else status, message
