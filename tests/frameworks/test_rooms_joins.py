"""Trees of layers, in float64: outputs, loss, gradients and logits of the rooms agree, however branches are joined."""

from __future__ import annotations

import pytest

JUDGE = 1e-12
DENSE = {"dense": "outputs"}
END = ["flatten", DENSE]


def conv(filters=2, **given):
    return {"conv2d": {"filters": filters, "padding": 1, **given}}


SQUEEZE = [
    "global_avg_pool2d", {"reshape": [1, 1, -1]}, {"conv2d": {"filters": 3, "kernel_size": 1}}, "silu",
    {"conv2d": {"filters": 2, "kernel_size": 1}}, "sigmoid",
]  # fmt: skip
VALID = [{"conv2d": 3}, "flatten"]
TREES = {
    "a residual block": [conv(), {"add": [[], [conv(), "batch_norm", "relu", conv(), "batch_norm"]]}, "relu", *END],
    "three branches": [{"add": [[conv()], [], [conv()]]}, *END],
    "a join in a join": [{"add": [[], [conv(), {"concat": [[conv(3)], []]}, conv()]]}, "batch_norm", *END],
    "squeeze and excite": [conv(), {"multiply": [[], SQUEEZE]}, *END],
    "squeeze and excite by dense": [{"multiply": [["global_avg_pool2d", {"dense": 2}, "sigmoid"], []]}, *END],
    "a dense block": [{"concat": [[], [conv(3)]]}, {"concat": [[], [conv(3), "relu"]]}, "global_avg_pool2d", END[1]],
    "concat of flattened images": [{"concat": [["flatten"], VALID]}, DENSE],
    "concat of a vector, an image and a vector": [
        {"concat": [["global_avg_pool2d"], VALID, ["global_avg_pool2d", {"dense": 4}]]}, "batch_norm", DENSE,
    ],
    "norms behind a concat": [{"concat": [VALID, ["flatten"]]}, "layer_norm", "batch_norm", DENSE],
    "an add of flattened images": [{"add": [["flatten"], ["relu", "flatten"]]}, DENSE],
    "an add of unlike orders": [{"add": [["flatten"], ["flatten", {"dense": 84}]]}, "batch_norm", DENSE],
    "a product of unlike orders": [{"multiply": [["flatten"], [{"reshape": [42, 2, 1]}, "flatten"]]}, DENSE],
    "a flattened image gates a pixel's channels": [
        {"conv2d": {"filters": 2, "kernel_size": [6, 6]}}, "flatten", {"reshape": [1, 1, 4]},
        {"multiply": [[], [{"reshape": [2, 1, 2]}, "flatten"]]}, "flatten", DENSE,
    ],
    "ends in a concat of flattened images": [
        {"concat": [["avg_pool2d", "flatten"], ["max_pool2d", conv(1), "flatten"]]},
    ],
    "there and back": ["flatten", {"reshape": [6, 7, 2]}, conv(), *END],
    "an image of other sizes": [conv(), {"reshape": [7, 4, 3]}, conv(), *END],
    "a vector as an image": ["flatten", {"dense": 24}, {"reshape": [3, 4, 2]}, conv(), *END],
    "rounds": [{"repeat": {"times": 3, "layers": [{"add": [[], [conv(), "batch_norm"]]}, "relu"]}}, *END],
    "a frozen branch": [
        conv(), {"add": {"branches": [[], [conv(), "batch_norm"]], "trainable": False}}, conv(), "batch_norm", *END,
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_trees(side_by_side, job, name):
    made = job(layers=TREES[name], random_weights=True, outputs=27 if name.startswith("ends") else 3)
    tf, torch = side_by_side.both("layers", made, precision="float64").values()
    network = made.network()
    error, where = torch.furthest(tf, network.idle_shifts())
    assert error <= JUDGE, where
    assert torch.values["loss"] == pytest.approx(tf.values["loss"], rel=JUDGE)
    assert list(tf.under("outputs/")) == [node.name for node in network.nodes]
    assert len(tf.under("gradients/")) == sum(value.trainable for value in network.parameters.values())
    for answer in (tf, torch):
        assert answer.values["num_parameters"] == network.num_parameters
        assert all(answer.values["identical"].values())
        assert {n: a.shape[1:] for n, a in answer.under("outputs/").items()} == {
            node.name: node.output_shape for node in network.nodes
        }
