"""The framework-neutral model spec: parsed, shape-checked, counted and initialised without a framework."""

from frameworks.spec.errors import SpecError
from frameworks.spec.network import Network
from frameworks.spec.node import Chain, Node
from frameworks.spec.parse import parse

__all__ = ["Chain", "Network", "Node", "SpecError", "parse"]
