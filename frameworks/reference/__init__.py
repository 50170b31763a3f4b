"""What each optimizer, loss and score means, executably, in numpy: the spec that both rooms must meet."""

from frameworks.reference.losses import LOSSES, OPTIONS, TASKS, batch_loss, combined_weights, sigmoid, softmax
from frameworks.reference.optimizers import OPTIMIZERS, SGD, Adam, float32
from frameworks.reference.scores import METRICS, kappa, predictions, score

__all__ = [
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "OPTIONS",
    "SGD",
    "TASKS",
    "Adam",
    "batch_loss",
    "combined_weights",
    "float32",
    "kappa",
    "predictions",
    "score",
    "sigmoid",
    "softmax",
]
