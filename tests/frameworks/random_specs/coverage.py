"""What a set of random specs has covered: counted by feature and by pair, told as a table, and held to be complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from frameworks.reference import LOSSES, OPTIMIZERS, OPTIONS, SCHEDULES, TASKS
from frameworks.spec.parse import LAYERS
from tests.frameworks.random_specs.cases import Case
from tests.frameworks.random_specs.chains import JOINS, KINDS

PADDINGS = ("valid", "same", "explicit")
PADDED = tuple(
    kind
    for kind, layer in LAYERS.items()
    if "padding" in getattr(layer, "__dataclass_fields__", {}) and kind != "zero_pad2d"
)
"""Layers that can be padded in more than one way."""


def walk(layers: list[Any], within: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield (kind, parameters, the join or repeat it stands in) of every layer, branches included."""
    for item in layers:
        kind, given = (item, {}) if isinstance(item, str) else next(iter(item.items()))
        if kind in JOINS:
            yield kind, {}, within
            branches = given["branches"] if isinstance(given, dict) else given
            for branch in branches:
                yield from walk(branch, kind)
        elif kind == "repeat":
            yield kind, {}, within
            yield from walk(given["layers"], within or kind)
        else:
            main = LAYERS[kind].main if kind in LAYERS else ""
            yield kind, given if isinstance(given, dict) else {main: given}, within


def features(case: Case) -> set[str]:
    """Return what a case has, as words: ``layer dense``, ``padding same``, ``optimizer adam``."""
    found = {f"task {case.task}", f"loss {case.loss}", f"optimizer {case.optimizer['name']}"}
    found |= {f"optimizer {case.optimizer['name']}.{key}" for key in case.optimizer if key != "name"}
    found |= {
        f"setting {backend}.{key}={value}" for backend, own in case.settings.items() for key, value in own.items()
    }
    found |= {f"option {key}" for key in case.loss_options}
    found |= {"weights of classes"} if case.class_weights else set()
    found |= {"weights of samples"} if case.sample_weights else set()
    found |= {f"schedule {name}" for name in [case.schedule.get("name")] if name}
    for kind, given, within in walk(case.layers):
        found.add(f"layer {kind}")
        found |= {f"in {within}"} if within else set()
        found |= {"frozen"} if given.get("trainable") is False else set()
        if kind in PADDED:
            padding = given.get("padding", "valid")
            found.add(f"padding {padding if isinstance(padding, str) else 'explicit'}")
    return found


class Coverage:
    """Counts of what was seen, alone and together with a layer."""

    def __init__(self) -> None:
        self.alone: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.cases = self.refused = 0

    def add(self, case: Case) -> None:
        """Count a case; a refused one covers nothing."""
        self.cases += 1
        if case.refused():
            self.refused += 1
            return
        whole = features(case)
        self.alone.update(whole)
        kinds = {kind for kind, _, _ in walk(case.layers)}
        self.pairs.update((kind, other) for kind in kinds for other in whole if other.split()[0] in COLUMNS)
        for kind, given, within in walk(case.layers):
            if within:
                self.pairs[kind, f"in {within}"] += 1
            if kind in PADDED:
                padding = given.get("padding", "valid")
                self.pairs[kind, f"own {padding if isinstance(padding, str) else 'explicit'}"] += 1

    def missing(self, *, pairs: bool) -> list[str]:
        """Return what was never seen: features, and with `pairs` also layers together with everything else."""
        lost = [feature for feature in expected() if not self.alone[feature]]
        if pairs:
            lost += [f"{row} × {column}" for row, column in cells() if not self.pairs[row, column]]
        return lost

    def table(self) -> str:
        """Return the counts of layers beside everything else."""
        columns = list(dict.fromkeys(column for _, column in cells()))
        possible = set(cells())
        lines = [f"{self.cases} specs, of which {self.refused} were refused", ""]
        lines += [f"{number:>3} {column}" for number, column in enumerate(columns)]
        lines += ["", " " * 18 + "".join(f"{number:>6}" for number in range(len(columns)))]
        for row in KINDS:
            counts = [str(self.pairs[row, column]) if (row, column) in possible else "·" for column in columns]
            lines.append(f"{row:<18}" + "".join(f"{count:>6}" for count in counts))
        rest = {name: count for name, count in sorted(self.alone.items()) if name.split()[0] not in ("layer",)}
        return "\n".join([*lines, "", ", ".join(f"{name}: {count}" for name, count in rest.items())])


COLUMNS = ("task", "loss", "optimizer", "padding", "schedule")
"""Features that every layer is to be seen together with."""


def expected() -> list[str]:
    """Return every feature that the vocabulary has."""
    found = [f"layer {kind}" for kind in KINDS] + [f"padding {name}" for name in PADDINGS]
    found += [f"task {name}" for name in TASKS] + [f"loss {name}" for name in LOSSES]
    found += [f"schedule {name}" for name in SCHEDULES]
    found += [f"option {name}" for name in OPTIONS] + ["weights of classes", "weights of samples"]
    return found + [f"optimizer {name}" for name in OPTIMIZERS] + [f"in {join}" for join in JOINS]


def cells() -> list[tuple[str, str]]:
    """Return every pair (layer, feature) that can be."""
    beside = [name for name in expected() if name.split()[0] in COLUMNS]
    found = [(kind, name) for kind in KINDS for name in beside]
    found += [(kind, f"in {join}") for kind in LAYERS for join in JOINS]
    return found + [(kind, f"own {name}") for kind in PADDED for name in PADDINGS]
