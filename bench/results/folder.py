"""A folder of results is not trusted: its files are read only where they lie in it, and are files."""

from __future__ import annotations

from pathlib import Path

LOG_BYTES = 6_000
"""Of a log that are read at most, from its end."""


def inside(folder: Path, relative: str, name: str) -> Path:
    """Return the file `name` in `relative` below `folder`.

    Raises `FileNotFoundError` where there is none, a pipe or a device included: opening one may wait for ever; and
    `PermissionError` where a name or a link leads out of the folder, or round in circles.
    """
    if not relative:
        raise FileNotFoundError(name)
    try:
        path = (folder / relative / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise PermissionError(f"{Path(relative) / name} leads out of the run's folder")
        found = path.is_file()
    except (RuntimeError, ValueError) as error:  # links in a circle; a zero byte in a name
        raise PermissionError(f"{Path(relative) / name} leads nowhere ({error})") from None
    if not found:
        raise FileNotFoundError(name)
    return path


def tail(folder: Path, file: str, lines: int) -> str:
    """Return the last lines of a log below `folder`; empty where there is none that may be read."""
    try:
        with inside(folder, ".", file).open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - LOG_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
    return "\n".join(text.splitlines()[-lines:])
