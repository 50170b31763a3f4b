"""One or several runs as a notebook has them: frames of pandas, the verdict, the report's own drawing."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench import reporting
from bench.errors import RequestError
from bench.results import store
from bench.results.schema import Results

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

HEIGHT = 640
"""Pixels of the report in a notebook; it scrolls."""


class Runs:
    """One or several runs: their tables as pandas frames, their verdict; a notebook shows the report's own drawing.

    Every frame has a column ``run``; README says which rows and units each of them has.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = list(folders)

    def __repr__(self) -> str:
        told = [self.verdict]
        if len(self.runs) == 1:
            row = self.runs.iloc[0]
            told += [f"certificate: {row.certificate}", f"{row.conditions}, {row.versions}"]
        return "\n".join([*told, f"report: {self.report}"] if self.report else told)

    def _repr_html_(self) -> str:
        # In a frame of its own: the page's style stays out of the notebook, and the notebook's out of the page. Nothing
        # in it may run; of the notebook's origin it may be, for a frame of none stays blank on its way to paper.
        page, look = escape(self._page, quote=True), f"width: 100%; height: {HEIGHT}px; border: 0"
        return f'<iframe srcdoc="{page}" sandbox="allow-same-origin" style="{look}"></iframe>'

    def _repr_markdown_(self) -> str:
        return self._summary

    @property
    def verdict(self) -> str:
        """What was found, in sentences: of a lone run, or a line per run and comparison, and what was not compared."""
        rows = list(self.runs.itertuples())
        if len(rows) == 1:
            return _told(rows[0])
        lines = [f"{row.run}{_work(row)}: {_told(row)}" for row in rows]
        across, beside = (frame[~frame["run"].isin(self.runs["run"])] for frame in (self.comparison, self.warnings))
        steps = across.loc[across["quantity"] == "step_seconds", "verdict"]
        return "\n".join([*lines, *steps, *beside["message"]])

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
        from bench.results import anew  # numpy is not wanted by whoever only imports bench

        results = store.read(Path(self.runs["folder"][names.index(name)]))
        anew.compute(results)  # as the frames have it
        return results

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

        def read(place: Path) -> dict[str, pd.DataFrame]:
            return {path.stem: pd.read_parquet(path) for path in place.glob("*.parquet")}

        return _exported(self.folders, "parquet", read)

    @cached_property
    def _summary(self) -> str:
        return _exported(self.folders, "markdown", lambda place: (place / "summary.md").read_text(encoding="utf-8"))

    @cached_property
    def _page(self) -> str:
        return _exported(self.folders, "notebook", lambda place: (place / "notebook.html").read_text(encoding="utf-8"))


def _work(row: Any) -> str:
    return f" ({row.dataset} × {row.model})" if row.dataset or row.model else ""


def _told(row: Any) -> str:
    """Return how a run of the frame `runs` ended, where it did not end well, and what it found."""
    ending = "" if row.status == "ok" else ": ".join(filter(None, [row.status, row.message]))
    return "; ".join(filter(None, [ending, row.verdict]))


def _exported(folders: Sequence[Path], name: str, read: Callable[[Path], T]) -> T:
    """Let `reports` write the export `name` of `folders`, and return what `read` finds in the folder it lies in."""
    with tempfile.TemporaryDirectory(prefix="parallax-") as place:
        done = reporting.export(folders, name, Path(place))
        if done.returncode:
            raise RequestError(done.stderr.strip() or f"python -m reports ended with status {done.returncode}")
        for line in done.stderr.splitlines():
            warnings.warn(line, stacklevel=2)
        return read(Path(place) / "exports")
