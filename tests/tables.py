"""``python -m tests.tables``: measures how far the two frameworks are apart, part by part, and writes docs/parity.md.

Needs both frameworks and a few minutes. `tests/test_tables.py` holds the committed file against the vocabulary, so that
nothing that is new, or gone, is missing in it, or left.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from frameworks import rooms
from frameworks.spec.parse import LAYERS
from tests.frameworks.conftest import Rooms
from tests.frameworks.random_specs import cases
from tests.frameworks.random_specs.cases import Case
from tests.frameworks.random_specs.chains import KINDS, Chains, shape_after

TABLES = Path(__file__).parents[1] / "docs" / "parity.md"
PRECISIONS = ("float64", "float32")
DRAWS = 6
"""Random networks, or batches, behind each row."""

STEPS = 50
"""Of training, behind a row of an optimizer or a schedule."""

HEAD = """\
# How far TensorFlow and PyTorch are apart, part by part

Written by `python -m tests.tables`; do not edit. Every number is the largest error between the two rooms of Parallax
over some random small networks, on a CPU: in float64, where the parity gate judges (1e-9 allowed, 1e-7 where a layer
keeps float32 constants inside), and in float32, where two correct sides differ by rounding.
"""

Row = tuple[str, ...]


def main() -> int:
    """Measure everything and write the file."""
    with tempfile.TemporaryDirectory(prefix="tables-") as scratch:
        os.environ["PARALLAX_CACHE"] = str(Path(scratch) / "cache")
        asked = Rooms(Path(scratch))
        try:
            text = "\n".join([HEAD, *(_section(*part, list(part[-1](asked))) for part in SECTIONS)])
        finally:
            asked.close()
    TABLES.write_text(text, encoding="utf-8")
    print(f"wrote {TABLES}")
    return 0


def _section(title: str, told: str, columns: Row, _: Any, rows: Sequence[Row]) -> str:
    print(f"{title}: {len(rows)} rows", file=sys.stderr, flush=True)
    lines = ["| " + " | ".join(cells) + " |" for cells in (columns, ("---",) * len(columns), *rows)]
    return "\n".join([f"## {title}\n", f"{told}\n", *lines, ""])


def layers(asked: Rooms) -> Iterator[Row]:
    """Yield a row for each kind of layer: the errors of its outputs and of all gradients."""
    for kind in KINDS:
        drawn = list(_with(kind))
        found = [[_both(asked, case, precision) for case in drawn] for precision in PRECISIONS]
        yield (f"`{kind}`", *(_number(max(part)) for each in found for part in zip(*each, strict=True)), _why(kind))


def _with(kind: str) -> Iterator[Case]:
    """Yield networks around a layer of `kind`, with something to learn before it and after it."""
    rng = cases.generator(len(kind))
    chains = Chains(rng, Counter())
    while True:
        case = cases.draw(rng, Counter())
        if case.refused() or len(case.shape) != 3:
            continue
        begin: list[Any] = [{"conv2d": {"filters": 3, "kernel_size": 2}}]
        if kind == "dense" or rng.random() < 0.2:
            begin.append("flatten")
        shape = shape_after(begin, tuple(case.shape))
        item = None if shape is None else chains.item(kind, shape, depth=1)
        after = None if item is None or shape is None else shape_after([item], shape)
        if after is None or np.prod(after) > 400:
            continue
        yield replace(case, layers=[*begin, item, "flatten", {"dense": "outputs"}])


def _why(kind: str) -> str:
    layer = LAYERS.get(kind)
    notes = [note for backend in rooms.names() for name, note in rooms.corrected(backend).items() if name == kind]
    if layer is not None and layer.float32_constants:
        notes.append("a framework keeps float32 constants inside, in float64 too")
    return "; ".join(notes) or "rounding"
