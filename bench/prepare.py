"""``python -m bench.prepare dataset=mnist,cifar10``: fetches and prepares data ahead of the runs that need them.

0: all are there; 1: some could not be fetched or read; 2: the request was wrong, or its only dataset cannot be read;
130: interrupted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf

from bench import announce, compose, datasets, entry
from bench.datasets import Prepared, Splits, cache
from bench.datasets.places import UnreachableError
from bench.errors import RequestError
from bench.job import FAILED, OK, REFUSED
from bench.preparing import Preparing

HELP = f"""\
Fetches and prepares data ahead, for a run, a machine or a room without network later.

  python -m bench.prepare dataset=mnist,cifar10
  python -m bench.prepare dataset=cifar10 dataset.root=/data/cifar10
  python -m bench.prepare dataset=mnist dataset.source=synthetic dataset.size=32

Say the dataset's options as in the run that is to use them: another size, for one, is prepared apart.

Where to: the environment variable PARALLAX_CACHE names the folder (now: {{folder}}).
That folder holds everything and can be copied: on the other machine set PARALLAX_CACHE to the copy, and
python -m bench dataset=mnist needs no network. (Data read in place with dataset.root=… are known by the path
and the times of their files: copy those too, with their times, to the same path.)

Datasets: {{names}}
Exit status: {OK}: all are there; {FAILED}: some could not be fetched or read; {REFUSED}: the request
was wrong, or the only dataset asked for cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One dataset that is to be prepared."""

    name: str
    options: dict[str, Any]


def main() -> None:
    """Run the command line of this process and exit."""
    entry.main(run)


def run(arguments: Sequence[str]) -> int:
    """Prepare what `arguments` ask for, print where each dataset lies, and return the exit status."""
    told = HELP.format(folder=cache.cache_folder(), names=", ".join(datasets.names()))
    parser = entry.parser("bench.prepare", told, "dataset=NAME[,NAME…] and dataset.OPTION=VALUE")
    return entry.status(parser, arguments, lambda given: _prepare_all(_asked(given.overrides, given.config_dir)))


def _asked(overrides: Sequence[str], config_dir: str | None) -> list[Asked]:
    """Compose and check every dataset that is asked for, before anything is fetched."""
    chosen = [item.removeprefix("dataset=") for item in overrides if item.startswith("dataset=")]
    others = [item for item in overrides if not item.startswith("dataset=")]
    for item in others:
        if not item.lstrip("+").startswith("dataset."):
            raise RequestError(f"{item}: only data are prepared: say dataset=NAME, and dataset.OPTION=VALUE")
    if len(chosen) != 1 or not all(chosen[0].strip("[]").split(",")):
        raise RequestError(
            "dataset: say which to prepare, once, such as dataset=mnist or dataset=mnist,cifar10 "
            f"(there are: {', '.join(datasets.names())})"
        )
    names = list(dict.fromkeys(name.strip() for name in chosen[0].strip("[]").split(",")))
    found = []
    for name in names:
        options = _options([f"dataset={name}", *others], config_dir)
        datasets.check(options)
        found.append(Asked(name=name, options=options))
    return found


def _options(overrides: list[str], config_dir: str | None) -> dict[str, Any]:
    """Return the dataset's options as a run with these `overrides` would have them."""
    node = OmegaConf.to_container(compose.settled(overrides, config_dir).dataset)
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items()}


def _prepare_all(asked: Sequence[Asked]) -> int:
    """Prepare one after the other; what goes wrong with one does not keep the next from being tried."""
    faults: list[RequestError] = []
    for item in asked:
        begin = time.perf_counter()
        try:
            with Preparing() as progress:
                prepared = datasets.prepare(item.options, progress)
                datasets.planar(prepared, progress)
            splits = datasets.split(prepared, item.options)
            datasets.scaling(prepared, item.options, splits)
            datasets.target_scaling(prepared, item.options, splits)
        except RequestError as error:
            faults.append(error)
            print(error, file=sys.stderr, flush=True)
            continue
        print(describe(item.name, prepared, splits, time.perf_counter() - begin), flush=True)
    if not faults:
        return OK
    started = len(faults) < len(asked) or any(isinstance(fault, UnreachableError) for fault in faults)
    return FAILED if started else REFUSED


def describe(name: str, prepared: Prepared, splits: Splits, seconds: float) -> str:
    """Return what there is now, in four lines or five: size and time, samples of each split and class, and where."""
    shape = " x ".join(str(size) for size in prepared.input_shape)
    megabytes = sum(path.stat().st_size for path in prepared.folder.iterdir()) / 1e6
    lines = [
        f"{name}: {prepared.title}",
        f"  {prepared.num_samples:,} samples of {shape}, {megabytes:,.1f} MB, {seconds:.1f} s"
        + (f"; {prepared.note}" if prepared.note else ""),
        "  " + ", ".join(f"{split} {sum(counts):,}" for split, counts in splits.counts.items()),
    ]
    if prepared.classes:
        totals = [sum(counts) for counts in zip(*splits.counts.values(), strict=True)]
        each = [f"{label} {total:,}" for label, total in zip(prepared.classes, totals, strict=True)]
        lines.append(f"  {', '.join(each[:20])}" + (f" and {len(each) - 20} classes more" if len(each) > 20 else ""))
    lines += [f"  {line}" for line in (*announce.left_out(prepared), *splits.facts.values())]
    return "\n".join([*lines, f"  in {prepared.folder}"])


if __name__ == "__main__":
    main()
