"""A random case: a spec, and everything else that a run says of its mathematics; drawn, and told as YAML."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import yaml

from bench import hyperparameters
from bench.errors import RequestError
from frameworks import rooms
from frameworks.reference import LOSSES, OPTIMIZERS, SCHEDULES, TASKS
from frameworks.spec import Network, SpecError, parse
from frameworks.spec.parse import LAYERS, PROBABILITIES
from tests.frameworks.random_specs.chains import Chains, is_void, shape_after
from tests.frameworks.random_specs.values import NotCovered, Rng, between, magnitude

WRONG = 0.05
"""The share of specs that get a layer in a place where it may not be able to stand."""


@dataclass(kw_only=True)
class Case:
    """One random spec and its training, as plain values."""

    layers: list[Any]
    shape: list[int]
    """Of the input: (H, W, C) or (N,)."""
    task: str
    outputs: int
    loss: str
    optimizer: dict[str, Any]
    loss_options: dict[str, Any] = field(default_factory=dict)
    class_weights: list[float] = field(default_factory=list)
    sample_weights: bool = False
    schedule: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By backend."""
    steps: int = 5
    seed: int = 0
    """Of weights and samples."""

    def network(self) -> Network:
        """Return the parsed spec; `SpecError` where it is none."""
        shape = tuple(self.shape)
        return parse(self.layers, input_shape=shape, outputs=self.outputs, task=self.task)

    def refused(self) -> str:
        """Return why the spec cannot be built, or nothing."""
        try:
            self.network()
        except SpecError as error:
            return str(error)
        return ""

    def yaml(self) -> str:
        """Return the case as YAML: ``--spec FILE`` reads it again, and `layers` is a model's."""
        plain = {key: value for key, value in asdict(self).items() if value not in ({}, [])}
        return yaml.safe_dump(plain, sort_keys=False, default_flow_style=None, width=110)

    @classmethod
    def read(cls, text: str) -> Case:
        """Return the case that `yaml` told."""
        return cls(**yaml.safe_load(text))


RATES = magnitude(1e-4, 1e-1)
HYPERPARAMETERS: dict[str, Callable[[Rng], Any]] = {
    "learning_rate": RATES,
    "momentum": between(0.1, 0.95),
    "nesterov": lambda rng: bool(rng.random() < 0.5),
    "beta_1": between(0.5, 0.95),
    "beta_2": between(0.8, 0.999),
    "epsilon": magnitude(1e-8, 1e-2),
    "rho": between(0.5, 0.99),
    "centered": lambda rng: bool(rng.random() < 0.5),
    "initial_accumulator_value": between(0.05, 1.0),
    "weight_decay": magnitude(1e-4, 1e-1),
    "l2": magnitude(1e-4, 1e-1),
    "learning_rate_power": between(-1.0, -0.1),
    "l1_regularization_strength": magnitude(1e-4, 1e-1),
    "l2_regularization_strength": magnitude(1e-4, 1e-1),
    "l2_shrinkage_regularization_strength": magnitude(1e-4, 1e-1),
    "beta": between(0.01, 1.0),
}
"""Of optimizers. An epsilon far below the usual 1e-8 would lift rounding noise above any threshold: Adam's update of a
gradient g far below epsilon is rate · g / epsilon, so noise of 1e-16 comes out as 1e-16 · rate / epsilon."""


RARELY = ("weight_decay", "l2")
CLIPS = ("clip_value", "clip_norm", "clip_global_norm")
CLIP = magnitude(1e-3, 1.0)
"""At most one of the three clips, and where there is a decay, something may be left out of it."""


