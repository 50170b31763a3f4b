"""The gate's judge for many small networks in one process, which forgets each of them."""

from __future__ import annotations

import gc
import sys

from frameworks.contract import Arrays, Request
from frameworks.line import Line
from frameworks.tasks import TASKS


def judge(request: Request) -> tuple[dict[str, object], Arrays]:
    """Leave the float64 fingerprint in the request's folder; what the frameworks keep of the network is dropped."""
    result = TASKS["judge"](request, Line(sys.stderr, sys.stdin))
    if keras := sys.modules.get("keras"):
        keras.utils.clear_session(free_memory=False)
    if "torch" in sys.modules and request.settings.get("compile"):
        sys.modules["torch"].compiler.reset()
    if not gc.get_freeze_count():
        gc.freeze()  # what the imports made stays: to go through it would take longer than a network does
    gc.collect()
    return {"info": result["info"]}, {}


JOBS = {"judge": judge}
