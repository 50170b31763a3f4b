"""The optimizers, in the meaning of `frameworks.reference`: Keras's own, and `adapted` ones where its differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import keras

from frameworks import reference
from frameworks.contract import Request
from frameworks.tf import adapted, schedules
from frameworks.tf.clipping import clipping

KINDS: dict[str, Any] = {
    "sgd": keras.optimizers.SGD,
    "adam": adapted.Adam,
    "adamw": adapted.Adam,
    "nadam": adapted.Nadam,
    "adamax": adapted.Adamax,
    "rmsprop": adapted.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "ftrl": keras.optimizers.Ftrl,
}


def make(request: Request, variables: Mapping[str, Any]) -> tuple[keras.optimizers.Optimizer, schedules.Table | None]:
    """Return the optimizer of trainable variables, by canonical name, and the schedule of its rate."""
    meant, plants = reference.meaning(request.optimizer), request.plants
    schedule = schedules.make(request)
    kind = _kind(request, plants)
    if meant.l2:
        kind = type(f"{kind.__name__}WithL2", (adapted.L2, kind), {})
    optimizer = kind(
        learning_rate=meant.learning_rate if schedule is None else schedule,
        weight_decay=meant.weight_decay or None,
        **clipping(meant, plants),
        **meant.own(),
    )
    if meant.l2:
        # Keras's regularizer of the same name adds l2 · w², whose gradient is twice as large.
        optimizer.l2 = meant.l2 * (2 if "l2_factor" in plants else 1)
    if meant.exclude:
        left_out = [variable for name, variable in variables.items() if reference.kind(name) in meant.exclude]
        optimizer.exclude_from_weight_decay(var_list=left_out)
    return optimizer, schedule


def _kind(request: Request, plants: Collection[str]) -> Any:
    """Return the class to take: at a constant rate it does not matter whether a velocity has the rate inside."""
    name, momentum = request.optimizer["name"], request.optimizer.get("momentum", 0.0)
    if name in ("adam", "adamw") and "adam_epsilon" in plants:
        return keras.optimizers.Adam
    if name == "rmsprop" and "rmsprop_epsilon" in plants:
        return keras.optimizers.RMSprop
    inside = "rate_in_velocity" in plants
    if name == "sgd" and momentum and reference.changes(request.schedule) and not inside:
        return adapted.SGD
    return KINDS[name]
