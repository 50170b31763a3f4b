"""The types of everything a user can say, and their registration with Hydra.

The defaults live in ``conf/`` where a user reads them; here stand the type, the meaning and the limits of each
key. What another part owns (`dataset`, `optimizer`, `schedule`) is open here: the keys of its YAML are its keys.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf

FOLDER = Path(__file__).resolve().parent.parent / "conf"
"""Where the YAML files lie. A path, not ``pkg://conf``: in a folder that has a package ``conf``, that one would
be found first."""

NAME = "config"
"""The primary config: ``conf/config.yaml``."""


def one_of(*choices: str) -> Any:
    """Return a field whose value must be one of `choices`."""
    return field(default=MISSING, metadata={"choices": choices})


def at_least(least: float, *, default: Any = MISSING) -> Any:
    """Return a field whose value, where it is a number, must not be below `least`."""
    return field(default=default, metadata={"least": least})


@dataclass(kw_only=True, slots=True)
class Model:
    """The network, as a list of layers in Keras's vocabulary."""

    name: str = MISSING
    layers: list[Any] = MISSING
    """Each ``name``, ``name: {parameters}`` or ``name: value``; parsed by `frameworks.spec`."""
    weights: str | None = None
    """A file of all its weights by canonical name, which training begins with; null: made from the seed."""


@dataclass(kw_only=True, slots=True)
class Train:
    """What every contender does, to the letter."""

    epochs: int = at_least(1)
    batch_size: int = at_least(1)
    drop_last: bool = MISSING
    """Leave out an epoch's last, smaller batch."""
    seed: int = at_least(0)
    """Of repeat 0; repeat r takes ``seed + r``."""
    loss: str = one_of(
        "auto",
        "sparse_categorical_crossentropy",
        "categorical_crossentropy",
        "binary_crossentropy",
        "focal",
        "mean_squared_error",
        "mean_absolute_error",
        "huber",
    )
    """``auto`` is the usual one of the dataset's task; another must fit that."""
    label_smoothing: float = at_least(0)
    """Share of a label that is spread evenly over all classes; of the cross-entropies."""
    focal_gamma: float = at_least(0)
    focal_alpha: float | None = at_least(0)
    huber_delta: float = at_least(0)
    class_weight: Any = MISSING
    """null, ``balanced``, a list with one for each class, or a mapping by the names of classes; the training loss is
    the sum of the weighted losses over the size of the batch, every other score has no weights."""
    sample_weight: str | None = MISSING
    """Path of a ``.npy``, (N,); a sample's weight is multiplied with that of its class."""
    trace: bool = MISSING
    """Keep the loss of every step."""
    target: float | None = at_least(0)
    """The validation metric to clock the way to: an accuracy as a share of one, or a regression's MAE, at most."""


@dataclass(kw_only=True, slots=True)
class Augment:
    """Random changes to training images, each framework's own: off in the parity gate, and never certified."""

    flip: str = one_of("none", "horizontal", "vertical", "both")
    crop: int = at_least(0)
    """Pixels of padding (zeros) around the image before a random crop of its own size."""
    rotation: float = at_least(0)
    """Largest angle, in degrees, either way."""
    zoom: float = at_least(0)
    """Largest change of size, as a part of it, either way."""
    brightness: float = at_least(0)
    """Largest change of brightness, as a part of it, either way."""
    contrast: float = at_least(0)
    """Largest change of contrast, as a part of it, either way."""


@dataclass(kw_only=True, slots=True)
class Pipeline:
    """How training samples get to the model; evaluation always reads from memory."""

    name: str = one_of("memory", "device", "files", "tfrecord")
    workers: int | None = at_least(0)
    """Processes (PyTorch) or parallel calls (TensorFlow) that read ahead; None: each side's best; 0: none."""
    augment: Augment = field(default_factory=Augment)


@dataclass(kw_only=True, slots=True)
class Runtime:
    """What a trial's process runs on; every contender inherits it."""

    device: str = one_of("auto", "cpu", "gpu")
    threads: int | None = at_least(1)
    """CPU threads of a trial; null for every core this process may use."""
    precision: str = one_of("float32", "bfloat16", "float16")
    tf32: bool = MISSING
    """Let a GPU round float32 factors to 10 bits of mantissa."""
    deterministic: bool = MISSING
    """Take only algorithms that give the same bits each time."""


