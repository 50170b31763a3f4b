"""The contract: the request a child process gets, the room it must find, the outcome it leaves.

The parent writes ``request.json``; the child reads it, works, and leaves ``outcome.json`` and arrays beside it. In
between it tells of its progress in lines of JSON on its standard output. Nothing is ever pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from frameworks.spec import Network, parse

REQUEST, OUTCOME, LOG = "request.json", "outcome.json", "log.txt"
CLOCKS, FINGERPRINT = "clocks.safetensors", "fingerprint.safetensors"
"""Names of the files in a child's folder; LOG has what it and its framework printed."""

Arrays = dict[str, np.ndarray]
"""Tensors by canonical name, in Keras's layout."""

EpochHook = Callable[[int, float, "np.ndarray | None", float, float], bool]
"""Called after each epoch, outside the clock: (epoch from 0, seconds, loss of each step or None, mean loss,
metric in training, as in `frameworks.reference.METRICS`); false ends the training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """Where the samples lie and how the model's input scales them."""

    x: str
    """``.npy`` of images, uint8 (N, H, W, C), or of a table, float32 (N, F)."""
    y: str
    """``.npy`` of integer labels or float32 targets, (N,)."""
    splits: dict[str, str]
    """``.npy`` of indices into both, by split: train, val, test."""
    input_shape: list[int]
    """One sample's shape, channels last."""
    outputs: int
    scale: list[float]
    offset: list[float]
    """The model's input is ``x * scale + offset``: one number for all, or one for each channel or feature."""
    channels_first: bool = False
    """Whether `x` lies as (N, C, H, W), as this contender's room has its images."""
    task: str = "classification"
    """``classification``, ``binary`` or ``regression``."""
    y_scale: float = 1.0
    y_offset: float = 0.0
    """A regression's target is ``y * y_scale + y_offset``."""
    files: str = ""
    """``files.json`` with ``root`` and ``names``, the image file of each sample; empty where there are none."""
    value_range: list[float] | None = None
    """The least and the greatest value of a raw pixel; None in a table."""
    weights: str = ""
    """``.npy`` of float32 weights, one for each sample, (N,); empty where every sample counts alike."""

    @property
    def brightest(self) -> float:
        """The greatest value of a raw pixel."""
        return self.value_range[1] if self.value_range else 255.0

    def index(self, split: str) -> np.ndarray:
        """Return which samples are in a split, int64 (n,)."""
        index: np.ndarray = np.load(self.splits[split])
        return index

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all samples: x memory-mapped, private to the process and never written; y int64 or float32 (N,).

        Where samples have weights, these lie beside the labels: y is then float32 (N, 2), see `labels_of`.
        """
        x, y = np.load(self.x, mmap_mode="c"), np.load(self.y)
        if self.task == "regression":
            y = (y * np.float32(self.y_scale) + np.float32(self.y_offset)).astype(np.float32)
        if self.weights:
            return x, np.stack([y.astype(np.float32), np.load(self.weights)], axis=1)
        return x, y if self.task == "regression" else y.astype(np.int64)

    def labels_of(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return labels, int64 or float32 (n,), and weights (n,), or None, of some of the `y` that `arrays` gives."""
        if not self.weights:
            return y, None
        return y[:, 0] if self.task == "regression" else y[:, 0].astype(np.int64), y[:, 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """Everything a child needs to know; paths are absolute."""

    task: str
    """``trial``, ``parity``, ``judge`` or ``probe``."""
    contender: str
    backend: str
    settings: dict[str, Any]
    """The contender's resolved settings; ``device`` is cpu or gpu, ``threads`` a number."""
    folder: str
    """Where the outcome is left."""
    model: str = ""
    layers: list[Any] = field(default_factory=list)
    data: Data | None = None
    weights: str = ""
    """``.safetensors`` of the initial weights."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    """``name`` and hyperparameters, already rounded to float32 (see `frameworks.reference`)."""
    schedule: dict[str, Any] = field(default_factory=dict)
    """``name`` and parameters of the learning rate's schedule, with ``steps`` of the whole training and
    ``steps_per_epoch``; empty: constant."""
    loss: str = ""
    loss_options: dict[str, Any] = field(default_factory=dict)
    """The parameters that the loss takes, as in `frameworks.reference.OPTIONS`."""
    class_weights: list[float] = field(default_factory=list)
    """One for each class; empty where all count alike."""
    train: dict[str, Any] = field(default_factory=dict)
    """epochs, batch_size, drop_last, seed, trace."""
    pipeline: dict[str, Any] = field(default_factory=dict)
    """name, workers, augment; interpolation, by which files are resized; folder, where a pipeline may keep files of its
    own; empty: memory."""
    measure: dict[str, Any] = field(default_factory=dict)
    """warmup_steps, warmup_seconds, turns, min_turns, turn_seconds, seconds, min_batches, predict_sizes."""
    parity: dict[str, Any] = field(default_factory=dict)
    """steps, batch_size."""
    content: str = ""
    """Hash of the work (spec, data, weights, optimizer, loss), kept with the fingerprint."""
    plants: list[str] = field(default_factory=list)
    """Mistakes to plant in the room, so that a user can watch the gate bite."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Request:
        """Return the request that `to_json` gave."""
        data = value.get("data")
        return cls(**{**value, "data": Data(**data) if data else None})

    @property
    def samples(self) -> Data:
        """The data; every task but ``probe`` has them."""
        if self.data is None:
            raise ValueError(f"task {self.task} came without data")
        return self.data

    def network(self) -> Network:
        """Return the parsed spec."""
        data = self.samples
        shape = tuple(data.input_shape)
        return parse(self.layers, input_shape=shape, outputs=data.outputs, name=self.model, task=data.task)


class Samples(Protocol):
    """Samples in host memory, as `Room.place` gives them; also the source of pipeline ``memory``."""

    def parts(self, batch_size: int) -> Sequence[Any]:
        """Return x in batches, in order, for inference; cut when first asked for, and kept."""


class Room(Protocol):
    """One network, built and trained by one framework. ``frameworks/<backend>/room.py`` has a class of this name.

    Importing that module imports the framework. Arrays go in and come out as numpy, in Keras's layout.
    """

    network: Network

    def __init__(self, request: Request, network: Network, *, precision: str, device: str) -> None:
        """Take the process's threads, device and precision in hand; several rooms may follow each other."""

    def environment(self) -> dict[str, Any]:
        """Return what is in force: versions, device, threads, build flags."""

    def synchronize(self) -> None:
        """Return when the device has done all it was given."""

    def place(self, x: np.ndarray, y: np.ndarray, index: np.ndarray | None = None) -> Any:
        """Return `Samples`: those that `index` (n,) names, or all of x and y; x lies as `Data.x` does.

        Nothing is copied where the framework can read numpy's memory, so it may be a memory map of any size.
        """

    def source(self, samples: Any, split: str) -> Any:
        """Return what training reads from, as the request's pipeline says; `samples` are those of `split`."""

    def batches(self, source: Any, orders: np.ndarray, batch_size: int, drop_last: bool) -> Iterator[tuple[Any, Any]]:
        """Return the input pipeline alone: each batch (x, y) on the device, just as `train` would get it.

        x is uint8, (batch, H, W, C) or (batch, C, H, W), or float32, (batch, F).
        """

    def build(self, weights: Arrays, trace_length: int) -> None:
        """Build model, optimizer and loss, and load the weights; `trace_length` 0 leaves the loss trace out."""

    def num_parameters(self) -> int:
        """Return the number of trainable parameters as the framework counts them."""

    def export(self, *, steps: int | None = None, batch_size: int = 0) -> Arrays:
        """Return all weights, or what a twin with biased moving variances would hold after `steps` steps."""

    def load(self, weights: Arrays) -> None:
        """Load weights by canonical name."""

    def snapshot(self) -> Any:
        """Return a copy of all state: weights, optimizer, metrics, seed generators."""

    def restore(self, state: Any) -> None:
        """Put the state of `snapshot` back, to the bit."""

    def step_function(self, source: Any, orders: np.ndarray, batch_size: int, drop_last: bool) -> Callable[[], object]:
        """Return the training step on the first batch, which lies on the device, to be called again and again.

        Where training picks its samples on the device (pipeline ``device``), so does this step.
        """

    def steps_per_call(self) -> int:
        """Return how many training steps one call of `step_function`'s result runs."""

    def set_rate(self, rate: float) -> None:
        """Have the steps that follow take the learning rate `rate`, once a warm-up is over."""

    def rates(self, steps: int) -> np.ndarray:
        """Return the learning rate of each of the first `steps` steps as things stand, float32 (steps,)."""

    def train(self, source: Any, orders: np.ndarray, batch_size: int, drop_last: bool, hook: EpochHook) -> None:
        """Train one epoch per row of `orders`, (epochs, n), as a user of the framework would.

        `orders` counts the samples of the source from 0, whatever their places in x and y.
        """

    def predict(self, samples: Any, batch_size: int) -> Callable[[], np.ndarray]:
        """Run inference over all samples; return when the device has done it. The result gives the logits."""

    def inference(self, samples: Any, size: int) -> Callable[[], object]:
        """Return the prediction of one batch of `size` samples, which lies on the device, to be called again and again.

        Where there are fewer samples, they repeat. What a call returns stays on the device.
        """

    def memory(self) -> dict[str, int]:
        """Return ``framework_device``, the most bytes of device memory by the framework's own count; {} on a CPU."""

    def layer_outputs(self, samples: Any) -> Arrays:
        """Return every layer's output in training mode, by layer name, channels last."""

    def gradients(self, samples: Any) -> tuple[float, Arrays]:
        """Return the loss of one batch and its gradients by canonical name."""

    def matrix_product(self, size: int) -> Callable[[], object]:
        """Return a product of two matrices (size, size) in the room's precision and mode, to be called again and again.

        The operands are made here; operands and result stay on the device. The first call may compile.
        """

    def traces(self) -> int:
        """Return how often the training step was traced or compiled so far."""


def outcome(folder: Path) -> Path:
    """Return where a child leaves its outcome."""
    return folder / OUTCOME
