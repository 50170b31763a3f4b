"""What a user may set for a PyTorch contender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frameworks.plants import Plant

PACKAGES = {"torch": "PyTorch"}

EXTRA_PACKAGES: dict[str, tuple[str, ...]] = {"files": ("torchvision",), "augment": ("torchvision",)}
"""By pipeline, and by ``augment``: what else must be installed."""

PLANTS = {
    "batch_norm_momentum": Plant(what="the spec's momentum is copied, where PyTorch means 1 - m", layer="batch_norm"),
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


@dataclass
class Settings:
    """One PyTorch contender."""

    backend: str = "torch"
    python: str | None = None
    """Interpreter of this contender's processes; null is the one that runs Parallax."""
    device: str = "${runtime.device}"
    """auto, cpu or gpu."""
    precision: str = "${runtime.precision}"
    threads: int | None = "${runtime.threads}"  # type: ignore[assignment]  # resolved by OmegaConf
    """Threads of the intra-op pool; null is every core given."""
    compile: bool = False
    """Compile the model with torch.compile (inductor)."""


def environment(settings: dict[str, Any], cache: str) -> dict[str, str]:
    """Return what must be set before PyTorch is imported: compilers begin with an empty cache in every trial."""
    return {"TORCHINDUCTOR_CACHE_DIR": f"{cache}/inductor", "TRITON_CACHE_DIR": f"{cache}/triton"}
