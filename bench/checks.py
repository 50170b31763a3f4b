"""What a composed request may ask for: each check raises `RequestError` with the key, the value and the remedy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.errors import RequestError, unknown
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.order import steps_per_epoch
from frameworks.reference import OPTIONS, changes
from frameworks.spec import Network

MOST_TOGETHER = 32
"""Training steps of an execution, where ``steps_per_execution=auto`` leaves it to us: what a call costs is then spread
thin, and an epoch still has many."""

SEEDS = 2**32


def target(given: float | None, task: str) -> None:
    """Refuse a target that no training of the task could reach, or that every one would."""
    if given is None:
        return
    if not 0 < given < math.inf:
        raise RequestError(f"train.target={given:g}: must be above 0; train.target=null sets none")
    if task != "regression" and given > 1:
        share = f", as train.target={given / 100:g}" if given <= 100 else ""
        raise RequestError(f"train.target={given:g}: an accuracy is a share of one, at most 1{share}")


def seed(config: Mapping[str, Any]) -> None:
    """Refuse a seed whose last repeat would have one that the frameworks do not take."""
    measure = config["measure"]
    repeats = measure["repeats"] if measure["half_width"] is None else max(measure["repeats"], measure["most_repeats"])
    last = config["train"]["seed"] + repeats - 1
    if last >= SEEDS:
        raise RequestError(
            f"train.seed={config['train']['seed']}: the last repeat's seed would be {last}; "
            f"the frameworks take seeds below {SEEDS}"
        )


def clocks(measure: Mapping[str, Any]) -> None:
    """Refuse clocks that cannot run as asked."""
    for size in measure["predict_sizes"]:
        if size < 1:
            raise RequestError(
                f"measure.predict_sizes={measure['predict_sizes']}: sizes must be at least 1; "
                "[] clocks one sample alone"
            )
    if measure["min_turns"] > measure["turns"]:
        raise RequestError(
            f"measure.min_turns={measure['min_turns']}: is more than measure.turns={measure['turns']}; raise that"
        )


def pilot(config: Mapping[str, Any]) -> None:
    """Refuse a half-width that there is nothing to take of."""
    wanted = config["measure"]["half_width"]
    if wanted is None:
        return
    if len(config["frameworks"]) < 2:
        raise RequestError(
            f"measure.half_width={wanted}: is of a ratio, and one contender has none; name two in framework=[…], "
            "or leave it out"
        )
    if wanted >= 1:
        raise RequestError(f"measure.half_width={wanted}: is a share, such as 0.02 for 2 %")


def sizes(config: Mapping[str, Any], found: Sequence[Contender], samples: int, batch_norm: bool) -> None:
    """Refuse batches that the training split, batch norm or an execution cannot have; settle ``auto`` executions."""
    train = config["train"]
    if train["batch_size"] > samples:
        raise RequestError(
            f"train.batch_size={train['batch_size']}: the training split has {samples:,} samples; take fewer"
        )
    if samples % train["batch_size"] == 1 and not train["drop_last"] and batch_norm:
        raise RequestError(
            f"train.batch_size={train['batch_size']}: leaves a last batch of one sample, which batch norm cannot take; "
            "take another size, or train.drop_last=true"
        )
    steps = steps_per_epoch(samples, train["batch_size"], train["drop_last"])
    for contender in found:
        together = contender.settings.get("steps_per_execution", 1)
        if together == "auto":
            together = max(count for count in range(1, MOST_TOGETHER + 1) if steps % count == 0)
            contender.settings["steps_per_execution"] = together
        if together < 1 or steps % together:
            raise RequestError(
                f"frameworks.{contender.name}.steps_per_execution={together}: must divide the {steps} training steps "
                "of an epoch; auto takes as many as do"
            )


def plants(
    given: Any,
    found: list[Contender],
    network: Network,
    optimizer: Mapping[str, Any],
    train: Mapping[str, Any],
    schedule: Mapping[str, Any],
) -> list[str]:
    """Return the mistakes to plant; refuse one that no contender has, or that could not show in this run."""
    wanted = [str(item) for item in (given if isinstance(given, list) else [given] if given else [])]
    known = {name: plant for backend in rooms.names() for name, plant in rooms.plants(backend).items()}
    here = {name for contender in found for name in rooms.plants(contender.backend)}
    for name in wanted:
        if name not in known:
            raise unknown("plant", name, known)
        plant = known[name]
        backend = next(backend for backend in rooms.names() if name in rooms.plants(backend))
        if name not in here or len(found) < 2:
            raise RequestError(
                f"plant={name}: needs a contender of backend {backend} and another one to hold it against"
            )
        if plant.optimizers and optimizer["name"] not in plant.optimizers:
            raise RequestError(f"plant={name}: shows with optimizer={' or '.join(plant.optimizers)} only")
        if missing := [key for key in plant.needs if not optimizer.get(key)]:
            raise RequestError(f"plant={name}: shows where optimizer.{missing[0]} is set only")
        if plant.schedule and not changes(schedule):
            raise RequestError(f"plant={name}: shows where the rate changes only, as with schedule=cosine")
        if plant.warmup and not schedule["warmup_steps"]:
            raise RequestError(f"plant={name}: shows where schedule.warmup_steps is set only")
        if plant.losses and train["loss"] not in plant.losses:
            raise RequestError(
                f"plant={name}: shows with {' or '.join(plant.losses)} only; this run's loss is {train['loss']}"
            )
        if plant.says and train[plant.says] == OPTIONS.get(plant.says):
            raise RequestError(f"plant={name}: shows where train.{plant.says} is set, and it is at its default")
        if plant.layer and plant.layer not in {node.layer.kind for node in network.nodes}:
            raise RequestError(f"plant={name}: shows with a {plant.layer} layer only, as model=cnn has")
        if plant.where and not any(plant.where(node) for node in network.nodes):
            raise RequestError(f"plant={name}: shows with {plant.such} only")
        if plant.strided_same and not network.uneven_same():
            raise RequestError(f"plant={name}: shows with a strided 'same' convolution on an even image only")
    return wanted
