"""What holds for every test: hypothesis judges results, never this machine's speed; an interrupt interrupts."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from bench import lock

settings.register_profile("parallax", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parallax")

# A shell that starts pytest in the background has it ignore interrupts, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _no_lock_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests in this process wait for nobody who measures here, and keep nobody waiting."""
    path = tmp_path_factory.mktemp("lock") / "parallax.lock"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lock, "default_path", lambda: path)
        yield
