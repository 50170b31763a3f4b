"""What the entry points beside ``python -m bench`` share: settings in, one line for what is wrong, an exit status."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from bench.errors import RequestError
from bench.job import INTERRUPTED, OK, REFUSED

Run = Callable[[Sequence[str]], int]


def main(run: Run) -> NoReturn:
    """Run the command line of this process and exit; being terminated counts as being interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def parser(module: str, told: str, settings: str = "settings of a run") -> ArgumentParser:
    """Return the parser of ``python -m module``, which is told of in `told` and takes `settings` and --config-dir."""
    found = ArgumentParser(
        f"python -m {module}", description=told.replace("%", "%%"), formatter_class=RawDescriptionHelpFormatter
    )
    found.add_argument("overrides", nargs="*", help=settings, metavar="KEY=VALUE")
    found.add_argument("--config-dir", "-cd", help="a folder with YAML files of your own, next to Parallax's")
    found.error = _refuse  # type: ignore[method-assign]  # argparse's own prints its usage at length
    return found


def status(parser: ArgumentParser, arguments: Sequence[str], work: Callable[[Namespace], int]) -> int:
    """Return the exit status of `work`, which is given what `parser` makes of `arguments`.

    A `RequestError` becomes its message on stderr and `REFUSED`.
    """
    try:
        given = parser.parse_intermixed_args(list(arguments))
        if given.config_dir is not None and not Path(given.config_dir).is_dir():
            raise RequestError(f"--config-dir={given.config_dir}: there is no such folder")
        return work(given)
    except RequestError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # … | head has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains when it flushes on its way out
        return OK
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def _refuse(message: str) -> NoReturn:
    raise RequestError(f"{message}; --help says what there is")
