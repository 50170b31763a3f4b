"""What holds for every test: hypothesis judges results, never this machine's speed; an interrupt interrupts."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("parallax", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parallax")

# A shell that starts pytest in the background has it ignore interrupts, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
