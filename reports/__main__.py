"""``python -m reports DIR [DIR …] [--out FILE] [--export NAME,…]``: one HTML report over any results, and exports."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.results import store
from reports.export import FOLDER, ExportError, parse
from reports.export import write as write_exports


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
        default="",
        help="write exports too, into a folder beside the report: csv, parquet, markdown, tensorboard, notebook",
    )
    parser.add_argument("--no-report", action="store_true", help="write the exports alone")
    options = parser.parse_args(arguments)
    folders: list[Path] = options.folders
    out: Path = options.out or (folders[0] if len(folders) == 1 else Path()) / store.REPORT
    if out.is_dir():
        print(f"--out {out}: this is a folder; name a file in it", file=sys.stderr)
        return 2

    if options.no_report and not options.export:
        print("--no-report: leaves nothing to write; say what: --export csv,markdown", file=sys.stderr)
        return 2
    try:
        exports = parse(options.export) if options.export else []
    except ExportError as error:
        print(f"--export {options.export}: {error}", file=sys.stderr)
        return 2

    from reports.load import NothingToReport

    try:
        written, problems = _write(folders, out, exports, report=not options.no_report)
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


def _write(folders: list[Path], out: Path, exports: list[str], *, report: bool) -> tuple[list[Path], list[str]]:
    """Write the report and `exports`; return what was written and what went wrong, in words."""
    from bench.results.across import across
    from reports.load import load

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
        place = out.parent / FOLDER
        problems += write_exports(exports, runs, compared, place, page)
        written.append(place)
    return written, problems


if __name__ == "__main__":
    sys.exit(main())
