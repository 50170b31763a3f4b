"""The spec's count of operations in a training step, held against each framework's own counter."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import conf
from frameworks import rooms

BACKENDS = rooms.names()
SHIPPED = sorted(Path(conf.__path__[0], "model").glob("*.yaml"))
INPUTS = ((28, 28, 1), (32, 32, 3), (96, 96, 3), (30,))
"""Images and tables, of which a shipped model takes the first that fits it."""
BATCH = 4


def fitting(job, layers):
    """Return a job for the first input that the model takes."""
    for shape in INPUTS:
        made = job(layers=layers, shape=shape, outputs=10, count=BATCH)
        try:
            made.network()
        except ValueError:
            continue
        return made
    raise AssertionError(f"no input of {INPUTS} fits")


LARGE = ("resnet20", "resnet18", "resnet50", "mobilenet_v2", "efficientnet_v2_b0")
"""Models that a framework takes seconds to build."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in LARGE else []) for path in SHIPPED],
)
def test_every_shipped_model_is_counted_as_its_framework_counts(side_by_side, job, backend, path):
    made = fitting(job, yaml.safe_load(path.read_text(encoding="utf-8"))["layers"])
    counts = side_by_side.ask(backend, "counted", made).values
    assert sum(counts.values()) == made.network().step_flops * BATCH > 0, counts


HEAD = ["flatten", {"dense": "outputs"}]
CHAINS = {
    "nothing asks for the first gradient": [{"conv2d": 4}, "relu", {"conv2d": 5}, *HEAD],
    "batch norm first asks for it": ["batch_norm", {"conv2d": 4}, *HEAD],
    "a layer without weights does not": ["relu", "avg_pool2d", {"conv2d": 4}, *HEAD],
    "valid at a stride": [{"conv2d": 3}, {"conv2d": {"filters": 4, "kernel_size": [3, 2], "strides": [2, 1]}}, *HEAD],
    "uneven pads": [{"conv2d": 3}, {"conv2d": {"filters": 4, "strides": 2, "padding": [[0, 1], [2, 1]]}}, *HEAD],
    "same at a stride": [{"conv2d": 3}, {"conv2d": {"filters": 4, "strides": 2, "padding": "same"}}, *HEAD],
    "one by one": [{"conv2d": 3}, {"conv2d": {"filters": 7, "kernel_size": 1, "use_bias": False}}, *HEAD],
    "depthwise": [{"conv2d": 3}, {"depthwise_conv2d": {"depth_multiplier": 2}}, "depthwise_conv2d", *HEAD],
    "depthwise first, at a stride": [{"depthwise_conv2d": {"strides": 2, "padding": 1}}, *HEAD],
    "branches": [{"add": [[{"conv2d": 3}], [{"conv2d": 4}, {"conv2d": {"filters": 3, "kernel_size": 1}}]]}, *HEAD],
    "frozen before and behind": [
        {"conv2d": {"filters": 3, "trainable": False}}, {"concat": [[], [{"conv2d": {"filters": 3, "padding": 1}}]]},
        {"conv2d": {"filters": 4, "trainable": False}}, "batch_norm", *HEAD,
    ],
    "squeeze and excite": [
        {"conv2d": 3}, {"multiply": [[], ["global_avg_pool2d", {"dense": 2}, "silu", {"dense": 3}, "sigmoid"]]}, *HEAD,
    ],
    "global mean": [{"conv2d": 3}, "batch_norm", "global_avg_pool2d", {"dense": 6}, "gelu", {"dense": "outputs"}],
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_chains_are_counted_as_the_frameworks_count(side_by_side, job, name):
    made = job(layers=CHAINS[name], shape=(9, 10, 2), count=BATCH)
    for backend, answer in side_by_side.both("counted", made).items():
        assert sum(answer.values.values()) == made.network().step_flops * BATCH > 0, (backend, answer.values)


def test_a_table_and_a_value(side_by_side, job):
    made = job(layers=[{"dense": 6}, "relu", {"dense": "outputs"}], shape=(5,), outputs=1, count=BATCH)
    made.learns = "regression"
    for answer in side_by_side.both("counted", made).values():
        assert sum(answer.values.values()) == 2 * BATCH * (2 * 5 * 6 + 3 * 6)
