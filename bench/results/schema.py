"""The shape of ``results.json``: what a run leaves behind and what every reader may rely on.

Units are seconds, bytes and samples; what was not measured, or is not a number, is null. The module imports
nothing else of the project, so that a reader needs neither a framework nor the harness.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1

TIMES = {
    "step_seconds": "training step (throughput clock)",
    "latency_p50_seconds": "training step (latency clock, median)",
    "epoch_seconds": "epoch of real training (end-to-end clock)",
    "target_seconds": "training until the target was reached",
    "input_seconds": "input pipeline alone, per batch",
    "first_step_seconds": "first step (tracing and compiling)",
    "predict_seconds": "prediction of the test set",
    "import_seconds": "import of the framework",
}
"""Quantities of time that contenders are compared in, in the order of interest, with their names in words."""

QUALITIES = {
    "test_accuracy": "test accuracy",
    "test_kappa": "test kappa",
    "test_mae": "test MAE",
    "test_loss": "test loss",
}
"""Quantities of quality that contenders are compared in: differences, not ratios.

A classification has the accuracy and Cohen's kappa, which no majority of one class can please; a regression has the
mean absolute error, in the target's own units.
"""

METRICS = ("test_accuracy", "test_mae")
"""Those of them that a task is judged by: each run has one."""


@dataclass(kw_only=True, slots=True)
class Trial:
    """One contender, one repeat, one seed, in one fresh process."""

    contender: str
    repeat: int
    """Counted from 0."""
    seed: int
    status: str
    """``ok``, ``diverged`` or ``failed``."""
    message: str = ""
    """Why a trial diverged or failed, in one line."""
    folder: str = ""
    """Where its files lie, relative to the run's folder."""
    num_parameters: int | None = None
    """Trainable parameters, counted by the framework itself."""
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds by phase: import, load, build, first_step, latency, throughput, input, train, tail, …"""
    step_seconds: float | None = None
    """Seconds per training step, device synchronised only at the ends of a block (median over blocks)."""
    input_seconds: float | None = None
    """Seconds per batch of the input pipeline alone, without training; None where it was not clocked."""
    step_latency_seconds: dict[str, float] = field(default_factory=dict)
    """Seconds per training step, device synchronised every step: p50, p95, p99."""
    epoch_seconds: float | None = None
    """Seconds per epoch of real training, first batch's begin to last batch's end (median over epochs)."""
    throughput: float | None = None
    """Samples per second of the throughput clock."""
    predict_throughput: float | None = None
    """Samples per second of prediction over the test set."""
    predict_latency_seconds: dict[str, float] = field(default_factory=dict)
    """Seconds to predict one sample, device synchronised every time: p50, p95, p99."""
    predict_rates: dict[str, float] = field(default_factory=dict)
    """Samples per second of prediction by batch size: one batch on the device, again and again."""
    clocked: dict[str, int] = field(default_factory=dict)
    """How many readings each clock has, by phase: steps, blocks, or 1 for the pipeline in one go."""
    warmup: dict[str, Any] = field(default_factory=dict)
    """How the steady state was found: ``steps``, ``seconds``, ``settled``."""
    memory: dict[str, int] = field(default_factory=dict)
    """Bytes: ``peak`` (the process, by the kernel's high-water mark), ``workers`` (theirs, added up), ``start`` (before
    the framework was imported), ``device`` (most that the driver saw), ``framework_device`` (by its own count)."""
    energy_joules: float | None = None
    """What the GPU took during the epochs of training, by the driver's counter; None where nothing counts it."""
    matrix_product_flops: float | None = None
    """Floating-point operations per second that a large matrix product reaches in the same process."""
    matrix_product_size: int | None = None
    """Rows, and columns, of each of its two operands."""
    usage: dict[str, float] = field(default_factory=dict)
    """What the system counted of the trial's processes: ``cpu_seconds``, ``involuntary_switches``, ``major_faults``
    (pages read from disk), of these ``late_major_faults`` after the first step; and ``waiting_seconds``, in which any
    thread of the machine was ready to run and had no CPU: of a trial that ran alone, not in turns."""
    metrics: dict[str, float | None] = field(default_factory=dict)
    """After the last epoch, for each split: train_loss, val_loss, test_loss, and likewise _accuracy, or in a
    regression _mae: the mean absolute error in the target's own units. val_kappa and test_kappa: Cohen's kappa, absent
    where labels and predictions know the same one class only."""
    target: float | None = None
    """What the validation was to come up to, ``train.target``: an accuracy, or the MAE of a regression."""
    target_seconds: float | None = None
    """Seconds of training until it first did, to within an epoch; of all of it where it never did."""
    target_reached: bool | None = None
    """Whether it ever did; None where there was no target, or no epoch."""
    first_losses: list[float] = field(default_factory=list)
    """The loss of the first two training steps: the same work shows in them, whatever was certified before."""
    curves: dict[str, list[float | None]] = field(default_factory=dict)
    """By epoch: ``train_loss``, the mean of its steps, and ``val_loss`` after it."""
    environment: dict[str, Any] = field(default_factory=dict)
    """What was in force in the process: framework version, device, threads, build flags."""

    def quantity(self, name: str) -> float | None:
        """Return the value of one quantity of `TIMES` or `QUALITIES`, or None where it was not measured."""
        if name in self.metrics:
            return self.metrics[name]
        if name == "latency_p50_seconds":
            return self.step_latency_seconds.get("p50")
        if name == "target_seconds":
            return self.target_seconds if self.target_reached else None
        if name in ("step_seconds", "epoch_seconds", "input_seconds"):
            value: float | None = getattr(self, name)
            return value
        return self.phases.get(name.removesuffix("_seconds"))


