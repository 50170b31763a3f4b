"""``python -m bench``: Hydra, wrapped, for one clear message to the user and an exit status that means something.

0: all went well; 1: a trial or the parity gate failed; 2: the request was wrong, and nothing was started;
130: interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bench import config, job, resume
from bench.errors import RequestError, is_of_disk
from bench.job import FAILED, INTERRUPTED, OK, REFUSED, Session, Stop


def main() -> None:
    """Run the command line of this process and exit; being terminated counts as being interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status.

    Whatever is wrong with the request becomes a message on stderr. A fault of Parallax's own gets out with
    its traceback, and Python exits with 1.
    """
    session = job.session = job.Session()
    try:
        status = _run(arguments, session)
        if session.sweep and session.folder is not None:
            from bench import sweep

            sweep.settle(session.folder, session.cells)
    finally:  # a sweep is reported on however it ended
        reported = _report(session)
        if session.hold is not None:
            os.close(session.hold)
    if session.sweep and session.folder is not None:
        from bench import overview

        overview.tell(session.folder, session.cells)
        status = max(status, sweep.status(session.folder, session.cells), OK if reported else FAILED)
    return status


def _run(arguments: Sequence[str], session: Session) -> int:
    parsed = taken_up = None
    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"
    fault: Exception
    try:
        parser = get_args_parser()
        parser.error = _refuse_flag  # type: ignore[method-assign]  # argparse's own prints its usage at length
        parsed = parser.parse_intermixed_args(list(arguments))
        if parsed.experimental_rerun is not None:
            raise RequestError("--experimental-rerun: would unpickle a file; repeat a run by its command instead")
        if resume.wanted(parsed.overrides):
            taken_up = resume.earlier(arguments)
            arguments = taken_up.arguments
            parsed = parser.parse_intermixed_args(list(arguments))
        config.register()
        with _hydra_raising(_settings_first(arguments, parsed.overrides)):
            hydra.main(version_base="1.3", config_path=str(config.FOLDER), config_name=config.NAME)(job.job)()
        if session.error is None:
            return session.status
        fault = session.error
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as leaving:  # --help and the like; argparse's and Hydra's complaints about flags
        return REFUSED if leaving.code else OK
    except Stop as stop:
        fault = stop.error
    except Exception as error:
        fault = error
    if isinstance(fault, BrokenPipeError):  # --help | head has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains when it flushes on its way out
        return OK if session.folder is None else FAILED
    message = _message(fault, parsed)
    if message is None and session.folder is not None and (session.sweep or is_of_disk(fault)):
        if full_error:
            traceback.print_exception(fault)
        what = "The sweep was given up by its launcher" if session.sweep else "The run failed"
        print(f"{what}: {fault or type(fault).__name__}".splitlines()[0], file=sys.stderr)
        return FAILED
    if message is None:
        raise fault
    if full_error:
        traceback.print_exception(fault)
    print(message + (taken_up.hint() if taken_up else ""), file=sys.stderr)
    return REFUSED


def _refuse_flag(message: str) -> NoReturn:
    raise RequestError(f"{message}; --help says what there is")


def _message(fault: Exception, parsed: Namespace | None) -> str | None:
    """Return what to tell the user about `fault`, or None where it is not the request's."""
    if isinstance(fault, RequestError):
        return str(fault)
    frames = traceback.extract_tb(fault.__traceback__)
    within_hydra = bool(frames) and f"{os.sep}hydra{os.sep}" in frames[-1].filename
    if within_hydra or isinstance(fault, HydraException | OmegaConfBaseException | YAMLError):
        from bench.explain import explain

        return explain(fault, parsed.overrides, parsed.config_dir) if parsed else str(fault)
    return None


def _report(session: Session) -> bool:
    if not (session.sweep and session.report and session.folder):
        return True
    from bench import sweep

    return sweep.report(session.folder)


def _settings_first(arguments: Sequence[str], settings: Sequence[str]) -> list[str]:
    """Put `settings` before the flags: Hydra refuses ``a=1 -m b=2``, where flags and settings are mixed."""
    flags = list(reversed(arguments))
    for item in reversed(settings):
        flags.remove(item)
    return [*settings, *reversed(flags)]


@contextmanager
def _hydra_raising(arguments: Sequence[str]) -> Iterator[None]:
    """Let Hydra read `arguments`, and raise where it would print and exit with 1 of its own accord."""
    before, variable = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [before[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before
        if variable is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = variable


if __name__ == "__main__":
    main()
