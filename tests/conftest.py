"""What holds for every test: hypothesis judges results, never this machine's speed."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("parallax", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parallax")