@dataclass(kw_only=True, slots=True)
class Check:
    """One line of the parity certificate: one quantity of one contender held against the baseline's."""

    contender: str
    baseline: str
    quantity: str
    """What was compared: ``parameters``, ``outputs``, ``loss``, ``gradients``, ``weights``, …"""
    precision: str
    """``float64`` (the judge) or the run's own precision (the smoke check)."""
    error: float | None
    """Largest error found, scaled as `scale` says; None where the values could not be compared at all."""
    tolerance: float
    scale: str
    """What the error is relative to, and where the tolerance comes from."""
    passed: bool
    detail: str = ""
    """For a failure: where the two depart first, and the likely cause."""


NOTHING_LEFT = "fingerprint"
"""The quantity of a check that stands for a contender whose fingerprint could not be computed."""


@dataclass(kw_only=True, slots=True)
class Parity:
    """The certificate of a run."""

    passed: bool | None = None
    """None for a lone contender: there was nothing to compare it with."""
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """By contender: how long its process took; nothing for one whose fingerprint was kept from before."""
    modes: dict[str, str] = field(default_factory=dict)
    """By contender: the mode the float64 steps were computed in (fit, manual loop, …)."""
    corrected: list[str] = field(default_factory=list)
    """Known differences that the gate corrects for, because the timed code stays stock."""
    uncertified: list[str] = field(default_factory=list)
    """What cannot be certified (random dropout masks, …)."""
    message: str = ""
    """The certificate in one sentence."""

    def certified(self, baseline: str) -> set[str]:
        """Return the contenders whose every check passed; none of them where the baseline's own did not."""
        failed = {check.contender for check in self.checks if not check.passed}
        return set() if baseline in failed else {check.contender for check in self.checks} - failed

    @property
    def left_nothing(self) -> list[str]:
        """The contenders whose fingerprint could not be computed: whose mathematics are not known."""
        return [check.contender for check in self.checks if check.quantity == NOTHING_LEFT]


@dataclass(kw_only=True, slots=True)
class Comparison:
    """A ratio of times, contender ÷ baseline: below 1 is faster."""

    contender: str
    baseline: str
    quantity: str
    ratio: float | None
    low: float | None
    high: float | None
    repeats: int
    paired: bool
    certified: bool
    """Whether the parity gate passed for this contender; an uncertified ratio is marked so everywhere."""
    verdict: str
    """In words, with the interval: "torch is 1.32× faster than tf per training step (95 % interval …)"."""
    family: int = 1
    """How many comparisons of the same quantity hold their 95 % together: each interval is wider for it."""


@dataclass(kw_only=True, slots=True)
class Agreement:
    """A difference of quality, contender − baseline, over the repeats."""

    contender: str
    baseline: str
    quantity: str
    difference: float | None
    low: float | None
    high: float | None
    repeats: int
    paired: bool
    verdict: str
    family: int = 1
    """How many agreements in the same quantity hold their 95 % together: each interval is wider for it."""


@dataclass(kw_only=True, slots=True)
class RunWarning:
    """Something that may have spoiled a number, with advice; worded in one place (`bench.noise`)."""

    kind: str
    message: str
    advice: str = ""
    contender: str | None = None
    repeat: int | None = None
    """Counted from 0; None for what is said of the run as a whole."""


@dataclass(kw_only=True, slots=True)
class Contender:
    """One named entry under ``frameworks`` as it was configured and as it was found."""

    name: str
    backend: str
    framework: str
    """For people: ``PyTorch 2.15.0``, ``TensorFlow 2.21.0 / Keras 3.15.1``."""
    versions: dict[str, str] = field(default_factory=dict)
    python: str = ""
    """Its interpreter, as configured; empty when it is the one that runs Parallax."""
    settings: dict[str, Any] = field(default_factory=dict)


SAMPLE_CLASSES, SAMPLE_IMAGES, SAMPLE_PIXELS = 12, 8, 96
"""At most so many classes, images of a class, and pixels a side of an image in a file of sample images."""

DISPUTED = 12
"""At most so many test images on which contenders disagree are kept."""


