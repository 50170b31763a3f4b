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
    "add": "a branch whose vector lists a flattened image in another order",
    "concat": "the branches in another order, or along another axis",
    "multiply": "a branch whose vector lists a flattened image in another order, or numbers for other channels",
}

_QUANTITIES = {
    "weights as loaded": "kernels are put in another order than the spec's",
    "loss of its own outputs": "another reduction, logits taken for probabilities or the reverse, a parameter or a "
    "weight left out, or outputs (n, 1) held against targets (n,)",
    "learning rates": "a schedule that is a step early or late, or a warm-up from another start",
    "first update": "another optimizer formula ({update}), or another rate",
    "loss": "another reduction or other weights, a softmax taken twice or left out, another parameter of the loss, or "
    "targets in another shape than the outputs",
    "gradients": "another derivative or another reduction of the loss: the outputs agree",
    "losses of the steps": "the order of batches, or what is kept between steps: the weights agree",
    "weights after each step": "another optimizer formula ({update}), another rate, or order of batches",
    "inference after the steps": "the moving statistics of batch normalisation (momentum's meaning)",
}

_UPDATE = {
    "adam": "epsilon's place, or bias correction",
    "adamw": "epsilon's place, or bias correction",
    "nadam": "the momentum's course (PyTorch's momentum_decay is 0.004, the paper's 1)",
    "adamax": "epsilon's place, or bias correction",
    "rmsprop": "epsilon inside the root",
    "adadelta": "epsilon outside one of the roots, or another learning rate (PyTorch's default is 1, Keras's 0.001)",
    "ftrl": "a regularization by another factor, or another power of the accumulator",
    "adagrad": "what the accumulator begins with (0 in PyTorch, 0.1 in Keras)",
    "momentum": "dampening of the momentum",
    "nesterov": "the momentum not looked ahead",
    "exclude": "decay of tensors that are excluded",
    "weight_decay": "weight decay taken for L2, or the reverse",
    "l2": "L2 by another factor (Keras's regularizer doubles it)",
    "clip_value": "another clipping",
    "clip_norm": "a norm of other tensors, or with PyTorch's 1e-6 in it",
    "clip_global_norm": "a norm of other tensors (Keras's clipnorm takes each alone), or with PyTorch's 1e-6 in it",
    "schedule": "the rate of another step (a schedule off by one, another warm-up), or inside the velocity",
}
"""By what an update is made of: the optimizer, and each hyperparameter that is set."""


def cause(quantity: str, tensor: str, layers: Sequence[tuple[str, str]], update: Sequence[str] = ()) -> str:
    """Return where `quantity` departs first, by its tensor's name, and the likely cause.

    `layers` lists (name, kind) in the network's order, `update` what an update is made of: the optimizer's name, and
    the hyperparameters that are set. Tensors are named as in a fingerprint: ``outputs/dense_1``,
    ``gradients/dense_1/kernel``, ``weights/1/dense_1/kernel``.
    """
    kinds = dict(layers)
    parts = tensor.split("/")
    suspects = "; ".join(_UPDATE[name] for name in update if name in _UPDATE)
    why = _QUANTITIES.get(quantity, "unknown").format(update=suspects or "epsilon's place, bias correction, momentum")
    if quantity == "layer outputs":
        kind = kinds.get(parts[-1], "")
        return f"departs first at layer {parts[-1]}; likely cause: {_OUTPUTS.get(kind, f'what {kind} means')}"
    if parts[0] == "weights":
        if parts[-1].startswith("moving_"):
            why = _QUANTITIES["inference after the steps"]
        return f"departs first at step {parts[1]}, {'/'.join(parts[2:])}; likely cause: {why}"
    if parts[0] == "reference":
        return f"likely cause: {why}"
    place = f"departs first at {'/'.join(parts[1:])}; " if len(parts) > 1 else ""
    return f"{place}likely cause: {why}"
