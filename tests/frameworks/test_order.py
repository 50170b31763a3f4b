from __future__ import annotations

import hashlib

import numpy as np
import pytest

from frameworks.order import epoch_order, orders, steps_per_epoch


@pytest.mark.parametrize(
    ("seed", "epoch", "samples", "golden"),
    [
        (0, 0, 1000, "3a064628457285b2"),
        (0, 1, 1000, "372a3d8411ebd872"),
        (1, 0, 1000, "4f39b20ffb604d8f"),
        (42, 7, 60000, "9af31649e6325056"),
    ],
)
def test_the_stream_is_pinned(seed, epoch, samples, golden):
    order = epoch_order(seed, epoch, samples)
    assert order.dtype == np.int32
    assert hashlib.sha256(order.astype("<i4").tobytes()).hexdigest()[:16] == golden


def test_every_sample_comes_once():
    for samples in (1, 2, 97):
        assert (np.sort(epoch_order(3, 4, samples)) == np.arange(samples)).all()


def test_orders_are_a_row_per_epoch():
    found = orders(5, 3, 40)
    assert found.shape == (3, 40)
    assert found.dtype == np.int32
    for epoch in range(3):
        assert (found[epoch] == epoch_order(5, epoch, 40)).all()
    assert (found[0] != found[1]).any()
    assert (found[0] != orders(6, 1, 40)[0]).any()


@pytest.mark.parametrize(
    ("samples", "batch_size", "drop_last", "steps"),
    [(20, 4, True, 5), (20, 4, False, 5), (21, 4, True, 5), (21, 4, False, 6), (3, 4, True, 0), (3, 4, False, 1)],
)
def test_steps_per_epoch(samples, batch_size, drop_last, steps):
    assert steps_per_epoch(samples, batch_size, drop_last) == steps
