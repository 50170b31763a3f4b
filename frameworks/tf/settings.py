"""What a user may set for a TensorFlow contender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frameworks.plants import Plant
from frameworks.spec import Network
from frameworks.spec.activations import Gelu, LeakyRelu
from frameworks.spelling import either

LEAKY_SLOPE = 0.3
"""Of keras.layers.LeakyReLU, when nothing is said."""

PACKAGES = {"tensorflow": "TensorFlow", "keras": "Keras"}

EXTRA_PACKAGES: dict[str, tuple[str, ...]] = {}
"""By pipeline, and by ``augment``: what else must be installed."""

PLANTS = {
    "adam_epsilon": Plant(
        what="Adam is Keras's stock one, whose epsilon stands elsewhere", optimizers=("adam", "adamw")
    ),
    "rmsprop_epsilon": Plant(
        what="RMSprop is Keras's stock one, with epsilon inside the root", optimizers=("rmsprop",)
    ),
    "rate_in_velocity": Plant(
        what="SGD is Keras's stock one, whose velocity has the rate inside although the rate changes",
        optimizers=("sgd",),
        needs=("momentum",),
        schedule=True,
    ),
    "l2_factor": Plant(what="L2 is Keras's regularizer, whose gradient is twice as large", needs=("l2",)),
    "clip_per_tensor": Plant(
        what="the global norm is clipped by Keras's clipnorm, which takes each tensor alone",
        needs=("clip_global_norm",),
    ),
    "batch_norm_epsilon": Plant(what="batch normalisation takes 1e-5 for epsilon", layer="batch_norm"),
    "gelu_tanh": Plant(
        what="gelu takes its tanh form, as keras.ops.gelu does when nothing is said",
        where=lambda node: isinstance(node.layer, Gelu) and not node.layer.approximate,
        such="a gelu that is exact",
    ),
    "leaky_relu_slope": Plant(
        what="leaky relu takes 0.3 for its slope, Keras's default",
        where=lambda node: isinstance(node.layer, LeakyRelu) and node.layer.negative_slope != LEAKY_SLOPE,
        such="a leaky_relu of another slope than 0.3",
    ),
    "from_logits": Plant(
        what="the loss takes logits for probabilities, as Keras's do when nothing is said",
        losses=("sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"),
    ),
    "label_smoothing": Plant(
        what="label smoothing is spread over the other classes alone, ε/(K - 1) each",
        losses=("sparse_categorical_crossentropy", "categorical_crossentropy"),
        says="label_smoothing",
    ),
    "focal_alpha": Plant(what="a focal loss forgets its alpha", losses=("focal",), says="focal_alpha"),
}


START_SECONDS = 5.5
"""About how long a trial takes beside its steps: starting, importing, building; for the announcement only."""

PAYS_FOR_UNEVEN_SAME = False
"""Whether uneven ``same`` padding costs time here that a twin does not pay."""

PIPELINES = ("memory", "device", "files", "tfrecord")
"""The input pipelines there are here."""

REFUSED: dict[str, str] = {}
"""Why some of the others are not."""

READS = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
"""What image files of pipeline ``files`` may end in."""

RESIZES = ("nearest", "bilinear", "bicubic")
"""How pipeline ``files`` may mix their pixels."""

CHANNELS_FIRST = False
"""Whether images lie as (N, C, H, W)."""

CORRECTED = {
    "resize": "TensorFlow's bilinear kernel computes in float32 whatever it is given; the gate has the same mixing "
    "written out in float64",
}
"""By kind of layer: a known difference that the gate corrects for, because the timed code stays stock."""

OWN: dict[str, str] = {}
"""By optimizer: what the framework does not have, and Parallax has written."""


@dataclass
class Settings:
    """One TensorFlow contender."""

    backend: str = "tf"
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
    api: str = "auto"
    """How Keras is told the model: sequential, functional, subclass; auto: Sequential for a chain, else functional."""
    loop: str = "fit"
    """Who runs the steps: Keras's ``fit``; or a loop written by hand, its step compiled by tf.function (``function``)
    or not (``eager``)."""
    jit_compile: bool | str = False
    """Compile the training step with XLA; "auto" leaves it to Keras, which takes another on each machine: what it
    chose is written down."""
    steps_per_execution: int | str = 1
    """Training steps that one call of the compiled train function runs; "auto": as many as divide an epoch's, up to 32,
    which is written down."""
    handicap: float = 0.0
    """For calibration: the compute clock's step is lengthened by this share."""


APIS = ("auto", "sequential", "functional", "subclass")
LOOPS = ("fit", "function", "eager")


def unfit(settings: Mapping[str, Any], network: Network) -> str:
    """Return why a network cannot be had with the settings, as ``key=value: reason``."""
    if settings.get("api") == "sequential" and network.joins:
        return (
            f"api=sequential: a Sequential is one chain, and {network.joins[0].place} joins branches; take functional"
        )
    return ""


def complaint(settings: Mapping[str, Any]) -> str:
    """Return what is wrong with the settings, as ``key=value: reason``."""
    if settings.get("api", "auto") not in APIS:
        return f"api={settings['api']}: must be {either(APIS)}"
    asked = settings.get("jit_compile", False)
    if not isinstance(asked, bool) and asked != "auto":
        return f"jit_compile={asked}: must be true, false or auto"
    loop, together = settings.get("loop", "fit"), settings.get("steps_per_execution", 1)
    if loop not in LOOPS:
        return f"loop={loop}: must be {either(LOOPS)}"
    if loop == "eager" and asked:
        return f"jit_compile={str(asked).lower()}: XLA compiles functions, and loop=eager has none; take loop=function"
    if together != "auto" and (isinstance(together, str) or together < 1):
        return f"steps_per_execution={together}: must be at least 1, or auto"
    if loop != "fit" and together != 1:
        return f"steps_per_execution={together}: is Keras's, and loop={loop} is a loop written by hand; take loop=fit"
    if not 0 <= settings.get("handicap", 0.0) < 100:
        return f"handicap={settings['handicap']}: must be a share of at least 0, such as 0.1"
    return ""


def environment(settings: dict[str, Any], cache: str) -> dict[str, str]:
    """Return what must be set before TensorFlow is imported."""
    return {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",  # the log keeps warnings of the user's making, not of the build's
        "TF_ENABLE_ONEDNN_OPTS": "1",  # the default of x86 builds, said aloud: it changes bits and speed
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
