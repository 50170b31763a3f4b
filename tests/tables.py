"""``python -m tests.tables``: measures how far the two frameworks are apart, part by part, and writes docs/parity.md.

Needs both frameworks and a few minutes. `tests/test_tables.py` holds the committed file against the vocabulary, so that
nothing that is new, or gone, is missing in it, or left.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.results.pixels import REFERENCE
from bench.results.schema import Check
from frameworks import rooms
from frameworks.reference import LOSSES, OPTIMIZERS, SCHEDULES
from tests.frameworks.conftest import Answer, Rooms
from tests.frameworks.random_specs import cases
from tests.frameworks.random_specs.cases import Case
from tests.frameworks.random_specs.chains import KINDS, Chains, shape_after
from tests.frameworks.random_specs.holding import CaseJob, job
from tests.gates import gate
from tests.planted import ROWS

TABLES = Path(__file__).parents[1] / "docs" / "parity.md"
PRECISIONS = ("float64", "float32")
DRAWS = 3
"""Random networks, or batches, behind each row."""

STEPS = 50
"""Of training, behind a row of an optimizer or a schedule."""

EPOCHS = 10
"""That a schedule takes these steps for."""

HEAD = """\
# How far TensorFlow and PyTorch are apart, part by part

Written by `python -m tests.tables`; do not edit. Every number is the largest error between the two rooms of Parallax
over some random small networks, on a CPU: in float64, where the parity gate judges (1e-9 allowed), and in float32,
where two correct sides differ by rounding.
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
        drawn = list(islice(_with(kind), DRAWS))
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
        item = {kind: {"rate": 0.0}} if kind == "dropout" else item  # no two masks agree
        after = None if item is None or shape is None else shape_after([item], shape)
        if after is None or np.prod(after) > 400:
            continue
        case = replace(case, layers=[*begin, item, "flatten", {"dense": "outputs"}], settings={})
        network = case.network()
        if not network.random_layers():
            yield case


def _why(kind: str) -> str:
    notes = [note for backend in rooms.names() for name, note in rooms.corrected(backend).items() if name == kind]
    return "; ".join(notes) or "rounding"


def losses(asked: Rooms) -> Iterator[Row]:
    """Yield a row for each loss, its options and weights set or not: the errors of the loss and of its gradients."""
    for name, each in LOSSES.items():
        drawn = [case for case in _drawn() if case.task in each.tasks][:DRAWS]
        drawn = [_with_loss(case, name, index) for index, case in enumerate(drawn)]
        found = [[_loss_and_gradients(asked, case, precision) for case in drawn] for precision in PRECISIONS]
        numbers = [_number(max(part)) for each in found for part in zip(*each, strict=True)]
        yield f"`{name}`", ", ".join(f"`{option}`" for option in each.options) or "–", *numbers


def _with_loss(case: Case, name: str, index: int) -> Case:
    rng = cases.generator(index)
    told = {key: cases.OPTIONS[key](rng) for key in LOSSES[name].options} if index % 2 else {}
    weights = [1.0, 3.0, 0.5, 2.0][: max(case.outputs, 2)] if index % 3 == 0 and case.task != "regression" else []
    layers = ["flatten", {"dense": 5}, "tanh", {"dense": "outputs"}]
    return replace(case, layers=layers, loss=name, loss_options=told, class_weights=weights)


def optimizers(asked: Rooms) -> Iterator[Row]:
    """Yield a row for each optimizer: the largest error of any weight after `STEPS` steps."""
    for name in OPTIMIZERS:
        rng = cases.generator(0)
        drawn = [replace(case, optimizer=cases.optimizer(rng, name)) for case in _drawn()[:DRAWS]]
        yield (
            f"`{name}`",
            *(_number(max(_trained(asked, case, precision) for case in drawn)) for precision in PRECISIONS),
        )


def schedules(asked: Rooms) -> Iterator[Row]:
    """Yield a row for each schedule: the largest error of any weight after `STEPS` steps with momentum."""
    sgd = {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9}
    for name in SCHEDULES:
        rng = cases.generator(0)
        drawn = [replace(case, optimizer=sgd, schedule=cases.schedule(rng, name)) for case in _drawn()[:DRAWS]]
        yield (
            f"`{name}`",
            *(_number(max(_trained(asked, case, precision) for case in drawn)) for precision in PRECISIONS),
        )


