"""What each framework's own counter of operations finds in a training step, and its room's large matrix product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from frameworks.contract import Request
from tests.frameworks.child_sources import loaded

Answer = tuple[Any, dict[str, np.ndarray]]
Counts = dict[str, int]
"""Floating-point operations of a batch by kind of operation."""


def counted(request: Request) -> Answer:
    """Count the matrix products and convolutions of a training step on all samples, by kind of operation."""
    room = import_module(f"frameworks.{request.backend}.room").Room(
        request, request.network(), precision="float32", device="cpu"
    )
    room.build(load_file(request.weights), 0)
    batch = room.place(*loaded(request.samples, "train")).whole()
    return {"tf": _tf, "torch": _torch}[request.backend](room.built, *batch), {}


def _torch(built: Any, x: Any, y: Any) -> Counts:
    """Count what is dispatched: `FlopCounterMode` knows matrix products and convolutions, backward too.

    But not groups: it counts the gradient of a grouped kernel as if every input channel met every output channel, too
    often by as many times as there are groups. Its formulas for the output and for the input's gradient are right.
    """
    from torch import ops
    from torch.utils.flop_counter import FlopCounterMode, conv_backward_flop

    def backward(*given: Any, out_val: Any, **more: Any) -> int:
        *before, groups, (wants_input, wants_kernel, _) = given
        of_input = conv_backward_flop(*before, groups, [wants_input, False], out_val=out_val)
        of_kernel = conv_backward_flop(*before, groups, [False, wants_kernel], out_val=out_val)
        return int(of_input + of_kernel // groups)

    backward._get_raw = True  # type: ignore[attr-defined]  # tensors, as the formulas themselves take them

    built.model.train()
    with FlopCounterMode(display=False, custom_mapping={ops.aten.convolution_backward: backward}) as counter:
        built.loss(built.model(x), y).backward()
        built.optimizer.step()
    return {str(operation): int(count) for operation, count in counter.get_flop_counts()["Global"].items()}


def _tf(built: Any, x: Any, y: Any) -> Counts:
    """Count what Keras's train step runs: what its graph's results and updates need, and no more.

    The profiler counts matrix products and forward convolutions by their outputs. Its formulas for the gradients of
    convolutions take the input's pixels ÷ strides instead (right for ``same`` padding alone), and it has none for
    depthwise ones: there the count is taken from the shapes in the graph, a whole kernel for each output.
    """
    import tensorflow as tf

    spec = tuple(tf.TensorSpec(part.shape, part.dtype) for part in (x, y))
    built.model._symbolic_build(data_batch=spec)
    graph = tf.function(lambda *data: built.model.train_step(data)).get_concrete_function(*spec).graph
    wanted = [tensor.op.name for tensor in graph.outputs] + [op.name for op in graph.control_outputs]
    needed = {node.name for node in tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), wanted).node}
    options = tf.compat.v1.profiler.ProfileOptionBuilder(tf.compat.v1.profiler.ProfileOptionBuilder.float_operation())
    found = tf.compat.v1.profiler.profile(graph, cmd="scope", options=options.with_empty_output().build())
    profiled = {node.name: int(node.float_ops) for node in _below(found)}
    counts: Counts = {}
    for op in graph.get_operations():
        if op.name not in needed:
            continue
        if op.type in ("MatMul", "Conv2D", "DepthwiseConv2dNative"):
            counts[op.type] = counts.get(op.type, 0) + profiled[op.name]
        elif op.type in KERNELS:
            kernel, gradient = KERNELS[op.type](op), op.inputs[2].shape
            # A depthwise kernel, (h, w, in, multiplier), is applied once to each channel of the output.
            each = prod(kernel[:2]) if op.type.startswith("Depthwise") else prod(kernel[:3])
            counts[op.type] = counts.get(op.type, 0) + 2 * each * prod(gradient)
    return counts


KERNELS: dict[str, Callable[[Any], Any]] = {
    "Conv2DBackpropInput": lambda op: op.inputs[1].shape,
    "Conv2DBackpropFilter": lambda op: op.outputs[0].shape,
    "DepthwiseConv2dNativeBackpropInput": lambda op: op.inputs[1].shape,
    "DepthwiseConv2dNativeBackpropFilter": lambda op: op.outputs[0].shape,
}
"""Where a gradient of a convolution has the shape of its kernel."""


def _below(node: Any) -> list[Any]:
    return [item for child in node.children for item in (child, *_below(child))]


def product(request: Request, size: int, precision: str) -> Answer:
    """Results of a room's large matrix product, called twice, and whether training would notice it."""
    room = import_module(f"frameworks.{request.backend}.room").Room(
        request, request.network(), precision=precision, device="cpu"
    )
    room.build(load_file(request.weights), 0)
    before, traces = room.snapshot(), room.traces()
    function = room.matrix_product(size)
    arrays = {f"product/{call}": np.array(function()) for call in range(2)}
    room.synchronize()
    same = [np.array_equal(one, other) for one, other in zip(_flat(before), _flat(room.snapshot()), strict=True)]
    return {"traces": room.traces() - traces, "untouched": all(same) and len(same) > 1}, arrays


def _flat(state: Any) -> list[np.ndarray]:
    """Return every array of a snapshot, of whatever a framework makes it."""
    if isinstance(state, Mapping):
        state = list(state.values())
    if isinstance(state, list | tuple):
        return [array for part in state for array in _flat(part)]
    return [np.array(state)]


JOBS = {"counted": counted, "product": product}
