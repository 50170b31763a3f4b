"""Who ran in an environment of its own: two versions of a framework, or an interpreter that is not the harness's."""

from __future__ import annotations

from bench.results.schema import Contender, Results


def sentences(results: Results) -> list[str]:
    """Return one sentence for each contender that did not run with the interpreter and the versions of the others.

    It stands before any verdict: such a ratio is also one of two installations.
    """
    apart = [item for item in results.contenders if item.python or _rivals(item, results.contenders)]
    if len(results.contenders) < 2:
        return []
    return [f"{item.name} is {item.framework}{_where(item)}{_others(item, results.contenders)}" for item in apart]


def _rivals(contender: Contender, contenders: list[Contender]) -> list[Contender]:
    """Return the contenders of the same backend that have other versions of its framework."""
    same = (item for item in contenders if item.backend == contender.backend)
    return [item for item in same if item.framework != contender.framework]


def _where(contender: Contender) -> str:
    python = contender.versions.get("python")
    named = f" with Python {python}" if python else ""
    return f", in an environment of its own{named}" if contender.python else ""


def _others(contender: Contender, contenders: list[Contender]) -> str:
    """Say which packages beside the framework are not the same as in the first contender's environment."""
    first = contenders[0]
    differ = [
        f"{package} {contender.versions[package]} instead of {first.versions[package]}"
        for package in ("numpy", "python")
        if contender is not first
        and package in contender.versions
        and package in first.versions
        and contender.versions[package] != first.versions[package]
    ]
    return f" ({', '.join(differ)})" if differ else ""
