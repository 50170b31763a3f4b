"""``python -m reports DIR [DIR …]``: one HTML report over any results, exports, and an answer for CI."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

from bench.results import regressions, store
from bench.results.format import one_line
from reports.asked import parse


def main(arguments: list[str] | None = None) -> int:
    """Write the report and say where.

    Return 0, or 2 where there is nothing to report or nowhere to put it; with ``--fail-if-slower`` the answer of
    `bench.results.regressions.exit_status`.
    """
    asked = parse(arguments)
    folders: list[Path] = asked.folders
    out: Path = asked.out or (folders[0] if len(folders) == 1 else Path()) / store.REPORT
    if out.is_dir():
        return _refuse(f"--out {out}: this is a folder; name a file in it")

    from bench.results.across import across
    from reports import changed, export
    from reports.load import NothingToReport, load

    status = 0
    try:
        with warnings.catch_warnings():
            # Numbers that overflow are shown as a dash; numpy's word on it is nothing a reader could use.
            warnings.simplefilter("ignore", RuntimeWarning)
            runs = load(folders)
            sides = [[run for run in runs if run.side == side] for side in dict.fromkeys(run.side for run in runs)]
            compared = [
                group for some in sides for group in across([(run.folder, run.results) for run in some if run.results])
            ]
            apart = changed.compare(runs, asked.quantity, asked.fail_if_slower)
            problems, written, page = [], [], None
            if asked.fail_if_slower is not None:
                status = regressions.exit_status(apart.findings if apart else (), strict=asked.strict)
                problems += [] if apart else ["--fail-if-slower: there was nothing to compare, and nothing was judged"]
            if not asked.no_report or "notebook" in asked.export:
                # Drawing takes a second to import: neither a wrong argument nor a table waits for it.
                from reports.page import build
                from reports.render import write

                pictures = not asked.no_report
                beside = out.parent if not asked.no_report else None
                page = build(runs, across=compared, changed=apart, pictures=pictures, workers=_cores(), beside=beside)
                if not asked.no_report:
                    problems += write(page, out)
                    written.append(out)
            if asked.export:
                groups = [*(changed.groups(apart) if apart else []), *compared]
                problems += export.write(asked.export, runs, groups, out.parent / export.FOLDER, page)
                written.append(out.parent / export.FOLDER)
    except (NothingToReport, export.ExportError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{out}: the report could not be written ({error.strerror or error})")
    for problem in problems:
        _refuse(problem)
    if apart:
        for line in changed.screen(apart, status if asked.fail_if_slower is not None else None):
            print(one_line(line))
    for path in written:
        print(path)
    return status


def _refuse(message: str) -> int:
    print(one_line(message), file=sys.stderr)
    return 2


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
