"""A contender's fingerprint as the gate kept it: read, and refused where it is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

_ALWAYS = (
    "reference/loaded",
    "reference/update",
    "loss",
    "gradient_norm",
    "losses",
    "inference",
    "smoke/own/losses",
    "smoke/perturbed/losses",
)
"""Tensors that every fingerprint has, whatever the network."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What one contender computed."""

    contender: str
    arrays: Mapping[str, np.ndarray]
    content: str
    """Hash of spec, weights, batches, optimizer and loss: only equal ones can be compared."""
    layers: tuple[tuple[str, str], ...]
    """(name, kind) of each layer, in order."""
    num_parameters: int
    mode: str
    update: tuple[str, ...] = ()
    """What an update is made of: the optimizer, what is set of it, and ``schedule`` where the rate changes."""
    mistake: str = ""
    """What its loss falls into, in words, where that is a known mistake."""


def load(path: Path, contender: str) -> Fingerprint:
    """Read a fingerprint; `ValueError` names a file that is none."""
    try:
        with safe_open(path, framework="numpy") as file:
            info = json.loads((file.metadata() or {})["parallax"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        if missing := [name for name in _ALWAYS if name not in arrays]:
            raise ValueError(f"without {', '.join(missing)}")
        return Fingerprint(
            contender=contender,
            arrays=arrays,
            content=info["content"],
            layers=tuple((name, kind) for name, kind in info["layers"]),
            num_parameters=int(info["num_parameters"]),
            mode=info["mode"],
            update=tuple(info.get("update", ())),
            mistake=str(info.get("mistake", "")),
        )
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise ValueError(f"{path}: not a fingerprint of a contender ({error})") from None