@dataclass(kw_only=True, slots=True)
class Dataset:
    """The data of a run, as its manifest describes it."""

    name: str
    title: str
    source: str
    """Where the samples come from, in words."""
    synthetic: bool
    input_shape: list[int]
    """Height, width, channels of images; the number of features of a table."""
    classes: list[str]
    counts: dict[str, list[int]] = field(default_factory=dict)
    """Samples per class by split: train, val, test."""
    licence: str = ""
    citation: str = ""
    checksum: str = ""
    """SHA-256 of the prepared arrays."""
    note: str = ""
    """What stands beside every accuracy: "synthetic stand-in", "checksums differ from the published ones"."""
    task: str = "classification"
    """``classification``, ``binary`` or ``regression``."""
    class_weights: list[float] = field(default_factory=list)
    """Balanced, by class: training samples ÷ (classes × those of the class); empty in a regression."""
    facts: dict[str, str] = field(default_factory=dict)
    """What preparing and splitting found out, in words, by heading: files left out, groups kept whole, overlap."""
    samples: str = ""
    """Sample images, relative to the run's folder: ``.npy``, uint8 (classes, images, H, W, C), the first classes in
    their order, unused places 0; empty where there are none."""
    labels: str = ""
    """What the test samples are, relative to the run's folder: ``.npy``, int32 classes or float32 targets (n,), in the
    order of every trial's ``predictions.npy``; empty where they were not kept."""
    disputed: list[int] = field(default_factory=list)
    """Test samples, by their place there, for which contenders of one repeat named different classes: those that were
    disputed in most repeats, at most `DISPUTED`."""
    disputed_images: str = ""
    """These as images: ``.npy``, uint8 (samples, H, W, C); empty in a table, or where there are none."""

    @property
    def remark(self) -> str:
        """What must stand beside every accuracy: the note, which says ``synthetic`` where the samples are."""
        if not self.synthetic or "synthetic" in self.note.lower():
            return self.note
        return f"synthetic: {self.note}" if self.note else "synthetic"

    @property
    def mark(self) -> str:
        """The remark in short, for a table's cell or a chart's title: "synthetic stand-in"."""
        return self.remark.partition(": ")[0]


@dataclass(kw_only=True, slots=True)
class Layer:
    """One row of the model table."""

    name: str
    kind: str
    output_shape: list[int]
    parameters: int
    """Trainable parameters."""
    flops: int
    """Floating-point operations of the forward pass for one sample."""
    step_flops: int = 0
    """Its part of `Model.step_flops`."""
    frozen: bool = False
    """Whether it has parameters that training leaves alone."""
    branches: int = 0
    """How many branches it joins; 0 for a layer that is no join."""
    inside: str = ""
    """The join that it stands in a branch of; empty on the trunk."""
    branch: int = 0
    """Which of its branches, counted from 0."""


@dataclass(kw_only=True, slots=True)
class Model:
    """The network of a run, as the spec describes it."""

    name: str
    parameters: int
    flops: int
    """Floating-point operations of the forward pass for one sample."""
    step_flops: int = 0
    """Those of matrix products and convolutions in one training step, per sample: forward, and backward to weights
    and inputs; what a framework's own counter counts. 0 where it is not known."""
    input_shape: list[int] = field(default_factory=list)
    outputs: int = 0
    """0 where it is not known."""
    probabilities: bool = False
    """Whether predictions come out as the spec's own probabilities: it ends in a softmax or sigmoid."""
    layers: list[Layer] = field(default_factory=list)
    """In the order of computation: those of a join's branches before the join."""


@dataclass(kw_only=True, slots=True)
class Results:
    """Everything a run knows; written after every repeat, or every trial where they run one after the other."""

    schema_version: int = SCHEMA_VERSION
    status: str = "running"
    """``running``, ``ok``, ``failed`` or ``interrupted``."""
    message: str = ""
    """What went wrong, in one line."""
    command: str = ""
    """The command that repeats the run."""
    started: str = ""
    """ISO 8601 with time zone."""
    resumed: list[str] = field(default_factory=list)
    """When the run was taken up again, likewise."""
    finished: str | None = None
    wall_seconds: float | None = None
    config: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    content: str = ""
    """Hash of the work: spec, data, split, weights, optimizer, training. Equal in runs that can be compared."""
    conditions: dict[str, Any] = field(default_factory=dict)
    """What every number holds under: device, precision, threads, batch_size, epochs, optimizer, …"""
    baseline: str = ""
    contenders: list[Contender] = field(default_factory=list)
    dataset: Dataset | None = None
    model: Model | None = None
    parity: Parity = field(default_factory=Parity)
    pilot: dict[str, Any] = field(default_factory=dict)
    """How a pilot settled the number of repeats: ``repeats`` it ran, ``spread``, ``wanted``, ``chosen``, whether that
    ``suffices``, or why it ``failed``; its trials are in no ratio. Empty without one."""
    waited_seconds: float = 0.0
    """How long the run waited for another one to leave the machine."""
    trials: list[Trial] = field(default_factory=list)
    comparison: list[Comparison] = field(default_factory=list)
    agreement: list[Agreement] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)

    @property
    def stopped_by_gate(self) -> bool:
        """Whether the parity gate failed and nobody was raced."""
        return self.parity.passed is False and not self.trials
