"""The probe: does this interpreter's framework see a GPU?"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from frameworks.contract import Request


def probe(request: Request, tell: Callable[..., None]) -> dict[str, Any]:
    """Return whether a GPU can be used."""
    device = import_module(f"frameworks.{request.backend}.device")
    return {"status": "ok", "gpu": device.gpu_available()}