def optimizer(rng: Rng, name: str) -> dict[str, Any]:
    """Return an optimizer with random hyperparameters; `NotCovered` for one that nobody taught it."""
    given: dict[str, Any] = {"name": name}
    for item in dataclasses.fields(OPTIMIZERS[name]):
        if not item.init or item.name in (*CLIPS, "exclude"):
            continue
        if item.name not in HYPERPARAMETERS:
            raise NotCovered(f"{name}'s hyperparameter {item.name}: say in {__name__} what may be drawn for it")
        if item.default is dataclasses.MISSING or rng.random() < (0.25 if item.name in RARELY else 0.5):
            given[item.name] = HYPERPARAMETERS[item.name](rng)
    if rng.random() < 0.4:
        given[CLIPS[rng.integers(len(CLIPS))]] = CLIP(rng)
    if given.keys() & {*RARELY} and rng.random() < 0.5:
        given["exclude"] = [kind for kind in hyperparameters.KINDS if rng.random() < 0.5] or ["bias"]
    if given.get("nesterov") and not given.get("momentum"):
        given["momentum"] = HYPERPARAMETERS["momentum"](rng)
    return given


LENGTH = (5, 2)
"""Epochs, and steps of each, that a schedule is made for; the gate looks at some of them."""

PARAMETERS: dict[str, Callable[[Rng], Any]] = {
    "warmup_steps": lambda rng: int(rng.integers(0, 4)),
    "factor": between(0.1, 0.9),
    "every": lambda rng: int(rng.integers(1, 4)),
    "at": lambda rng: [1, 3] if rng.random() < 0.5 else None,
    "patience": lambda rng: int(rng.integers(1, 3)),
    "min_delta": between(0.0, 0.1),
    "cooldown": lambda rng: int(rng.integers(0, 2)),
    "min_rate": lambda rng: 0.0 if rng.random() < 0.5 else 1e-5,
}
"""Of schedules."""


def schedule(rng: Rng, name: str) -> dict[str, Any]:
    """Return a schedule with random parameters; `NotCovered` for one that nobody taught it."""
    given: dict[str, Any] = {"name": name}
    for item in dataclasses.fields(SCHEDULES[name]):
        if item.name not in PARAMETERS:
            raise NotCovered(f"{name}'s parameter {item.name}: say in {__name__} what may be drawn for it")
        if item.default is dataclasses.MISSING or rng.random() < 0.5:
            given[item.name] = PARAMETERS[item.name](rng)
    return given


OPTIONS: dict[str, Callable[[Rng], Any]] = {
    "label_smoothing": between(0.01, 0.4),
    "focal_gamma": between(0.0, 4.0),
    "focal_alpha": between(0.05, 0.95),
    "huber_delta": between(0.1, 3.0),
}
"""Of losses."""


def options(rng: Rng, name: str, seen: Counter[str]) -> dict[str, Any]:
    """Return what a loss is told; `NotCovered` for an option that nobody taught it."""
    if missing := set(LOSSES[name].options) - set(OPTIONS):
        raise NotCovered(f"{name}'s options {sorted(missing)}: say in {__name__} what may be drawn for them")
    return {key: OPTIONS[key](rng) for key in LOSSES[name].options if rng.random() < 0.6 or not seen[f"option {key}"]}


SETTINGS: dict[str, dict[str, tuple[Any, ...]]] = {
    "tf": {
        "jit_compile": (False,) * 24 + (True,),
        "loop": ("fit", "fit", "function", "eager"),
        "api": ("auto", "functional", "subclass", "sequential"),
    },
    "torch": {"channels_last": (False, True), "fused": (False, True)},
}
"""What is drawn of the settings of each room: those that change which code computes. Compiling takes seconds."""

NOT_DRAWN: dict[str, dict[str, str]] = {
    "tf": {"steps_per_execution": "the gate looks after every step, so there it is 1"},
    "torch": {"compile": "ten seconds each; tests/frameworks/test_rooms_training.py has it", "compile_mode": "with it"},
}
"""Settings that are not drawn, and why."""

NOT_MATHEMATICS = ("backend", "python", "device", "precision", "tf32", "deterministic", "threads", "handicap")
"""Settings of every room that the float64 judge does not know."""


