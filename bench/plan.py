"""The plan of one run: everything checked, the data prepared, before anything starts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from bench import contenders, datasets, pipelines, turns
from bench.datasets import Prepared, Splits
from bench.errors import RequestError, nearest, unknown
from bench.preparing import Preparing
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.order import steps_per_epoch
from frameworks.reference import OPTIMIZERS, TASKS, float32
from frameworks.spec import Network, SpecError, parse

BELOW = {"momentum": 1.0, "beta_1": 1.0, "beta_2": 1.0}
"""Hyperparameters that are a decay: at 1 nothing would ever be forgotten, and Adam would divide by zero."""

FLOAT32_MOST = 3.4028235e38
SEEDS = 2**32


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run, ready to start."""

    command: str
    config: dict[str, Any]
    """The resolved config, as plain JSON."""
    contenders: list[Contender]
    baseline: str
    prepared: Prepared
    planes: Path | None
    """The images with their channels first, where a contender's room wants them so and that is not the same."""
    splits: Splits
    scaling: tuple[list[float], list[float]]
    """(scale, offset) of the model's input: one number for all, or one for each channel or feature."""
    target_scaling: tuple[float, float]
    """(scale, offset) of a regression's target."""
    network: Network
    optimizer: dict[str, Any]
    """Name and hyperparameters, rounded to float32."""
    plants: list[str]

    @property
    def repeats(self) -> int:
        """How many trials each contender has."""
        return int(self.config["measure"]["repeats"])

    def groups(self, repeats: Iterable[int]) -> list[tuple[int, list[Contender]]]:
        """Return (repeat, those who take turns in it) in the order in which they run.

        In turns, all contenders of a repeat run together, and `bench.relay` says who works when; else one trial
        follows the other: A B, B A, A B, … so that drift cancels.
        """
        if self.config["measure"]["interleave"] == "turns":
            return [(repeat, self.contenders) for repeat in repeats]
        return [(repeat, [contender]) for repeat in repeats for contender in turns.order(self.contenders, repeat)]

    def content(self) -> str:
        """Return a hash of the work: whoever has the same one was given the same to do."""
        train = {key: value for key, value in self.config["train"].items() if key not in ("trace", "target")}
        work = {
            "layers": self.config["model"]["layers"],
            "data": self.prepared.checksum,
            "splits": [hashlib.sha256(part.tobytes()).hexdigest() for part in self._parts()],
            "scaling": [*self.scaling, *self.target_scaling],
            "pipeline": {key: value for key, value in self.config["pipeline"].items() if key != "workers"},
            "optimizer": self.optimizer,
            "train": train,
            "parity": {key: self.config["parity"][key] for key in ("steps", "batch_size")},
        }
        return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()

    def _parts(self) -> tuple[Any, Any, Any]:
        return self.splits.train, self.splits.val, self.splits.test


def make(cfg: DictConfig, *, command: str) -> Plan:
    """Check everything that `cfg` asks for and prepare its data; raise `RequestError` for what cannot be done."""
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    optimizer = _optimizer(config["optimizer"])
    _check_seed(config)
    _check_pilot(config)
    _check_clocks(config["measure"])
    names = list(config["frameworks"])
    baseline = config["baseline"] or names[0]
    if baseline not in names:
        raise unknown("baseline", baseline, names)
    found = contenders.find(config["frameworks"], config["pipeline"])
    with Preparing() as progress:
        prepared = datasets.prepare(config["dataset"], progress)
        turned = any(rooms.channels_first(contender.backend) for contender in found)
        planes = datasets.planar(prepared, progress) if turned else None
    splits = datasets.split(prepared, config["dataset"])
    if config["measure"]["interleave"] == "auto":
        # On a GPU all would hold their memory at once, and a GPU's clock is steadier than a shared CPU's.
        config["measure"]["interleave"] = "turns" if found[0].settings["device"] == "cpu" else "trials"
    config["train"]["loss"] = _loss(config["train"]["loss"], prepared)
    _check_target(config["train"]["target"], prepared.task)
    network = _network(config["model"], prepared)
    _check_sizes(config, len(splits.train), any(node.layer.kind == "batch_norm" for node in network.nodes))
    pipelines.check(config["pipeline"], found, prepared, config["dataset"].get("interpolation"))
    plants = _plants(config["plant"], found, network, optimizer["name"], config["train"]["loss"])
    config["frameworks"] = {contender.name: contender.settings for contender in found}
    config["plant"] = plants
    return Plan(
        command=command,
        config=config,
        contenders=found,
        baseline=baseline,
        prepared=prepared,
        planes=planes,
        splits=splits,
        scaling=datasets.scaling(prepared, config["dataset"], splits),
        target_scaling=datasets.target_scaling(prepared, config["dataset"], splits),
        network=network,
        optimizer=optimizer,
        plants=plants,
    )


