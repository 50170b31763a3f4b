"""A network as a table: each layer's output, parameters, work and weights, branches set in below their join."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import prod

from bench.results.format import flops
from frameworks.spec import Chain, Network, Node

HEADS = ("layer", "kind", "output", "parameters", "trainable", "FLOPs", "weights")
NUMBERS = ("parameters", "trainable", "FLOPs")

Row = tuple[str, ...]


def table(network: Network, source: str) -> str:
    """Return the table of `network` with its totals; `source` says where its input comes from."""
    rows = [HEADS, *_rows(network.chain, "")]
    widths = [max(len(row[column]) for row in rows if len(row) > 1) for column in range(len(HEADS))]
    lines = [_line(row, widths) for row in rows]
    rule = "─" * max(len(line) for line in lines)
    ends = "logits, as probabilities in predictions" if network.probabilities else "logits or values, as they are"
    outputs = f"{network.outputs} output{'' if network.outputs == 1 else 's'}"
    return "\n".join(
        [
            f"{network.name} on {_shape(network.input_shape)} ({source}), {outputs} ({ends})",
            rule,
            lines[0],
            rule,
            *lines[1:],
            rule,
            *_totals(network),
        ]
    )


def _rows(chain: Chain, indent: str) -> Iterator[Row]:
    for node in chain:
        yield _row(node, indent)
        for number, branch in enumerate(node.branches, start=1):
            yield (f"{indent}  branch {number}" + ("" if branch else ": the input itself"),)
            yield from _rows(branch, indent + "    ")


def _row(node: Node, indent: str) -> Row:
    held = sum(prod(value.shape) for value in node.parameters.values())
    frozen = "" if node.trainable or not held else " (frozen)"
    return (
        f"{indent}{node.name}",
        node.layer.kind,
        _shape(node.output_shape),
        f"{held:,}",
        f"{node.num_parameters:,}",
        flops(node.flops),
        _weights(node) + frozen,
    )


def _weights(node: Node) -> str:
    """Return the layer's tensors, those of one shape together."""
    shapes = groupby(node.parameters.items(), key=lambda item: item[1].shape)
    return ", ".join(f"{', '.join(name.split('/')[1] for name, _ in group)} {_shape(shape)}" for shape, group in shapes)


def _line(row: Row, widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if head in NUMBERS else cell.ljust(width)
        for cell, width, head in zip(row, widths, HEADS, strict=False)
    ]
    return ("  ".join(cells) if len(row) > 1 else row[0]).rstrip()


def _totals(network: Network) -> Iterator[str]:
    held = sum(prod(value.shape) for value in network.parameters.values())
    moving = sum(
        prod(value.shape) for name, value in network.parameters.items() if name.endswith(("_mean", "_variance"))
    )
    frozen = held - moving - network.num_parameters
    yield f"parameters  {held:,}: {network.num_parameters:,} trainable, {moving:,} moving statistics, {frozen:,} frozen"
    yield f"memory      {_bytes(4 * held)} of weights in float32"
    step = flops(network.step_flops)
    yield f"work        {flops(network.flops)} a sample forward, {step} in the products of a training step"


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"
