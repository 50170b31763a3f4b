"""The weights that a spec gives: numbers in place, a layer's own file, or one of the whole model.

Read where a run is planned; a child gets them among its initial weights. Files are ``.safetensors`` or ``.npz``, and
nothing in them is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from frameworks.spec.errors import SpecError, near
from frameworks.spec.network import Network
from frameworks.spec.node import Node

Arrays = dict[str, np.ndarray]

FILES = (".safetensors", ".npz")


def weights(network: Network, model: str | None = None) -> Arrays:
    """Return float32 arrays by canonical name, in Keras's layout; what nobody gives is left out.

    `model` is a file with every tensor of the network by canonical name, as a run leaves it in
    ``trials/<contender>-0/weights.safetensors``; what a layer gives itself goes before it. Raises `SpecError`.
    """
    own: Arrays = {}
    for node in network.nodes:
        if node.weights is not None:
            own |= _own(node, node.weights)
    return (_whole(network, model, own) if model else {}) | own


def _own(node: Node, given: Mapping[str, Any] | str) -> Arrays:
    """Return what a layer says of itself: each by its own name, such as ``kernel``."""
    where = f"{node.place}.weights"
    arrays = _read(given, where) if isinstance(given, str) else given
    names = [name.split("/")[1] for name in node.parameters]
    found: Arrays = {}
    for key, value in arrays.items():
        place = f"{where}={given}: has '{key}'" if isinstance(given, str) else f"{where}.{key}"
        if key not in names:
            own = str(key).removeprefix(f"{node.name}/")  # a whole model's names are a likely mistake
            raise SpecError(f"{place}: {node.layer.kind} has no such weights{near(own, names)}")
        name = f"{node.name}/{key}"
        place = f"{where}={given}" if isinstance(given, str) else place
        found[name] = _fitting(value, node.parameters[name].shape, place, name)
    return found


def _whole(network: Network, path: str, own: Arrays) -> Arrays:
    where, known = f"model.weights={path}", network.parameters
    arrays = _read(path, "model.weights")
    for name in arrays:
        if name not in known:
            raise SpecError(f"{where}: has '{name}', which is not in this model{near(name, known)}")
    if missing := [name for name in known if name not in arrays and name not in own]:
        raise SpecError(
            f"{where}: has no '{missing[0]}' ({len(missing)} of the model's {len(known)} tensors are missing)"
        )
    return {name: _fitting(value, known[name].shape, where, name) for name, value in arrays.items()}


def _read(path: str, where: str) -> Arrays:
    file = Path(path).expanduser()
    if file.suffix not in FILES:
        raise SpecError(f"{where}={path}: must be a file that ends in {' or '.join(FILES)}")
    if not file.is_file():
        raise SpecError(f"{where}={path}: there is no such file")
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, SafetensorError, BadZipFile) as error:
        if file.suffix == ".npz" and isinstance(error, EOFError | ValueError | BadZipFile | TypeError | AttributeError):
            # numpy's own words advise to unpickle the file
            raise SpecError(f"{where}={path}: cannot be read (not an .npz of plain numbers)") from None
        reason = " ".join(str(error).split())[:200]
        raise SpecError(f"{where}={path}: cannot be read ({reason})") from None


def _fitting(value: Any, shape: tuple[int, ...], where: str, name: str) -> np.ndarray:
    """Return `value` as float32 of `shape`."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise SpecError(f"{where}: must be numbers in rows of one length") from None
    if array.dtype.kind not in "iuf":
        raise SpecError(f"{where}: '{name}' must be numbers")
    if array.shape != shape:
        if not array.ndim:
            raise SpecError(f"{where}: '{name}' is one number, and this model's has {_axes(shape)}")
        raise SpecError(f"{where}: '{name}' has the shape {array.shape}, and this model's has {_axes(shape)}")
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    if not np.isfinite(found).all():
        what = "a value that is" if np.isfinite(found).sum() == found.size - 1 else "values that are"
        raise SpecError(f"{where}: '{name}' has {what} not finite as float32")
    if name.endswith("moving_variance") and (found < 0).any():
        raise SpecError(f"{where}: '{name}' has values below 0; a variance has none")
    return found


def _axes(shape: tuple[int, ...]) -> str:
    """Return a shape and, where it is a kernel's, what its axes are."""
    words = {2: " (in, out)", 4: " (height, width, in, out; the multiplier of a depthwise one)"}
    return f"{shape}{words.get(len(shape), '')}"
