"""The probe: does this interpreter's framework see a GPU?"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from frameworks.contract import Request
from frameworks.line import Line


def probe(request: Request, line: Line) -> dict[str, Any]:
    """Return whether a GPU can be used."""
    device = import_module(f"frameworks.{request.backend}.device")
    return {"status": "ok", "gpu": device.gpu_available()}
