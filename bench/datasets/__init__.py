"""Datasets: each turns its source into arrays once, in a cache, and hands out splits by seeded index.

Light at import: neither numpy nor scikit-learn is loaded until arrays are made or split.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, cast

from bench import surroundings
from bench.datasets import scales
from bench.datasets.options import split_options
from bench.datasets.places import place, stand_in
from bench.datasets.planes import planar
from bench.datasets.prepared import About, Dataset, Prepared, Progress, Splits
from bench.datasets.resize import image_options
from bench.datasets.scales import scaling, target_scaling
from bench.errors import RequestError, nearest, unknown

__all__ = [
    "Prepared",
    "Progress",
    "Splits",
    "check",
    "known",
    "names",
    "planar",
    "prepare",
    "scaling",
    "split",
    "target_scaling",
]

CONF = Path(__file__).resolve().parents[2] / "conf" / "dataset"
"""A path, not the package ``conf``: a folder with a package of that name would have its own found first."""


def names() -> list[str]:
    """Return the names of all datasets: one module here and one file of the same name in ``conf/dataset``."""
    described = {path.stem for path in CONF.glob("*.yaml")}
    return sorted(module.name for module in iter_modules(__path__) if module.name in described)


def prepare(options: Mapping[str, Any], progress: Progress | None = None) -> Prepared:
    """Return the dataset that `options` (the resolved ``dataset`` node) asks for, as arrays in the cache.

    Fast where the cache has it; safe when two runs start together. Options are checked before anything is
    fetched. Raises `RequestError` for a wrong option, a missing or broken file, and a download that fails.
    """
    with surroundings.unchanged():
        return check(options).prepare(options, progress)


def check(options: Mapping[str, Any]) -> Dataset:
    """Return the module that reads the dataset; raise `RequestError` for an option that is wrong for any dataset."""
    name = str(options.get("name"))
    if name not in names():
        raise unknown("dataset.name", name, names())
    known = _known(name)
    for key in options:
        if key not in known:
            raise RequestError(
                f"dataset.{key}: {name} has no such option{nearest(key, known)} (it has: {', '.join(known)})"
            )
    module = cast("Dataset", import_module(f"{__name__}.{name}"))
    split_options(options, name=name, official_test=module.OFFICIAL_TEST)
    scales.wanted(options)
    scales.target(options)
    return module


def known(options: Mapping[str, Any]) -> tuple[tuple[int, ...], About] | None:
    """Return a sample's shape and what is known of a dataset that nobody needs to have for that; None for others.

    Raises `RequestError` for a wrong option, as `prepare` does.
    """
    module: Any = check(options)
    if not (hasattr(module, "SHAPE") and hasattr(module, "ABOUT")):
        return None
    about: About = module.ABOUT
    if place(options, about.title) == "synthetic":
        about = stand_in(about)
    return image_options(options).shape(module.SHAPE), about


@functools.cache
def _known(name: str) -> tuple[str, ...]:
    """Return the options of a dataset: those that its YAML spells out."""
    import yaml

    return tuple(yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8")))


def split(prepared: Prepared, options: Mapping[str, Any]) -> Splits:
    """Return the train, validation and test samples of `prepared`; see `bench.datasets.splits.split`."""
    from bench.datasets import splits

    return splits.split(prepared, options)
