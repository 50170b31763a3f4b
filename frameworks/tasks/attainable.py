"""What is attainable: the rate of one large matrix product, in the same process and mode as the training.

It says what the library behind matrix products (the BLAS) reaches here, so that a gap between two contenders that is
really the library's is seen as such. It is not the processor's peak, and a step that attains little of it need not be
badly programmed: small products, and all that is no product, take their time as well.
"""

from __future__ import annotations

from typing import Any

from frameworks.clock import Phases, now
from frameworks.contract import Room

SIZES = {"cpu": 2048, "gpu": 8192}
"""Rows and columns of both operands, by device, the same for every contender: large enough that nothing but the product
takes time (17 GFLOP, 40 to 80 ms on two cores of an AMD EPYC; 1.1 TFLOP, some 20 ms on a large GPU in float32)."""

WARM, LEAST, MOST = 1, 2, 8
"""Products before the clock, the first of which may compile, and on it."""


def matrix_product(room: Room, device: str, seconds: float, phases: Phases) -> dict[str, Any]:
    """Clock products for at most `seconds`, but `LEAST` of them; return the rate of the best in FLOP/s, and its size.

    The best and not the median: attainable is a maximum, and whatever else a machine does can only slow a product.
    """
    size = SIZES[device]
    with phases.phase("matrix_product"):
        product = room.matrix_product(size)
        for _ in range(WARM):
            product()
        room.synchronize()
        best, begin = float("inf"), now()
        for count in range(MOST):
            start = now()
            if count >= LEAST and start - begin > seconds:
                break
            product()
            room.synchronize()
            best = min(best, now() - start)
    return {"matrix_product_flops": 2 * size**3 / best, "matrix_product_size": size}
