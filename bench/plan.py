"""The plan of one run: everything checked, the data prepared, before anything starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from bench import checks, contenders, datasets, hyperparameters, losses, pipelines, turns, weights
from bench.datasets import Prepared, Splits
from bench.errors import RequestError, unknown
from bench.preparing import Preparing
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.contract import Arrays
from frameworks.order import steps_per_epoch
from frameworks.spec import Network, SpecError, parse
from frameworks.spec import given as given_weights


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
    given: Arrays = field(default_factory=dict)
    """Weights that the spec gives, by canonical name; the seed makes the others."""
    optimizer: dict[str, Any]
    """Name and hyperparameters, rounded to float32."""
    schedule: dict[str, Any]
    """Name and parameters of the learning rate's schedule, with the steps of the whole training and of an epoch."""
    loss_options: dict[str, Any]
    """The parameters that the loss takes."""
    sample_weights: NDArray[np.float32] | None
    """A weight for each sample, (N,); None where all count alike."""
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
        left_out = ("trace", "target", "sample_weight")
        train = {key: value for key, value in self.config["train"].items() if key not in left_out}
        weights = self.sample_weights
        work = {
            "layers": _without_weights(self.config["model"]["layers"]),
            "data": self.prepared.checksum,
            "splits": [hashlib.sha256(part.tobytes()).hexdigest() for part in self._parts()],
            "scaling": [*self.scaling, *self.target_scaling],
            "pipeline": {key: value for key, value in self.config["pipeline"].items() if key != "workers"},
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "train": train,
            "sample_weights": None if weights is None else hashlib.sha256(weights.tobytes()).hexdigest(),
            "parity": {key: self.config["parity"][key] for key in ("steps", "batch_size")},
        }
        if self.given:
            work["given"] = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in self.given.items()}
        return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()

    def _parts(self) -> tuple[Any, Any, Any]:
        return self.splits.train, self.splits.val, self.splits.test


def _without_weights(spec: Any) -> Any:
    """Return layers without the weights they are given: what these hold counts, not the path of a file."""
    if isinstance(spec, dict):
        return {key: _without_weights(value) for key, value in spec.items() if key != "weights"}
    return [_without_weights(item) for item in spec] if isinstance(spec, list) else spec


def make(cfg: DictConfig, *, command: str) -> Plan:
    """Check everything that `cfg` asks for and prepare its data; raise `RequestError` for what cannot be done."""
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    optimizer = hyperparameters.optimizer(config["optimizer"])
    checks.seed(config)
    checks.pilot(config)
    checks.clocks(config["measure"])
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
    train = config["train"]
    train["loss"] = losses.loss_of(train["loss"], prepared)
    options = losses.options_of(train)
    train["class_weight"] = weights.of_classes(train["class_weight"], prepared, splits) or None
    sample_weights = weights.of_samples(train["sample_weight"], prepared, splits, config["pipeline"]["name"])
    checks.target(config["train"]["target"], prepared.task)
    network, given = parsed(config["model"], prepared.input_shape, prepared.outputs, prepared.task)
    for contender in found:
        if why := rooms.unfit(contender.backend, contender.settings, network):
            raise RequestError(f"frameworks.{contender.name}.{why}")
    checks.sizes(config, found, len(splits.train), any(node.undoes_shift for node in network.nodes))
    pipelines.check(config["pipeline"], found, prepared, config["dataset"].get("interpolation"))
    steps = steps_per_epoch(len(splits.train), train["batch_size"], train["drop_last"])
    schedule = hyperparameters.schedule(config["schedule"], optimizer, train["epochs"], steps)
    plants = checks.plants(config["plant"], found, network, optimizer, train, schedule)
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
        given=given,
        optimizer=optimizer,
        schedule=schedule,
        loss_options=options,
        sample_weights=sample_weights,
        plants=plants,
    )


def parsed(model: Mapping[str, Any], input_shape: tuple[int, ...], outputs: int, task: str) -> tuple[Network, Arrays]:
    """Return the network of the resolved node `model`, and the weights that its spec gives."""
    try:
        network = parse(model["layers"], input_shape=input_shape, outputs=outputs, name=str(model["name"]), task=task)
        return network, given_weights.weights(network, model["weights"])
    except SpecError as error:
        raise RequestError(str(error)) from None
