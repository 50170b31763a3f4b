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
    """Whether the gate knows by itself which side is wrong, from the spec in numpy; else the two differ, and the one that
    is not the baseline is named."""

    def settings(self, plant: str) -> tuple[str, ...]:
        """Return the command line that plants it."""
        other = {"tf": "torch", "torch": "tf"}[self.side]
        return (f"plant={plant}", *self.said, *(() if self.alone else (f"baseline={other}",)))


STRIDED = "model.layers=[{conv2d:{filters:4,kernel_size:3,strides:2,padding:same}},relu,flatten,{dense:outputs}]"
"""A convolution whose ``same`` padding is uneven: digits are of 8 × 8."""

ROWS: dict[str, Row] = {
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
        said=(STRIDED,), side="torch", quantity="layer outputs", words="'same' at a stride puts the odd pixel last"
    ),
    "target_broadcast": Row(
        alone=True,
        said=("dataset=diabetes",),
        side="torch",
        quantity="loss of its own outputs",
        words="held against targets (n,)",
    ),
}
