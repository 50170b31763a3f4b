"""Exports: results in the forms that other programs read, in ``exports`` beside the report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from reports.load import Run

if TYPE_CHECKING:
    import pandas as pd

    from bench.results.across import Across
    from reports.page import Page

FOLDER = "exports"
NAMES = ("csv", "parquet", "markdown", "tensorboard", "notebook")
"""What there is: the tables twice, a summary, event files, and the part of the report that a notebook shows."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula, and runs it."""

Sink: TypeAlias = "Callable[[pd.DataFrame], None]"
"""Takes a table piece by piece."""


class ExportError(Exception):
    """An export that there is not, that lacks a package, or that could not be written; the message says all of it."""


def parse(text: str) -> list[str]:
    """Return the names in a list with commas, each once; raises `ExportError`."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in NAMES:
            near = get_close_matches(name.lower(), NAMES, 1, 0.5)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ExportError(f"there is no '{name}'{hint} (there are: {', '.join(NAMES)})")
    if "tensorboard" in names:
        from reports import events

        try:
            events.check()
        except ImportError as error:
            raise ExportError("tensorboard is not installed: pip install tensorboard") from error
    return names


def write(
    names: Sequence[str], runs: Sequence[Run], across: Sequence[Across], folder: Path, page: Page | None = None
) -> list[str]:
    """Write the exports `names` of `runs` into `folder`; return what could not be read, in words.

    Each file appears whole or not at all. `page` is the model of the report; ``notebook`` needs it. Raises
    `ExportError`.
    """
    if folder.is_symlink():
        raise ExportError(f"{folder} is a link: nothing was written there")
    try:
        return _write(names, runs, across, folder, page)
    except OSError as error:
        raise ExportError(f"{folder}: the exports could not be written ({error.strerror or error})") from error


def _write(
    names: Sequence[str], runs: Sequence[Run], across: Sequence[Across], folder: Path, page: Page | None
) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    _write_tables(runs, across, [name for name in names if name in TABLES], folder, problems)
    if "markdown" in names:
        from reports.markdown import markdown

        _text(folder / "summary.md", markdown(runs, across))
    if "notebook" in names and page is not None:
        from reports.render import html

        _text(folder / "notebook.html", html(page, "notebook.html.j2"))
    if "tensorboard" in names:
        _write_events(runs, folder / "tensorboard")
    return problems


def _write_tables(
    runs: Sequence[Run], across: Sequence[Across], kinds: Sequence[str], folder: Path, problems: list[str]
) -> None:
    if not kinds:
        return
    from reports.tables import tables

    for name, pieces in tables(runs, across, problems).items():
        with ExitStack() as stack:
            sinks = [stack.enter_context(TABLES[kind](folder / f"{name}.{kind}")) for kind in kinds]
            for piece in pieces:
                for sink in sinks:
                    sink(piece)


@contextmanager
def _csv(path: Path) -> Iterator[Sink]:
    from reports.tables import TEXTS

    with _whole(path) as file:

        def sink(piece: pd.DataFrame) -> None:
            texts = {str(name): piece[name].map(harmless) for name in piece if name in TEXTS}
            head = file.tell() == 0
            file.write(piece.assign(**texts).to_csv(index=False, header=head, lineterminator="\n").encode())

        yield sink


def harmless(text: str) -> str:
    """Return `text` for a cell of CSV: what a spreadsheet would take for a formula is marked as text."""
    return f"'{text}" if text.startswith(FORMULA) else text


@contextmanager
def _parquet(path: Path) -> Iterator[Sink]:
    import pyarrow as pa
    from pyarrow import parquet

    from reports.tables import TEXTS

    with _whole(path) as file, ExitStack() as stack:
        writer: parquet.ParquetWriter | None = None

        def sink(piece: pd.DataFrame) -> None:
            nonlocal writer
            if writer is None:
                found = pa.Schema.from_pandas(piece, preserve_index=False)
                # Of a column without rows no type can be told; what is named as text stays text.
                kinds = [pa.field(item.name, pa.string()) if item.name in TEXTS else item for item in found]
                writer = parquet.ParquetWriter(file, pa.schema(kinds, metadata=found.metadata))
                stack.callback(writer.close)
            writer.write_table(pa.Table.from_pandas(piece, schema=writer.schema, preserve_index=False))

        yield sink


TABLES = {"csv": _csv, "parquet": _parquet}


def _write_events(runs: Sequence[Run], place: Path) -> None:
    from reports import events

    fresh = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    fresh.mkdir()
    try:
        events.write(runs, fresh)
        if place.is_symlink():
            place.unlink()
        elif place.exists():  # TensorBoard would show the trials of an earlier export beside these
            shutil.rmtree(place)
        fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _text(path: Path, text: str) -> None:
    with _whole(path) as file:
        file.write(text.encode("utf-8", errors="replace"))


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file that becomes `path` once it is whole; a link that lies there is replaced, never followed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("xb") as file:
        try:
            yield file
        except BaseException:
            temporary.unlink()
            raise
    temporary.replace(path)