def _network(model: Mapping[str, Any], prepared: Prepared) -> Network:
    try:
        return parse(
            model["layers"],
            input_shape=prepared.input_shape,
            outputs=len(prepared.classes) if prepared.task == "classification" else 1,
            name=str(model["name"]),
            task=prepared.task,
        )
    except SpecError as error:
        raise RequestError(str(error)) from None


def _loss(given: str, prepared: Prepared) -> str:
    """Return the loss of the dataset's task; refuse another one, whose numbers would mean nothing."""
    loss = TASKS[prepared.task]
    if given not in ("auto", loss):
        raise RequestError(
            f"train.loss={given}: does not fit {prepared.name}, a {prepared.task} task; "
            f"leave it at auto, which takes {loss} there"
        )
    return loss


def _check_target(given: float | None, task: str) -> None:
    if given is None:
        return
    if not 0 < given < math.inf:
        raise RequestError(f"train.target={given:g}: must be above 0; train.target=null sets none")
    if task != "regression" and given > 1:
        share = f", as train.target={given / 100:g}" if given <= 100 else ""
        raise RequestError(f"train.target={given:g}: an accuracy is a share of one, at most 1{share}")


def _optimizer(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return name and hyperparameters, every one of them, as the float32 numbers that both sides will have."""
    name = str(given.get("name"))
    if name not in OPTIMIZERS:
        raise unknown("optimizer.name", name, OPTIMIZERS)
    fields = {item.name: item.default for item in dataclasses.fields(OPTIMIZERS[name]) if item.init}
    for key in given:
        if key not in fields and key != "name":
            raise RequestError(
                f"optimizer.{key}: {name} has no such hyperparameter{nearest(key, fields)}; "
                f"optimizer={name} chooses {name} with its own"
            )
    settled: dict[str, Any] = {"name": name}
    for key, default in fields.items():
        value = given.get(key, default)
        if value is dataclasses.MISSING:
            raise RequestError(f"optimizer.{key}: must be set, {name} needs it")
        settled[key] = value if isinstance(default, bool) else _hyperparameter(key, value)
    if settled.get("nesterov") and not settled["momentum"]:
        raise RequestError("optimizer.nesterov=true: needs a momentum, as in optimizer.momentum=0.9")
    return settled


def _hyperparameter(key: str, value: Any) -> float:
    """Return `value` as a float32 number; the limits hold for what it becomes, not for what was written."""
    where = f"optimizer.{key}={value}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"{where}: must be a number")
    below = BELOW.get(key, math.inf)
    rounded = float32(value) if abs(value) < FLOAT32_MOST else math.copysign(math.inf, value)
    if not 0 <= rounded < below:
        limit = "finite as a float32" if math.isinf(below) else f"below {below:g} as a float32"
        raise RequestError(f"{where}: must be at least 0 and {limit}")
    if value and not rounded:
        raise RequestError(f"{where}: is 0 as a float32; take more, or 0 itself")
    return rounded


def _check_seed(config: Mapping[str, Any]) -> None:
    measure = config["measure"]
    repeats = measure["repeats"] if measure["half_width"] is None else max(measure["repeats"], measure["most_repeats"])
    last = config["train"]["seed"] + repeats - 1
    if last >= SEEDS:
        raise RequestError(
            f"train.seed={config['train']['seed']}: the last repeat's seed would be {last}; "
            f"the frameworks take seeds below {SEEDS}"
        )


def _check_clocks(measure: Mapping[str, Any]) -> None:
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


def _check_pilot(config: Mapping[str, Any]) -> None:
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


def _check_sizes(config: Mapping[str, Any], samples: int, batch_norm: bool) -> None:
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
    for name, settings in config["frameworks"].items():
        together = settings.get("steps_per_execution", 1)
        if together < 1 or steps % together:
            raise RequestError(
                f"frameworks.{name}.steps_per_execution={together}: must divide the {steps} training steps of an epoch"
            )


def _plants(given: Any, found: list[Contender], network: Network, optimizer: str, loss: str) -> list[str]:
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
        if plant.optimizer and plant.optimizer != optimizer:
            raise RequestError(f"plant={name}: shows with optimizer={plant.optimizer} only")
        if plant.losses and loss not in plant.losses:
            raise RequestError(f"plant={name}: shows with {' or '.join(plant.losses)} only; this run's loss is {loss}")
        if plant.layer and plant.layer not in {node.layer.kind for node in network.nodes}:
            raise RequestError(f"plant={name}: shows with a {plant.layer} layer only, as model=cnn has")
        if plant.strided_same and not network.uneven_same():
            raise RequestError(f"plant={name}: shows with a strided 'same' convolution on an even image only")
    return wanted