@dataclass(kw_only=True, slots=True)
class Gate:
    """The parity gate: the check that all contenders compute the same."""

    on_fail: str = one_of("stop", "warn")
    steps: int = at_least(1)
    batch_size: int = at_least(2)
    """Samples per compared step; two at least, or batch norm has no variance."""


@dataclass(kw_only=True, slots=True)
class Measure:
    """How often and how long the clocks run."""

    name: str = MISSING
    repeats: int = at_least(1)
    half_width: float | None = at_least(0.001)
    """Wanted half-width of the interval, as a share: a pilot chooses the repeats; null: `repeats` it is."""
    pilot: int = at_least(2)
    """Repeats of the pilot; they are in no ratio."""
    most_repeats: int = at_least(2)
    """The most repeats that a pilot may choose."""
    interleave: str = one_of("auto", "turns", "trials")
    """``turns``: contenders of a repeat take short turns; ``trials``: one whole trial after the other."""
    warmup_steps: int = at_least(1)
    """Steps of a window; two windows that agree end the warm-up, …"""
    warmup_seconds: float = at_least(0)
    """… and so does this time."""
    turns: int = at_least(1)
    """Turns of each clock at most, …"""
    turn_seconds: float = at_least(0.001)
    """… each so long (one step at least), …"""
    seconds: float = at_least(0)
    """… until the clocks of the training step have run this long in every contender, …"""
    min_turns: int = at_least(1)
    """… but never fewer turns than this."""
    min_batches: int = at_least(1)
    """Batches that the input clock reads at least; it stops after `seconds` otherwise."""
    predict_sizes: list[int] = field(default_factory=list)
    """Batch sizes whose prediction is clocked; one sample alone always is."""
    predict_seconds: float = at_least(0)
    """How long prediction is clocked."""
    timeout: float | None = at_least(1, default=None)
    """Seconds in which a child with the machine to itself tells nothing, after which it has hung; null: by estimate,
    at least half an hour."""


@dataclass(kw_only=True, slots=True)
class Config:
    """One run, as composed from ``conf/`` and the command line."""

    dataset: dict[str, Any] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    frameworks: dict[str, Any] = field(default_factory=dict)
    """The contenders by name, each of its backend's settings type."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=dict)
    pipeline: Pipeline = field(default_factory=Pipeline)
    measure: Measure = field(default_factory=Measure)
    baseline: str | None = None
    """The contender the others are compared with; null for the first one."""
    plant: Any = None
    """A planted mistake by name, or a list of them."""
    report: bool = True
    train: Train = field(default_factory=Train)
    runtime: Runtime = field(default_factory=Runtime)
    parity: Gate = field(default_factory=Gate)


def limits(kind: type = Config, prefix: str = "") -> Iterator[tuple[str, tuple[str, ...], float | None]]:
    """Yield (dotted key, allowed values, least value) for every key of `kind` that has limits."""
    for item in dataclasses.fields(kind):
        inner = item.default_factory
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            yield from limits(inner, f"{prefix}{item.name}.")
        elif item.metadata:
            yield prefix + item.name, item.metadata.get("choices", ()), item.metadata.get("least")


def said(hydra: Any, kind: str = "task") -> list[str]:
    """Return the overrides of the command line as they were typed; `kind` is ``task`` (ours) or ``hydra``.

    Read as plain text, because a value may hold a ``${…}`` that makes sense at its own place only.
    """
    items: Any = OmegaConf.to_container(hydra.overrides[kind], resolve=False)
    return [str(item) for item in items]


def register() -> None:
    """Tell Hydra the types: the whole as ``schema``, each backend's settings as ``backend/<name>``."""
    from frameworks import rooms

    store = ConfigStore.instance()
    store.store(name="schema", node=Config)
    for name in rooms.names():
        store.store(group="backend", name=name, node=rooms.settings(name))
