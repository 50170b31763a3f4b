"""Where two contenders depart first, and what usually is behind it: the traps of cross-framework work."""

from __future__ import annotations

from collections.abc import Sequence

_OUTPUTS = {
    "dense": "a kernel in another order (transposed, reshaped, or flattened channels first)",
    "conv2d": "a kernel in another order, or padding on other sides ('same' at a stride puts the odd pixel last)",
    "batch_norm": "another epsilon in batch normalisation (Keras's default is 1e-3, PyTorch's 1e-5), or, frozen, the "
    "statistics of a batch instead of the moving statistics",
    "max_pool2d": "padding on other sides, or with zeros instead of minus infinity",
    "avg_pool2d": "the padding counted in the mean",
    "flatten": "another order of the axes",
    "gelu": "the tanh form on one side, the exact one on the other",
    "leaky_relu": "another slope",
    "elu": "another alpha",
    "depthwise_conv2d": "a kernel in another order (outputs count channel by channel), or padding on other sides",
    "layer_norm": "another epsilon in layer normalisation (Keras's default is 1e-3, PyTorch's 1e-5), or other axes",
    "reshape": "another order of the axes",
    "resize": "another rule of where pixels lie (corners or centres), or blurring where it shrinks",
    "add": "the branches listed in another order",
    "concat": "the branches in another order, or along another axis",
    "multiply": "the branches listed in another order",
}

_QUANTITIES = {
    "weights as loaded": "kernels are put in another order than the spec's",
    "loss of its own outputs": "another reduction, logits taken for probabilities or the reverse, "
    "or outputs (n, 1) held against targets (n,)",
    "first update": "another optimizer formula: epsilon's place, bias correction, momentum or rate",
    "loss": "another reduction, a softmax taken twice or left out, or targets in another shape than the outputs",
    "gradients": "another derivative or another reduction of the loss: the outputs agree",
    "losses of the steps": "the order of batches, or what is kept between steps: the weights agree",
    "weights after each step": "another optimizer formula (epsilon's place, momentum), rate or order of batches",
    "inference after the steps": "the moving statistics of batch normalisation (momentum's meaning)",
}


def cause(quantity: str, tensor: str, layers: Sequence[tuple[str, str]]) -> str:
    """Return where `quantity` departs first, by its tensor's name, and the likely cause.

    `layers` lists (name, kind) in the network's order; tensors are named as in a fingerprint:
    ``outputs/dense_1``, ``gradients/dense_1/kernel``, ``weights/1/dense_1/kernel``.
    """
    kinds = dict(layers)
    parts = tensor.split("/")
    if quantity == "layer outputs":
        kind = kinds.get(parts[-1], "")
        return f"departs first at layer {parts[-1]}; likely cause: {_OUTPUTS.get(kind, f'what {kind} means')}"
    if parts[0] == "weights":
        why = _QUANTITIES[quantity]
        if parts[-1].startswith("moving_"):
            why = _QUANTITIES["inference after the steps"]
        return f"departs first at step {parts[1]}, {'/'.join(parts[2:])}; likely cause: {why}"
    if parts[0] == "reference":
        return f"likely cause: {_QUANTITIES[quantity]}"
    place = f"departs first at {'/'.join(parts[1:])}; " if len(parts) > 1 else ""
    return f"{place}likely cause: {_QUANTITIES.get(quantity, 'unknown')}"
