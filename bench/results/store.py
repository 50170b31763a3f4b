"""Read and write ``results.json``: atomically, never unpickling, not-a-number as null."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from bench.results.folder import inside
from bench.results.migrations import migrate
from bench.results.schema import Results

T = TypeVar("T")

NAME = "results.json"
REPORT = "report.html"
"""Names of a run's files, in its folder."""

LARGEST = 32 * 2**20
"""Bytes of a results file at most: a run of a thousand trials leaves a quarter of it."""

MOST, MOST_CONTENDERS, MOST_NAMES = 10_000, 100, 1_000
"""Trials of a run, or checks, or warnings, at most; contenders; and names in one mapping, such as phases or versions.
Nobody has more, and a report must come to an end."""

WIDEST = 2**63
"""Whole numbers from here on are none that anybody counted."""


class SchemaError(Exception):
    """A file that is not a results file of a version that can be read; the message names it and says why."""


def write(folder: Path, results: Results) -> None:
    """Write `results` into `folder` so that a reader finds the old file or the new one, never half of one."""
    write_json(folder / NAME, dataclasses.asdict(results))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON through a temporary name; NaN and infinities become null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    text = json.dumps(_finite(value), indent=1, allow_nan=False) + "\n"
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read(folder: Path) -> Results:
    """Read the results in `folder` (or the file itself).

    Nothing in it is trusted: a link out of the folder is not followed, and a pipe, or what is too large or too deep,
    is refused. Raises `SchemaError` there, and where the file is missing, is no JSON, has a wrong shape or a schema
    version that cannot be read.
    """
    path = folder if folder.is_file() else folder / NAME
    try:
        value = _tame(json.loads(_text(path)))
    except FileNotFoundError:
        raise SchemaError(f"{path}: there is no such file") from None
    except PermissionError as error:
        raise SchemaError(f"{path}: it may not be read ({error.strerror or error})") from None
    except (ValueError, OSError, RecursionError) as error:
        raise SchemaError(f"{path}: cannot be read as JSON ({error})") from None
    try:
        results = build(Results, migrate(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise SchemaError(f"{path}: {error}") from None
    named = {item.name for item in results.contenders} | {item.contender for item in results.trials}
    if len(named) > MOST_CONTENDERS:
        raise SchemaError(f"{path}: {len(named):,} contenders; at most {MOST_CONTENDERS} are read")
    return results


def _text(path: Path) -> str:
    """Return what the file holds; `ValueError` where it is larger than any results file."""
    with inside(path.parent, ".", path.name).open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 20} MiB")
    return content.decode("utf-8")


def _tame(value: Any) -> Any:
    """Return JSON, changed in place, with null for what no number is: NaN, infinities, and what is past `WIDEST`."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < WIDEST else None
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(item, str):
                value[key] = _tame(item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            if not isinstance(item, str):
                value[place] = _tame(item)
    return value


def build(kind: type[T], value: Any) -> T:
    """Return the dataclass `kind` made from plain JSON, field by field; unknown keys are passed over.

    Null stands for what was not measured: where a field admits no None its default is taken.
    """
    if not isinstance(value, dict):
        raise TypeError(f"{kind.__name__}: expected an object, got {type(value).__name__}")
    hints, known = _shape(typing.cast("Any", kind))
    return kind(
        **{
            key: _typed(hints[key], item, f"{kind.__name__}.{key}")
            for key, item in value.items()
            if key in known and not (item is None and _has_default(known[key]))
        }
    )


@functools.cache
def _shape(kind: Any) -> tuple[dict[str, Any], dict[str, dataclasses.Field[Any]]]:
    """Return the fields of a dataclass, by name: their types, and what else is known of them."""
    return typing.get_type_hints(kind), {field.name: field for field in dataclasses.fields(kind)}


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _typed(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _typed(next(item for item in arguments if item is not type(None)), value, where)
    if origin is list and isinstance(value, list):
        if len(value) > MOST and dataclasses.is_dataclass(arguments[0]):
            raise TypeError(f"{where}: {len(value):,} entries; at most {MOST:,} are read")
        return [_typed(arguments[0], item, where) for item in value]
    if origin is dict and isinstance(value, dict):
        if len(value) > MOST_NAMES:
            raise TypeError(f"{where}: {len(value):,} names; at most {MOST_NAMES:,} are read")
        optional = arguments[1] is Any or type(None) in typing.get_args(arguments[1])
        return {
            str(key): _typed(arguments[1], item, where) for key, item in value.items() if item is not None or optional
        }
    if dataclasses.is_dataclass(hint):
        return build(typing.cast("type", hint), value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    # True is an int to Python, and a mistake in a file.
    if isinstance(hint, type) and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise TypeError(f"{where}: expected {hint}, got {value!r:.60}")


def _finite(value: Any) -> Any:
    if hasattr(value, "tolist"):  # a number or an array of numpy, which this module does not import
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
