"""The framework-neutral model spec: parsed, shape-checked, counted and initialised without a framework."""

from frameworks.spec.network import Network, Node
from frameworks.spec.parse import SpecError, parse

__all__ = ["Network", "Node", "SpecError", "parse"]
