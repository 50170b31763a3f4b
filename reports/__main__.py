"""``python -m reports DIR [DIR …] [--out FILE] [--export NAME,…]``: one HTML report over any results, and exports."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.results import store


def main(arguments: list[str] | None = None) -> int:
    """Write the report and say where; return 0, or 2 where there is nothing to report or nowhere to put it."""
    parser = argparse.ArgumentParser(
        prog="python -m reports",
        description="One HTML report over one run, a sweep, or any results side by side.",
    )
    parser.add_argument("folders", metavar="DIR", nargs="+", type=Path, help="a run's or a sweep's folder")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="the file to write (default: report.html in DIR; with several DIRs, in the current folder)",
    )
    parser.add_argument(
        "--export",
        metavar="NAME,…",
        help="write exports too, into a folder beside the report: csv, parquet, markdown, tensorboard, notebook",
    )
    parser.add_argument("--no-report", action="store_true", help="write the exports alone")
    options = parser.parse_args(arguments)
    folders: list[Path] = options.folders
    out: Path = options.out or (folders[0] if len(folders) == 1 else Path()) / store.REPORT
    if out.is_dir():
        print(f"--out {out}: this is a folder; name a file in it", file=sys.stderr)
        return 2

    if options.no_report and options.export is None:
        print("--no-report: leaves nothing to write; say what: --export csv,markdown", file=sys.stderr)
        return 2

    from reports.export import ExportError
    from reports.load import NothingToReport

    try:
        written, problems = _write(folders, out, options.export, report=not options.no_report)
    except (NothingToReport, ExportError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{out}: the report could not be written ({error.strerror or error})", file=sys.stderr)
        return 2
    for problem in problems:
        print(problem, file=sys.stderr)
    for path in written:
        print(path)
    return 0


def _write(folders: list[Path], out: Path, named: str | None, *, report: bool) -> tuple[list[Path], list[str]]:
    """Write the report and the exports `named`; return what was written and what went wrong, in words."""
    from bench.results.across import across
    from reports import export
    from reports.load import load

    exports = export.parse(named) if named is not None else []
    runs = load(folders)
    compared = across([(run.folder, run.results) for run in runs if run.results])
    written, problems, page = [], [], None
    if report or "notebook" in exports:
        # Drawing takes a second to import: neither a wrong argument nor a table waits for it.
        from reports.page import build
        from reports.render import write

        page = build(runs, across=compared, pictures=report)
        if report:
            problems += write(page, out)
            written.append(out)
    if exports:
        place = out.parent / export.FOLDER
        problems += export.write(exports, runs, compared, place, page)
        written.append(place)
    return written, problems


if __name__ == "__main__":
    sys.exit(main())
