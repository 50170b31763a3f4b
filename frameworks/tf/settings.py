"""What a user may set for a TensorFlow contender."""

from __future__ import annotations

from dataclasses import dataclass

PACKAGES = ("tensorflow", "keras")

PLANTS = {
    "adam_epsilon": "Adam is Keras's stock one, whose epsilon stands elsewhere (needs optimizer=adam)",
    "batch_norm_epsilon": "batch normalisation takes 1e-5 for epsilon, whatever the spec says",
}


@dataclass
class Settings:
    """One TensorFlow contender."""

    backend: str = "tf"
    python: str | None = None
    """Interpreter of this contender's processes; null is the one that runs Parallax."""
    device: str = "${runtime.device}"
    """auto, cpu or gpu."""
    precision: str = "${runtime.precision}"
    threads: int | None = "${runtime.threads}"  # type: ignore[assignment]  # resolved by OmegaConf
    """Threads of the intra-op pool; null is every core given."""
    jit_compile: bool = False
    """Compile the training step with XLA. Keras's own "auto" means another thing on each machine."""
    steps_per_execution: int = 1
    """Training steps that one call of the compiled train function runs."""
