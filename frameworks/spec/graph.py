"""What depends on the way through the network: which shifts come to nothing, and what a step's backward pass asks."""

from __future__ import annotations

from collections.abc import Iterable

from frameworks.spec.node import Chain, Node

Shifts = dict[str, bool]
"""Biases by name whose constant arrives here as one for each channel; false where it came to nothing before."""


def idle_shifts(chain: Chain) -> list[str]:
    """Return the biases whose gradient is zero in exact arithmetic: a batch norm on every way behind undoes them."""
    found = _shifts(chain, {})
    return [name for name, arrives in found.items() if not arrives]


def _shifts(chain: Chain, before: Shifts) -> Shifts:
    """Return which shifts leave `chain`, of those `before` it and its own; what is left out arrives as no shift."""
    found = dict(before)
    for node in chain:
        if node.branches:
            found = _joined(node, found)
        elif node.undoes_shift:
            found = dict.fromkeys(found, False)
        elif not node.passes_shift:
            found = {name: arrives for name, arrives in found.items() if not arrives}
        found |= {
            name: True
            for name, value in node.parameters.items()
            if value.trainable and name.endswith(("/bias", "/beta"))
        }
    return found


def _joined(node: Node, before: Shifts) -> Shifts:
    """Return which shifts leave a join: those that leave every branch; one made in a branch is none in the others."""
    branches = [_shifts(chain, before) for chain in node.branches]
    found: Shifts = {}
    for name in dict.fromkeys(name for branch in branches for name in branch):
        ways = [branch.get(name) for branch in branches]
        if name in before and None in ways:
            continue
        found[name] = any(ways)
    return {name: arrives for name, arrives in found.items() if node.passes_shift or not arrives}


def step_flops(chain: Iterable[Node], learns: bool, found: dict[str, int]) -> bool:
    """Note in `found`, by name, each layer's operations in matrix products and convolutions of a training step.

    Per sample; two for a multiply-add. Besides the forward product there is one for the gradient of the kernel, where
    the layer learns, and one for that of the input, where something learns before it: `learns` says so of what comes
    before `chain`. Returns the same for what comes behind.
    """
    for node in chain:
        if node.branches:
            after = [step_flops(branch, learns, found) for branch in node.branches]
            learns = any(after)
        own = node.num_parameters > 0
        found[node.name] = 2 * node.layer.products(node.input_shape) * (1 + own + learns)
        learns = learns or own
    return learns
