"""The losses, taken on logits, weighted where the request says so, the metric beside each, and the losses' trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from frameworks.contract import Request


class Traced(keras.losses.Loss):
    """One of the losses, which also writes each step's value into a variable on the device.

    Nothing is fetched until the epoch's end; a Keras metric would be fetched after every step.
    """

    def __init__(self, loss: keras.losses.Loss, trace_length: int, steps: tf.Variable | None) -> None:
        """Keep the last `trace_length` losses, a whole epoch's, by `steps`, the optimizer's count of its steps.

        Without `steps` they are counted here.
        """
        super().__init__(name=loss.name, reduction=loss.reduction)
        self.loss = loss
        self.traces = 0
        self.own = tf.Variable(0, trainable=False, dtype=tf.int64) if steps is None and trace_length else None
        self.steps = self.own if steps is None else steps
        self.trace = tf.Variable(tf.zeros([trace_length], self.dtype), trainable=False) if trace_length else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the mean loss of the batch and note it down."""
        self.traces += 1  # runs while a function is traced, not at each of its steps
        loss = self.loss(y_true, y_pred, sample_weight)
        if self.trace is not None:
            # A variable of its own to count the steps would cost more than the writing does.
            place = tf.cast(self.steps, tf.int64) % self.trace.shape[0]
            self.trace.scatter_update(tf.IndexedSlices(loss, place))
            if self.own is not None:
                self.own.assign_add(1)
        return loss

    def fetch(self) -> np.ndarray | None:
        """Return the loss of each step of the epoch that has just ended, or None without a trace."""
        return None if self.trace is None else np.array(self.trace)

    def state(self) -> list[tf.Variable]:
        """Return the variables of the trace."""
        return [variable for variable in (self.trace, self.own) if variable is not None]


class OneHot(keras.losses.CategoricalCrossentropy):
    """Keras's own with labels (n,) made one-hot (n, classes) where they lie."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample."""
        return super().call(tf.one_hot(tf.cast(y_true, tf.int32), y_pred.shape[-1], dtype=y_pred.dtype), y_pred)


class Focal(keras.losses.Loss):
    """Lin et al.'s, of logits (n, 1) or (n, classes), as `frameworks.reference` writes it.

    Keras's own takes probabilities first and cuts them at 1e-7, where a network that is sure has more to say.
    """

    def __init__(self, *, focal_gamma: float, focal_alpha: float | None) -> None:
        super().__init__(name="focal")
        self.gamma, self.alpha = focal_gamma, focal_alpha

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample."""
        alpha = self.alpha
        if y_pred.shape[-1] == 1:
            one = y_true == 1
            logit = tf.where(one, y_pred[:, 0], -y_pred[:, 0])
            if alpha is not None:
                alpha = tf.where(one, tf.constant(alpha, y_pred.dtype), tf.constant(1 - alpha, y_pred.dtype))
        else:
            own = tf.one_hot(tf.cast(y_true, tf.int32), y_pred.shape[-1], on_value=True, off_value=False)
            others = tf.reduce_logsumexp(tf.where(own, tf.constant(-np.inf, y_pred.dtype), y_pred), axis=-1)
            logit = tf.reduce_sum(tf.where(own, y_pred, tf.zeros([], y_pred.dtype)), axis=-1) - others
        losses = tf.math.softplus(-logit) * tf.exp(-self.gamma * tf.math.softplus(logit))
        return losses if alpha is None else losses * alpha


class Weighted(keras.losses.Loss):
    """The sum of the weighted losses over the batch's size: Keras's own reduction.

    A sample's weight is that of its class times its own, which lies beside its label.
    """

    def __init__(self, loss: keras.losses.Loss, class_weights: Sequence[float], sampled: bool) -> None:
        super().__init__(name=loss.name, reduction=loss.reduction)
        self.loss, self.sampled = loss, sampled
        self.classes = tf.constant(class_weights, self.dtype) if class_weights else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss of the batch; `y_true` (n,), or (n, 2) with a weight beside each label."""
        labels = labels_of(y_true) if self.sampled else y_true
        weights = tf.cast(y_true[:, 1], self.dtype) if self.sampled else None
        if self.classes is not None:
            own = tf.gather(self.classes, tf.cast(labels, tf.int32))
            weights = own if weights is None else own * weights
        return self.loss(labels, y_pred, weights)


def make(request: Request) -> keras.losses.Loss:
    """Return the loss that the request asks for."""
    loss = _loss(request)
    if not request.class_weights and not request.samples.weights:
        return loss
    return Weighted(loss, request.class_weights, bool(request.samples.weights))


def metric(request: Request) -> keras.metrics.Metric:
    """Return the metric of training, of outputs (n, outputs) and y; every sample counts alike in it."""
    kind, options = METRICS[request.samples.task]
    return (_of_labels(kind) if request.samples.weights else kind)(**options)


def labels_of(y: Any) -> Any:
    """Return the labels of y (n, 2), which has a weight beside each."""
    return y[:, 0]


def _of_labels(kind: type) -> type:
    """Return a kind of metric that passes over the weights beside the labels."""

    class OfLabels(kind):  # type: ignore[misc]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(labels_of(y_true), y_pred)

    return OfLabels


def _loss(request: Request) -> keras.losses.Loss:
    name, options, plants = request.loss, dict(request.loss_options), request.plants
    if name == "sparse_categorical_crossentropy" and not options.get("label_smoothing"):
        return keras.losses.SparseCategoricalCrossentropy(from_logits="from_logits" not in plants)
    if name == "focal" and "focal_alpha" in plants:
        options["focal_alpha"] = None
    if name.endswith("crossentropy"):
        options["from_logits"] = "from_logits" not in plants
    if name.endswith("categorical_crossentropy") and "label_smoothing" in plants:
        classes = request.samples.outputs  # so that each other class gets ε/(K - 1)
        options["label_smoothing"] *= classes / (classes - 1)
    # Keras's sparse loss smooths no labels, so that one is taken of one-hot labels then.
    return _LOSSES[name](**_keywords(options))


def _keywords(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a loss as Keras calls them."""
    return {"delta" if key == "huber_delta" else key: value for key, value in options.items()}


_LOSSES: dict[str, Callable[..., keras.losses.Loss]] = {
    "sparse_categorical_crossentropy": OneHot,
    "categorical_crossentropy": OneHot,
    # Keras brings outputs (n, 1) and labels (n,) into one shape by itself, here and in the regressions.
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "focal": Focal,
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "huber": keras.losses.Huber,
}

METRICS: dict[str, tuple[type, dict[str, Any]]] = {
    "classification": (keras.metrics.SparseCategoricalAccuracy, {"name": "accuracy"}),
    # "accuracy" by name would cut probabilities at 0.5; a logit is cut at 0.
    "binary": (keras.metrics.BinaryAccuracy, {"name": "accuracy", "threshold": 0.0}),
    "regression": (keras.metrics.MeanAbsoluteError, {"name": "mae"}),
}
"""By task: the metric of training, named as in `frameworks.reference.METRICS`, and how it is made."""
