"""What a user may set for a PyTorch contender."""

from __future__ import annotations

from dataclasses import dataclass

PACKAGES = ("torch",)

PLANTS = {
    "batch_norm_momentum": "the spec's batch norm momentum is copied literally, where PyTorch means 1 - m",
    "kernel_order": "kernels are reshaped instead of transposed: every shape fits, no value is in place",
    "padding": "strided 'same' convolutions are padded symmetrically, as (k - 1) // 2",
}


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
