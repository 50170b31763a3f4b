"""``python -m reports DIR [DIR …] [--out FILE]``: one HTML report over any results."""

from __future__ import annotations

import argparse
import os
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
    options = parser.parse_args(arguments)
    folders: list[Path] = options.folders
    out: Path = options.out or (folders[0] if len(folders) == 1 else Path()) / store.REPORT
    if out.is_dir():
        print(f"--out {out}: this is a folder; name a file in it", file=sys.stderr)
        return 2

    # Drawing takes a second to import: a wrong argument is answered before that.
    from bench.results.across import across
    from reports.load import NothingToReport, load
    from reports.page import build
    from reports.render import write

    try:
        runs = load(folders)
        compared = across([(run.folder, run.results) for run in runs if run.results])
        problems = write(build(runs, across=compared, workers=_cores()), out)
    except NothingToReport as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{out}: the report could not be written ({error.strerror or error})", file=sys.stderr)
        return 2
    for problem in problems:
        print(problem, file=sys.stderr)
    print(out)
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
