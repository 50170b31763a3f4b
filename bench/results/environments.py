"""Who ran in an environment of its own: two versions of a framework, or an interpreter that is not the harness's."""

from __future__ import annotations

from bench.results.schema import Contender, Results


def sentence(results: Results) -> str:
    """Return who ran in another environment than the harness, or with another version than a contender of its backend.

    Empty where all ran in one. It stands before any verdict: such a ratio is also one of two installations.
    """
    every = results.contenders
    apart = [item for item in every if item.python or _rivals(item, every)]
    if len(every) < 2 or not apart:
        return ""
    named = "; ".join(f"{item.name} is {item.framework}{_where(item)}{_others(item, every[0])}" for item in apart)
    return f"not one installation: {named}"


def _rivals(contender: Contender, contenders: list[Contender]) -> list[Contender]:
    """Return the contenders of the same backend that have other versions of its framework."""
    same = (item for item in contenders if item.backend == contender.backend)
    return [item for item in same if item.framework != contender.framework]


def _where(contender: Contender) -> str:
    python = contender.versions.get("python")
    named = f" with Python {python}" if python else ""
    return f", in an environment of its own{named}" if contender.python else ""


def _others(contender: Contender, first: Contender) -> str:
    """Say what beside the framework is not as in the first contender's environment."""
    own, theirs = contender.versions, first.versions
    differ = [
        f"{package} {own[package]} instead of {theirs[package]}"
        for package in ("numpy", "python")
        if package in own and package in theirs and own[package] != theirs[package]
    ]
    return f" ({', '.join(differ)})" if differ else ""
