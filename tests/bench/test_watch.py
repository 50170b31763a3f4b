from __future__ import annotations

import math
import threading
import time

from bench.watch import Watch


def test_silence_ends_it_once():
    ended = []
    with Watch(0.05, lambda: ended.append(1)) as watch:
        time.sleep(0.4)
        assert watch.hung
    assert ended == [1]


def test_signs_of_life_put_it_off():
    with Watch(0.5, lambda: None) as watch:
        for _ in range(8):
            time.sleep(0.1)
            watch.heard()
        assert not watch.hung


def test_who_sleeps_may_be_silent_and_not_after():
    with Watch(0.1, lambda: None) as watch:
        watch.heard(asleep=True)
        time.sleep(0.5)
        assert not watch.hung
        watch.heard()
        time.sleep(0.5)
        assert watch.hung


def test_nobody_watches_after_the_end_nor_with_endless_patience():
    before = threading.active_count()
    with Watch(math.inf, lambda: None):
        assert threading.active_count() == before
    with Watch(0.2, lambda: None) as watch:
        pass
    time.sleep(0.5)
    assert not watch.hung
    assert threading.active_count() == before
