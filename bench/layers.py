"""A network as the results keep it: flat rows, from which a reader without the spec can tell and draw it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.results.schema import Layer, Model
from frameworks.spec import Chain, Network


def told(network: Network) -> Model:
    """Return `network` as a model of the results."""
    return Model(
        name=network.name,
        parameters=network.num_parameters,
        flops=network.flops,
        step_flops=network.step_flops,
        input_shape=list(network.input_shape),
        outputs=network.outputs,
        probabilities=network.probabilities,
        layers=list(_rows(network.chain, network.layer_step_flops)),
    )


def _rows(chain: Chain, step_flops: dict[str, int], inside: str = "", branch: int = 0) -> Iterator[Layer]:
    for node in chain:
        for number, inner in enumerate(node.branches):
            yield from _rows(inner, step_flops, node.name, number)
        yield Layer(
            name=node.name,
            kind=node.layer.kind,
            output_shape=list(node.output_shape),
            parameters=node.num_parameters,
            flops=node.flops,
            step_flops=step_flops[node.name],
            frozen=bool(node.parameters) and not node.trainable,
            branches=len(node.branches),
            inside=inside,
            branch=branch,
        )
