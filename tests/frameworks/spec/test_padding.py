from __future__ import annotations

import itertools

import pytest

from frameworks.spec.padding import resolve, same


def windows_by_hand(size, kernel, stride):
    """TensorFlow's documentation: the kernel less what the last window finds, which is the stride where it divides."""
    total = max(kernel - (size % stride or stride), 0)
    return total // 2, total - total // 2


@pytest.mark.parametrize(("kernel", "stride"), [*itertools.product(range(1, 8), (1, 2, 3))])
def test_same_is_what_tensorflow_documents(kernel, stride):
    for size in range(1, 20):
        before, after = same(size, kernel, stride)
        assert (before, after) == windows_by_hand(size, kernel, stride)
        assert (size + before + after - kernel) // stride + 1 == -(-size // stride)
        assert 0 <= after - before <= 1  # the odd pixel comes last


@pytest.mark.parametrize(
    ("size", "kernel", "pads"), [(16, 3, (0, 1)), (16, 5, (1, 2)), (16, 7, (2, 3)), (17, 3, (1, 1)), (17, 5, (2, 2))]
)
def test_same_at_stride_two_depends_on_the_size(size, kernel, pads):
    assert same(size, kernel, 2) == pads


def test_resolve():
    assert resolve("valid", (8, 9, 1), (3, 3), (2, 2)) == ((0, 0), (0, 0))
    assert resolve("same", (8, 9, 1), (3, 3), (2, 2)) == ((0, 1), (1, 1))
    assert resolve("same", (8, 8, 1), (3, 5), (1, 2)) == ((1, 1), (1, 2))
    assert resolve(((1, 2), (0, 3)), (8, 9, 1), (3, 3), (2, 2)) == ((1, 2), (0, 3))
