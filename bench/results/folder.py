"""A folder of results is not trusted: its files are read only where they lie in it, and are files."""

from __future__ import annotations

from pathlib import Path


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
