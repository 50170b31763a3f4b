"""What each optimizer, schedule, loss and score means, executably, in numpy: the spec that both rooms must meet."""

from frameworks.reference.losses import LOSSES, OPTIONS, TASKS, batch_loss, combined_weights, sigmoid, softmax
from frameworks.reference.optimizers import OPTIMIZERS, SGD, Adam, Nadam, Optimizer, float32
from frameworks.reference.schedules import SCHEDULES, changes, plateau, rates, sampled, scheduled, thinned
from frameworks.reference.scores import METRICS, kappa, predictions, score
from frameworks.reference.updates import Update, kind, meaning

__all__ = [
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "OPTIONS",
    "SCHEDULES",
    "SGD",
    "TASKS",
    "Adam",
    "Nadam",
    "Optimizer",
    "Update",
    "batch_loss",
    "changes",
    "combined_weights",
    "float32",
    "kappa",
    "kind",
    "meaning",
    "plateau",
    "predictions",
    "rates",
    "sampled",
    "scheduled",
    "score",
    "sigmoid",
    "softmax",
    "thinned",
]