def traps(asked: Rooms) -> Iterator[Row]:
    """Yield a row for each planted mistake: what it is, how large, and what the gate says."""
    known = {name: plant for backend in rooms.names() for name, plant in rooms.plants(backend).items()}
    for name, row in sorted(ROWS.items()):
        failed = [check for check in gate(asked, *row.settings(name)) if not check.passed]
        first: Check = next((check for check in failed if check.baseline == REFERENCE), failed[0])
        error = "cannot be compared" if first.error is None else f"{first.error:.0e}"
        said = f"{row.side} does not compute what {'the spec means' if row.alone else 'its twin does'}"
        told = f"{said}: {first.quantity}; {first.detail}"
        yield f"`{name}`", row.side, known[name].what, error, told, f"`{' '.join(row.settings(name))}`"


def _drawn() -> list[Case]:
    """Return some random cases without anything random left to be drawn."""
    found = [case for seed in range(60) if not (case := cases.draw(cases.generator(seed), Counter())).refused()]
    return [
        replace(case, layers=["flatten", {"dense": 6}, "tanh", {"dense": "outputs"}], settings={}) for case in found
    ]


def _both(asked: Rooms, case: Case, precision: str) -> tuple[float, float]:
    """Return the largest error of any layer's outputs, and of any gradient relative to the norm of all."""
    one, other = _answers(asked, "layers", case, precision=precision)
    outputs = [_apart(one.arrays[name], other.arrays[name]) for name in one.arrays if name.startswith("outputs/")]
    return max(outputs), _gradients(one, other)


def _loss_and_gradients(asked: Rooms, case: Case, precision: str) -> tuple[float, float]:
    one, other = _answers(asked, "layers", case, precision=precision)
    return abs(one.values["loss"] - other.values["loss"]) / abs(other.values["loss"]), _gradients(one, other)


def _gradients(one: Answer, other: Answer) -> float:
    mine, theirs = one.under("gradients/"), other.under("gradients/")
    norm = np.sqrt(sum(float(np.sum(np.square(value))) for value in theirs.values()))
    return max(float(np.abs(mine[name] - theirs[name]).max()) for name in mine) / (norm or 1.0)


def _trained(asked: Rooms, case: Case, precision: str) -> float:
    """Return the largest error of any weight after `STEPS` steps, relative to the largest."""
    given = {"trace": True, "clocked": False, "twin": True, "precision": precision}
    one, other = _answers(asked, "train", replace(case, steps=STEPS), **given)
    mine, theirs = one.under("weights/0/"), other.under("weights/0/")
    largest = max(float(np.abs(value).max()) for value in theirs.values())
    return max(float(np.abs(mine[name] - theirs[name]).max()) for name in mine) / largest


def _answers(asked: Rooms, do: str, case: Case, **given: Any) -> list[Answer]:
    wanted: CaseJob = job(case)
    wanted.train, wanted.length = {"epochs": 1, "batch_size": 6}, (EPOCHS, STEPS // EPOCHS)
    return list(asked.both(do, wanted, **given).values())


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    scale = float(np.abs(other).max())
    return float(np.abs(one - other).max()) / (scale or 1.0)


def _number(error: float) -> str:
    return "0" if error == 0 else f"{error:.0e}"


Part = tuple[str, str, Row, Callable[[Rooms], Iterator[Row]]]
SECTIONS: tuple[Part, ...] = (
    (
        "Layers",
        "Outputs relative to the largest of the layer, gradients to the norm of all gradients of the network.",
        ("layer", "float64: outputs", "gradients", "float32: outputs", "gradients", "why"),
        layers,
    ),
    (
        "Losses",
        "Each with its options at random and at their defaults, with and without weights of classes.",
        ("loss", "options", "float64: loss", "gradients", "float32: loss", "gradients"),
        losses,
    ),
    (
        "Optimizers",
        f"The largest error of any weight after {STEPS} steps, relative to the largest weight.",
        ("optimizer", "float64", "float32"),
        optimizers,
    ),
    (
        "Schedules",
        f"The same under SGD with momentum, while the rate changes: {EPOCHS} epochs of {STEPS // EPOCHS} steps.",
        ("schedule", "float64", "float32"),
        schedules,
    ),
    (
        "Traps",
        "Mistakes that are easily made where the two are compared by hand. Each can be planted, `python -m bench "
        "plant=NAME`, and is found before anything is timed. The size is that of the first check that fails, in "
        "float64, where 1e-9 is allowed (1e-7 of a first update).",
        ("trap", "planted in", "what it is", "size", "what the gate says", "shows with"),
        traps,
    ),
)

if __name__ == "__main__":
    sys.exit(main())
