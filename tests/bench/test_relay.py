"""Turns: one at work at a time, in an order that cancels drift, and nobody waits for the dead."""

from __future__ import annotations

import threading
import time

import pytest

from bench.relay import GivenUpError, Relay, more

MEASURE = {"turns": 4, "min_turns": 2, "seconds": 1.0, "predict_seconds": 0.5}


class Players:
    """Threads that take turns as children do, and what they saw."""

    def __init__(self, relay):
        self.relay, self.seen, self.at_work, self.errors = relay, [], set(), []

    def play(self, name, spends, dies_after=None, epochs=0):
        try:
            self.relay.take(name)
            self.work(name, "start")
            spent, turns = 0.0, 0
            while self.relay.take(name, "compute", spent):
                self.work(name, "compute")
                spent, turns = spent + spends, turns + 1
                if turns == dies_after:
                    return
            self.work(name, "train")
            for _ in range(epochs):
                self.relay.take(name, "epoch")
                self.work(name, "train")
            while self.relay.take(name, "predict"):
                self.work(name, "predict")
        except GivenUpError:
            self.errors.append(name)
        finally:
            self.relay.leave(name)

    def work(self, name, what):
        self.at_work.add(name)
        assert self.at_work == {name}, "one at a time"
        self.seen.append(f"{name} {what}")
        time.sleep(0.001)
        self.at_work.discard(name)

    def run(self, **players):
        threads = [threading.Thread(target=self.play, args=(name, *how)) for name, how in players.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=10)
        assert not any(thread.is_alive() for thread in threads)
        return self.seen


@pytest.mark.parametrize(("repeat", "first"), [(0, "ab ba ab ba ab ba"), (1, "ba ab ba ab ba ab")])
def test_turns_alternate_in_an_order_that_cancels_drift(repeat, first):
    seen = Players(Relay(["a", "b"], repeat, MEASURE)).run(a=(0.0,), b=(0.0,))
    clocked = [item for item in seen if not item.endswith("predict")]
    assert "".join(item[0] for item in clocked) == first.replace(" ", "")
    kinds = [item.split()[1] for item in clocked]
    assert kinds == ["start"] * 2 + ["compute"] * 8 + ["train"] * 2, "as many turns as there may be"


@pytest.mark.parametrize(("spends", "rounds"), [((0.6, 5.0), 2), ((0.4, 5.0), 3), ((9.0, 9.0), 2)])
def test_rounds_end_for_all_at_once_when_the_clocks_of_each_ran_long_enough(spends, rounds):
    seen = Players(Relay(["a", "b"], 0, MEASURE)).run(a=(spends[0],), b=(spends[1],))
    assert seen.count("a compute") == seen.count("b compute") == rounds


@pytest.mark.parametrize("epochs", [(0, 1), (3, 0), (9, 2)])
def test_who_trains_longer_is_waited_for_and_prediction_is_clocked_side_by_side(epochs):
    relay = Relay(["a", "b"], 0, MEASURE)
    seen = Players(relay).run(a=(0.0, None, epochs[0]), b=(0.0, None, epochs[1]))
    predicted = [item[0] for item in seen if item.endswith("predict")]
    assert "".join(predicted) == "baabbaab", "in turns, and each as many"
    last_training = max(index for index, item in enumerate(seen) if item.endswith("train"))
    assert last_training < seen.index("a predict")


def test_who_dies_lets_the_others_go_on():
    seen = Players(Relay(["a", "b", "c"], 0, MEASURE)).run(a=(0.0,), b=(0.0, 1), c=(0.0,))
    assert seen.count("b compute") == 1
    assert seen.count("a compute") == seen.count("c compute") == 4
    assert {"a train", "c train"} <= set(seen)


def test_a_lone_contender_has_every_turn():
    assert Players(Relay(["a"], 0, MEASURE)).run(a=(0.0,)).count("a compute") == 4


def test_a_repeat_that_is_given_up_keeps_nobody_waiting():
    relay = Relay(["a", "b"], 0, MEASURE)
    players = Players(relay)
    thread = threading.Thread(target=players.play, args=("b", 0.0))
    thread.start()  # "a" never comes
    relay.close()
    thread.join(timeout=10)
    assert players.errors == ["b"]


@pytest.mark.parametrize(
    ("rounds", "spent", "another"), [(0, 9.0, True), (3, 0.9, True), (3, 1.0, False), (4, 0.0, False), (1, 1.0, True)]
)
def test_rounds_go_on_until_the_clocks_ran_long_enough(rounds, spent, another):
    assert more(rounds, spent, 1.0, {"turns": 4, "min_turns": 2}) is another
