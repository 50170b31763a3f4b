"""Every mistake that can be planted: a command line in which it shows, the side that is wrong, and what the gate says.

A new plant needs a row here: `tests/test_every_plant.py` says which is missing, and holds each row.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One planted mistake."""

    said: tuple[str, ...] = ()
    """Settings with which it shows."""
    side: str
    """The contender that the gate must name."""
    quantity: str
    """The check that must name it: the first that fails."""
    words: str
    """What the cause must hold."""
    alone: bool = False
    """Whether the gate knows by itself which side is wrong, from the spec in numpy; else the two differ, and the one
    that is not the baseline is named."""

    def settings(self, plant: str) -> tuple[str, ...]:
        """Return the command line that plants it."""
        other = {"tf": "torch", "torch": "tf"}[self.side]
        return (f"plant={plant}", *self.said, *(() if self.alone else (f"baseline={other}",)))


def layers(*items: str) -> str:
    """Return a model on the command line: these layers, then a dense one on what they make."""
    return f"model.layers=[{','.join(items)},flatten,{{dense:outputs}}]"


LIGHT = f"train.class_weight=[{','.join(['0.01'] * 10)}]"
"""Of digits, all classes alike: gradients are small then."""

ROWS: dict[str, Row] = {
    "adagrad_accumulator": Row(
        alone=True, said=("optimizer=adagrad",), side="torch", quantity="first update", words="accumulator"
    ),
    "avg_pool_padding": Row(
        said=(layers("{conv2d:2}", "{avg_pool2d:{pool_size:2,strides:2,padding:1}}"),),
        side="torch",
        quantity="layer outputs",
        words="padding counted",
    ),
    "clip_epsilon": Row(  # the smaller the norm, the more 1e-6 is of it
        alone=True,
        said=(
            "optimizer=sgd",
            "optimizer.clip_global_norm=0.001",
            LIGHT,
        ),
        side="torch",
        quantity="first update",
        words="clip",
    ),
    "clip_per_tensor": Row(
        alone=True,
        said=("optimizer=sgd", "optimizer.clip_global_norm=0.1"),
        side="tf",
        quantity="first update",
        words="clip",
    ),
    "coupled_decay": Row(
        alone=True, said=("optimizer.weight_decay=0.1",), side="torch", quantity="first update", words="decay"
    ),
    "dampening": Row(
        said=("optimizer=sgd", "optimizer.momentum=0.9"),
        side="torch",
        quantity="weights after each step",
        words="dampening",
    ),
    "depthwise_order": Row(
        said=(layers("{conv2d:2}", "{depthwise_conv2d:{kernel_size:3,depth_multiplier:2}}"),),
        alone=True,
        side="torch",
        quantity="weights as loaded",
        words="kernels are put in another order than the spec's",
    ),
    "flatten_order": Row(
        said=(layers("{conv2d:3}"),), side="torch", quantity="layer outputs", words="flattened channels first"
    ),
    "frozen_batch_norm": Row(
        said=(layers("{conv2d:2}", "{batch_norm:{trainable:false}}"),),
        side="torch",
        quantity="layer outputs",
        words="moving statistics",
    ),
    "gelu_tanh": Row(
        said=(layers("{conv2d:2}", "gelu"),), side="tf", quantity="layer outputs", words="tanh form on one side"
    ),
    "l2_factor": Row(alone=True, said=("optimizer.l2=0.1",), side="tf", quantity="first update", words="L2"),
    "layer_norm_epsilon": Row(
        said=(layers("{conv2d:3}", "layer_norm"),),
        side="torch",
        quantity="layer outputs",
        words="epsilon in layer norm",
    ),
    "leaky_relu_slope": Row(
        said=(layers("{conv2d:2}", "leaky_relu"),), side="tf", quantity="layer outputs", words="another slope"
    ),
    "max_pool_padding": Row(
        said=(layers("{conv2d:2}", "{max_pool2d:{pool_size:2,strides:2,padding:1}}"),),
        side="torch",
        quantity="layer outputs",
        words="zeros instead of minus",
    ),
    "nadam_momentum": Row(
        alone=True, said=("optimizer=nadam",), side="torch", quantity="first update", words="momentum"
    ),
    "rate_in_velocity": Row(
        said=("optimizer=sgd", "optimizer.momentum=0.9", "schedule=cosine"),
        side="tf",
        quantity="weights after each step",
        words="velocity",
    ),
    "rmsprop_epsilon": Row(
        alone=True, said=("optimizer=rmsprop",), side="tf", quantity="first update", words="epsilon"
    ),
    "schedule_early": Row(
        alone=True,
        said=("optimizer=sgd", "schedule=cosine"),
        side="torch",
        quantity="learning rates",
        words="schedule",
    ),
    "warmup_start": Row(
        alone=True,
        said=("optimizer=sgd", "schedule.warmup_steps=4"),
        side="torch",
        quantity="learning rates",
        words="warm",
    ),
    "adam_epsilon": Row(alone=True, side="tf", quantity="first update", words="epsilon's place"),
    "batch_norm_epsilon": Row(
        said=("model=cnn",), side="tf", quantity="layer outputs", words="another epsilon in batch normalisation"
    ),
    "batch_norm_momentum": Row(
        said=("model=cnn",), side="torch", quantity="weights after each step", words="momentum's meaning"
    ),
    "class_weight_mean": Row(
        alone=True,
        said=("train.class_weight=[1,5,1,1,1,1,1,1,1,3]",),
        side="torch",
        quantity="loss of its own outputs",
        words="divided by the sum of the weights",
    ),
    "double_softmax": Row(alone=True, side="torch", quantity="loss of its own outputs", words="a softmax taken twice"),
    "focal_alpha": Row(
        alone=True,
        said=("train.loss=focal", "train.focal_alpha=0.25"),
        side="tf",
        quantity="loss of its own outputs",
        words="focal_alpha left out",
    ),
    "from_logits": Row(
        alone=True, side="tf", quantity="loss of its own outputs", words="logits taken for probabilities"
    ),
    "huber_delta": Row(
        alone=True,
        said=("dataset=diabetes", "train.loss=huber", "train.huber_delta=0.5"),
        side="torch",
        quantity="loss of its own outputs",
        words="divided by delta",
    ),
    "kernel_order": Row(
        alone=True, side="torch", quantity="weights as loaded", words="kernels are put in another order than the spec's"
    ),
    "label_smoothing": Row(
        alone=True,
        said=("train.label_smoothing=0.1",),
        side="tf",
        quantity="loss of its own outputs",
        words="spread over the other classes alone",
    ),
    "padding": Row(
        said=(layers("{conv2d:{filters:4,kernel_size:3,strides:2,padding:same}}", "relu"),),
        side="torch",
        quantity="layer outputs",
        words="'same' at a stride puts the odd pixel last",
    ),
    "target_broadcast": Row(
        alone=True,
        said=("dataset=diabetes",),
        side="torch",
        quantity="loss of its own outputs",
        words="every output held against every target",
    ),
}