def settings(rng: Rng) -> dict[str, dict[str, Any]]:
    """Return what the rooms are told; `NotCovered` for a setting that is neither drawn nor said not to be."""
    found: dict[str, dict[str, Any]] = {}
    for backend in rooms.names():
        drawn, left = SETTINGS.get(backend, {}), {*NOT_DRAWN.get(backend, {}), *NOT_MATHEMATICS}
        for item in dataclasses.fields(rooms.settings(backend)):
            if item.name not in drawn and item.name not in left:
                raise NotCovered(f"{backend}'s setting {item.name}: say in {__name__} whether it is drawn")
        while True:
            found[backend] = {name: choices[rng.integers(len(choices))] for name, choices in drawn.items()}
            if not rooms.complaint(backend, found[backend]):
                break
    return found


def draw(rng: Rng, seen: Counter[str]) -> Case:
    """Return a random case; what `seen` has rarely is drawn more often."""
    chains = Chains(rng, seen)
    task = chains.pick("task", list(TASKS))
    shape = _shape(rng)
    outputs = int(rng.integers(2, 5)) if task == "classification" else 1
    chosen = chains.pick("loss", [name for name, each in LOSSES.items() if task in each.tasks])
    body = chains.chain(shape, int(rng.integers(1, 6)), depth=2)
    case = Case(
        layers=[*body, *_ending(rng, body, shape, task)],
        shape=list(shape),
        task=task,
        outputs=outputs,
        loss=chosen,
        loss_options=options(rng, chosen, seen),
        sample_weights=bool(rng.random() < 0.2 or not seen["weights of samples"]),
        optimizer=optimizer(rng, chains.pick("optimizer", list(OPTIMIZERS))),
        schedule=schedule(rng, chains.pick("schedule", list(SCHEDULES))),
        settings=settings(rng),
        seed=int(rng.integers(1 << 20)),
    )
    if task != "regression" and (rng.random() < 0.25 or not seen["weights of classes"]):
        case.class_weights = [round(float(each), 2) for each in rng.uniform(0.2, 4.0, max(outputs, 2))]
    try:
        hyperparameters.schedule(case.schedule, hyperparameters.optimizer(case.optimizer), *LENGTH)
    except RequestError:  # a rate of 0 at the end, by which Ftrl would divide
        case.schedule = {"name": "constant"}
    if rng.random() < WRONG:
        _misplace(rng, chains, case)
    for backend, own in case.settings.items():
        if not case.refused() and rooms.unfit(backend, own, case.network()):
            own["api"] = "auto"
    return case


def _shape(rng: Rng) -> tuple[int, ...]:
    if rng.random() < 0.25:
        return (int(rng.integers(1, 9)),)
    return int(rng.integers(2, 9)), int(rng.integers(2, 9)), int([1, 2, 3][rng.integers(3)])


def _ending(rng: Rng, body: list[Any], shape: tuple[int, ...], task: str) -> list[Any]:
    """Return what brings `body` to the outputs, now and then with the activation that makes probabilities."""
    after = shape_after(body, shape) or shape
    flat = [] if len(after) == 1 else [["flatten", "global_avg_pool2d"][rng.integers(2)]]
    last = [PROBABILITIES[task]] if task in PROBABILITIES and rng.random() < 0.2 else []
    return [*flat, {"dense": "outputs"}, *last]


def _misplace(rng: Rng, chains: Chains, case: Case) -> None:
    """Put some layer somewhere, whether it can stand there or not; but not where a layer would then say nothing."""
    kinds, intended = list(LAYERS), case.layers
    item = chains.item(kinds[rng.integers(len(kinds))], _shape(rng), depth=1)
    if item is None:
        return
    place = int(rng.integers(len(intended) + 1))
    case.layers = [*intended[:place], item, *intended[place:]]
    if not case.refused() and any(is_void(node.layer.kind, node.input_shape) for node in case.network().nodes[:-1]):
        case.layers = intended


def generator(seed: int) -> Rng:
    """Return the source of a run's draws."""
    return np.random.default_rng(seed)
