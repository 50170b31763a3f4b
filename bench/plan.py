"""The plan of one run: everything checked, the data prepared, before anything starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from bench import checks, contenders, datasets, losses, pipelines, turns, weights
from bench.datasets import Prepared, Splits
from bench.errors import RequestError, unknown
from bench.preparing import Preparing
from bench.results.schema import Contender
from frameworks import rooms
from frameworks.spec import Network, SpecError, parse


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
            "layers": self.config["model"]["layers"],
            "data": self.prepared.checksum,
            "splits": [hashlib.sha256(part.tobytes()).hexdigest() for part in self._parts()],
            "scaling": [*self.scaling, *self.target_scaling],
            "pipeline": {key: value for key, value in self.config["pipeline"].items() if key != "workers"},
            "optimizer": self.optimizer,
            "train": train,
            "sample_weights": None if weights is None else hashlib.sha256(weights.tobytes()).hexdigest(),
            "parity": {key: self.config["parity"][key] for key in ("steps", "batch_size")},
        }
        return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()

    def _parts(self) -> tuple[Any, Any, Any]:
        return self.splits.train, self.splits.val, self.splits.test


def make(cfg: DictConfig, *, command: str) -> Plan:
    """Check everything that `cfg` asks for and prepare its data; raise `RequestError` for what cannot be done."""
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    optimizer = checks.optimizer(config["optimizer"])
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
    network = _network(config["model"], prepared)
    checks.sizes(config, found, len(splits.train), any(node.layer.kind == "batch_norm" for node in network.nodes))
    pipelines.check(config["pipeline"], found, prepared, config["dataset"].get("interpolation"))
    plants = checks.plants(config["plant"], found, network, optimizer["name"], train)
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
        loss_options=options,
        sample_weights=sample_weights,
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
