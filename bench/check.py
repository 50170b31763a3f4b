"""``python -m bench.check``: the parity gate alone, over the settings of a run; nobody is raced, no folder is left.

0: all contenders compute the same, or there is only one and it meets the spec; 1: one of them does not, or left no
fingerprint; 2: the request was wrong, and nothing was started; 130: interrupted.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench import compose, entry, gate, lock, plan, verdict
from bench.job import FAILED, INTERRUPTED, OK, REFUSED
from bench.plan import Plan
from bench.results import format as formats
from bench.results.schema import Check, Parity
from bench.work import Work

HELP = f"""\
Checks that all contenders compute the same, as the gate before a run does, and prints the certificate.

  python -m bench.check                                        # the default job
  python -m bench.check dataset=mnist model=cnn parity.steps=50
  python -m bench.check 'framework=[tf,tf_xla,torch,torch_compile]'
  python -m bench.check plant=adam_epsilon                     # a planted mistake, which must be found

Say the settings as in the run (python -m bench --help lists them); one run at a time, no -m.

Exit status: {OK}: they do; {FAILED}: one does not; {REFUSED}: the request was wrong; {INTERRUPTED}: interrupted."""


def main() -> None:
    """Run the command line of this process and exit."""
    entry.main(run)


def run(arguments: Sequence[str]) -> int:
    """Run the gate for `arguments`, print its certificate, and return the exit status."""
    return entry.status(entry.parser("bench.check", HELP), arguments, _check)


def _check(given: Namespace) -> int:
    command = compose.command("bench.check", given.overrides, given.config_dir)
    wanted = plan.make(compose.settled(given.overrides, given.config_dir), command=command)
    for name in wanted.plants:
        _say(f"Planted mistake: {name}.")
    parity = certificate(wanted)
    show(parity)
    return FAILED if any(not check.passed for check in parity.checks) else OK


def certificate(wanted: Plan) -> Parity:
    """Return the certificate of a plan; its files are gone afterwards.

    Nothing is clocked here, but a run that measures meanwhile would be disturbed: so one waits for the other.
    """
    with tempfile.TemporaryDirectory(prefix="parallax-") as scratch, lock.working(_say):
        return gate.run(wanted, Work(wanted, Path(scratch)), Path(scratch) / "parity")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def show(parity: Parity) -> None:
    """Print a certificate: a line for each check, the verdict, and what the gate corrects for or cannot certify."""
    console = Console(highlight=False, markup=False, emoji=False)
    plain = not console.is_terminal
    console.print(table(parity.checks))
    console.print()
    for part in verdict.certificate(parity):
        console.print(part, soft_wrap=plain)
    for note in parity.corrected:
        console.print(verdict.Line(f"corrected: {note}", "  "), soft_wrap=plain)


def table(checks: Sequence[Check]) -> Table:
    """Return the checks as a table, made for 80 columns."""
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for title in ("", "contender", "against", "quantity"):
        shown.add_column(title, overflow="fold")
    for title in ("precision", "error", "allowed"):
        shown.add_column(title, justify="right", no_wrap=True)
    for check in checks:
        error = formats.MISSING if check.error is None else f"{check.error:.1e}"
        mark = Text("✓", style="green") if check.passed else Text("✗", style="bold red")
        names = (formats.one_line(check.contender), formats.one_line(check.baseline))
        shown.add_row(mark, *names, check.quantity, check.precision, error, f"{check.tolerance:.0e}")
    return shown


if __name__ == "__main__":
    main()
