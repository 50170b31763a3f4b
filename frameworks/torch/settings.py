"""What a user may set for a PyTorch contender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frameworks.plants import Plant
from frameworks.spec import Network
from frameworks.spec.layers import DepthwiseConv2D
from frameworks.spec.norms import BatchNorm
from frameworks.spec.padding import NONE
from frameworks.spec.pools import AvgPool2D, MaxPool2D
from frameworks.spelling import either

PACKAGES = {"torch": "PyTorch"}

EXTRA_PACKAGES: dict[str, tuple[str, ...]] = {"files": ("torchvision",), "augment": ("torchvision",)}
"""By pipeline, and by ``augment``: what else must be installed."""

PLANTS = {
    "dampening": Plant(what="momentum comes with as much dampening", optimizers=("sgd",), needs=("momentum",)),
    "coupled_decay": Plant(
        what="weight decay is taken for L2, as PyTorch's Adam does",
        optimizers=("adam", "adamw", "nadam", "adamax", "rmsprop", "adagrad", "adadelta"),
        needs=("weight_decay",),
    ),
    "nadam_momentum": Plant(what="Nadam has PyTorch's own momentum_decay, 0.004", optimizers=("nadam",)),
    "adagrad_accumulator": Plant(what="Adagrad begins with PyTorch's own accumulator, 0", optimizers=("adagrad",)),
    "clip_epsilon": Plant(
        what="the global norm is clipped by PyTorch's own function, which adds 1e-6 to it",
        optimizers=("sgd",),
        needs=("clip_global_norm",),
    ),
    "schedule_early": Plant(what="the schedule moves on before the step, not after it", schedule=True),
    "warmup_start": Plant(what="the rate warms up from a third, as PyTorch's LinearLR does", warmup=True),
    "batch_norm_momentum": Plant(what="the spec's momentum is copied, where PyTorch means 1 - m", layer="batch_norm"),
    "depthwise_order": Plant(
        what="the outputs of a depthwise convolution are counted by multiplier first, where both mean channel first",
        where=lambda node: (
            isinstance(node.layer, DepthwiseConv2D) and min(node.layer.depth_multiplier, node.input_shape[2]) > 1
        ),
        such="a depthwise_conv2d with a depth_multiplier above 1 on several channels",
    ),
    "flatten_order": Plant(
        what="weights behind a flattened image are left in the spec's order, where PyTorch lists channels first",
        where=lambda node: bool(node.flattened) and bool(node.parameters),
        such="a layer with weights behind a flattened image of several channels",
    ),
    "layer_norm_epsilon": Plant(what="layer normalisation takes 1e-5 for epsilon", layer="layer_norm"),
    "frozen_batch_norm": Plant(
        what="a frozen batch normalisation goes on normalising by its batches, and learning their statistics",
        where=lambda node: isinstance(node.layer, BatchNorm) and not node.trainable,
        such="a batch_norm with trainable: false",
    ),
    "max_pool_padding": Plant(
        what="max pooling pads with zeros, where both mean minus infinity",
        where=lambda node: isinstance(node.layer, MaxPool2D) and node.layer.pads(node.input_shape) != NONE,
        such="a padded max_pool2d (and not behind a relu, where zeros do no harm)",
    ),
    "avg_pool_padding": Plant(
        what="average pooling counts its padding, as PyTorch's does when nothing is said",
        where=lambda node: isinstance(node.layer, AvgPool2D) and node.layer.pads(node.input_shape) != NONE,
        such="a padded avg_pool2d",
    ),
    "class_weight_mean": Plant(
        what="weighted losses are divided by the sum of their weights, as PyTorch's weight= does", says="class_weight"
    ),
    "double_softmax": Plant(
        what="a cross-entropy, which takes a softmax, gets the results of one",
        losses=("sparse_categorical_crossentropy", "categorical_crossentropy"),
    ),
    "huber_delta": Plant(
        what="SmoothL1Loss stands in for Huber's loss, which is delta times as much",
        losses=("huber",),
        says="huber_delta",
    ),
    "kernel_order": Plant(what="kernels are reshaped instead of transposed: all shapes fit, no value is in place"),
    "padding": Plant(what="strided 'same' convolutions are padded symmetrically", strided_same=True),
    "target_broadcast": Plant(
        what="outputs (n, 1) meet targets (n,): every one is held against every other",
        losses=("mean_squared_error",),
    ),
}


START_SECONDS = 3.5
"""About how long a trial takes beside its steps: starting, importing, building; for the announcement only."""

PAYS_FOR_UNEVEN_SAME = True
"""Whether uneven ``same`` padding costs time here that a twin does not pay."""

PIPELINES = ("memory", "device", "files")
"""The input pipelines there are here."""

REFUSED: dict[str, str] = {"tfrecord": "PyTorch has no well-kept reader of TFRecord"}
"""Why some of the others are not."""

READS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
"""What image files of pipeline ``files`` may end in."""

RESIZES = ("nearest", "bilinear", "bicubic")
"""How pipeline ``files`` may mix their pixels."""

CHANNELS_FIRST = True
"""Whether images lie as (N, C, H, W)."""

CORRECTED = {
    "batch_norm": "PyTorch takes the unbiased variance into the moving one, the spec the biased: "
    "predictions differ by up to 1/n of the variance",
}
"""By kind of layer: a known difference that the gate corrects for, because the timed code stays stock."""

OWN = {"ftrl": "PyTorch has none: what runs is Parallax's own, after Keras's formula"}
"""By optimizer: what the framework does not have, and Parallax has written."""


@dataclass
class Settings:
    """One PyTorch contender."""

    backend: str = "torch"
    python: str | None = None
    """Interpreter of this contender's processes; null is the one that runs Parallax."""
    device: str = "${runtime.device}"
    """auto, cpu or gpu."""
    precision: str = "${runtime.precision}"
    """float32, or bfloat16 or float16: mixed, with weights in float32, as the framework's own guide has it."""
    tf32: bool = "${runtime.tf32}"  # type: ignore[assignment]  # resolved by OmegaConf
    """Let a GPU round float32 factors to 10 bits of mantissa: faster, and less than float32."""
    deterministic: bool = "${runtime.deterministic}"  # type: ignore[assignment]  # resolved by OmegaConf
    """Take only algorithms that give the same bits each time."""
    threads: int | None = "${runtime.threads}"  # type: ignore[assignment]  # resolved by OmegaConf
    """Threads of the intra-op pool; null is every core given."""
    compile: bool = False
    """Compile the model with torch.compile (inductor)."""
    compile_mode: str = "default"
    """default, reduce-overhead (CUDA graphs), max-autotune or max-autotune-no-cudagraphs."""
    fused: bool = False
    """Take the fused form of the optimizer, all weights updated by one kernel, where it has one."""
    channels_last: bool = False
    """Keep images and the kernels of convolutions with their channels last in memory."""
    handicap: float = 0.0
    """For calibration: the compute clock's step is lengthened by this share."""


COMPILE_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


def unfit(settings: Mapping[str, Any], network: Network) -> str:
    """Return why a network cannot be had with the settings, as ``key=value: reason``: here each one can."""
    return ""


def complaint(settings: Mapping[str, Any]) -> str:
    """Return what is wrong with the settings, as ``key=value: reason``."""
    mode = settings.get("compile_mode", "default")
    if mode not in COMPILE_MODES:
        return f"compile_mode={mode}: must be {either(COMPILE_MODES)}"
    if mode != "default" and not settings.get("compile"):
        return f"compile_mode={mode}: means nothing without compile=true"
    if not 0 <= settings.get("handicap", 0.0) < 100:
        return f"handicap={settings['handicap']}: must be a share of at least 0, such as 0.1"
    return ""


def environment(settings: dict[str, Any], cache: str) -> dict[str, str]:
    """Return what must be set before PyTorch is imported: compilers begin with an empty cache in every trial."""
    given = {"TORCHINDUCTOR_CACHE_DIR": f"{cache}/inductor", "TRITON_CACHE_DIR": f"{cache}/triton"}
    # cuBLAS sums in a fixed order only with a workspace of fixed size; PyTorch refuses to be deterministic without.
    return given | ({"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if settings.get("deterministic") else {})
