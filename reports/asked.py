"""The command line of ``python -m reports``: what may be asked, and one line for what may not."""

from __future__ import annotations

import argparse
import difflib
import math
import re
from pathlib import Path
from typing import NoReturn

from bench.results import store
from bench.results.schema import TIMES
from reports import export

EPILOG = f"""\
With several folders the first is the reference, and what was given the same work is compared with it, contender by
contender. The runs were made apart, so that the intervals are unpaired and machine drift is not controlled.

--fail-if-slower judges by the bound of the 95 % interval. A slow-down is shown, and the exit status 1, where the whole
interval lies beyond the threshold. Where only part of it does, these repeats cannot tell: that is said, and fails with
--strict alone, which CI should add. Where anything could not be compared (other work, not certified as the same, a
contender, an interval or planned repeats missing), the exit status is 2: what was not judged never passes.

quantities: {", ".join(TIMES)}
"""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Print `message` and end with exit status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return what was asked: ``folders``, ``out``, ``fail_if_slower`` (a share or None), ``strict``, ``quantity``,
    ``export`` (names), ``no_report``.

    Ends the process with exit status 2 and one line on stderr where it makes no sense.
    """
    parser = Parser(
        prog="python -m reports",
        description="One HTML report over one run, a sweep, or any folders of results held against the first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", metavar="DIR", nargs="+", type=Path, help="a run's or a sweep's folder")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help=f"the file to write (default: {store.REPORT} in DIR; with several DIRs, in the current folder)",
    )
    parser.add_argument(
        "--fail-if-slower",
        metavar="SHARE",
        type=threshold,
        help="exit with 1 where a later folder is shown to be slower than the first by more than 5%%, 0.05 or 1.05",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 also where that is not resolved")
    parser.add_argument(
        "--quantity", metavar="NAME", type=quantity, help="the time to judge by (default: step_seconds)"
    )
    parser.add_argument(
        "--export",
        metavar="NAME,…",
        type=exports,
        default=[],
        help=f"write exports too, into a folder beside the report: {', '.join(export.NAMES)}",
    )
    parser.add_argument("--no-report", action="store_true", help="write the exports alone")
    asked = parser.parse_args(arguments)
    if asked.no_report and not asked.export:
        parser.error("--no-report: leaves nothing to write; say what: --export csv,markdown")
    if asked.fail_if_slower is None and (asked.strict or asked.quantity):
        parser.error(f"{'--strict' if asked.strict else '--quantity'} goes with --fail-if-slower SHARE, such as 5%")
    if asked.fail_if_slower is not None:
        _check_folders(parser, asked.folders)
    asked.quantity = asked.quantity or "step_seconds"
    return asked


def _check_folders(parser: Parser, folders: list[Path]) -> None:
    if len(folders) < 2:
        parser.error("--fail-if-slower holds later folders against the first: name two at least")
    places = [folder.resolve() for folder in folders]
    for place, folder in zip(places, folders, strict=True):
        if places.count(place) > 1:
            parser.error(f"--fail-if-slower: {folder} is named twice, and would be compared with itself")


def threshold(text: str) -> float:
    """Return a slow-down as a share of one: 0.05 for "5%", "0.05" and "1.05"."""
    found = re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(%?)\s*", text)
    value = float(found[1]) if found else math.nan
    if found and found[2]:
        share = value / 100
    elif value < 1:
        share = value
    elif 1 < value < 2:
        share = value - 1
    else:
        share = math.nan
    if not 0 <= share <= 10:
        near = f"; did you mean {found[1]}%?" if found and not found[2] else ""
        raise argparse.ArgumentTypeError(f"{text!r:.40} is no share: say 5%, 0.05 or 1.05{near}")
    return round(share, 12)  # 1.05 - 1 is not quite 0.05


def exports(text: str) -> list[str]:
    """Return the names of exports; refuse one that there is not."""
    try:
        return export.parse(text)
    except export.ExportError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def quantity(text: str) -> str:
    """Return the name of a quantity of time; refuse another with the nearest right one."""
    if text in TIMES:
        return text
    near = difflib.get_close_matches(text, TIMES, n=1, cutoff=0.4)
    did = f"; did you mean {near[0]}?" if near else ""
    raise argparse.ArgumentTypeError(f"no quantity {text!r:.40}{did} There are {', '.join(TIMES)}")
