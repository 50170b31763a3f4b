from __future__ import annotations

import numpy as np
import pytest

from frameworks.clock import Phases
from frameworks.contract import Data, Request
from frameworks.tasks.journal import Journal


class Samples:
    """Samples that nobody looks at."""

    def parts(self, batch_size):
        return []


class Room:
    """Predicts the same logits whatever it is asked."""

    def __init__(self, logits):
        self.logits = np.array(logits, dtype=np.float32)

    def predict(self, samples, batch_size):
        return lambda: self.logits

    def set_rate(self, rate):
        self.rates = [*getattr(self, "rates", []), rate]


def journal(logits=((2.0, 0.0), (0.0, 2.0)), **given):
    request = Request(
        task="trial", contender="a", backend="a", settings={}, folder="", loss="sparse_categorical_crossentropy",
        train={"batch_size": 2, "epochs": 3}, loss_options={"label_smoothing": 0.0},
        data=Data(x="", y="", splits={}, input_shape=[1], outputs=2, scale=[1.0], offset=[0.0]), **given,
    )  # fmt: skip
    line = TestLine()
    return Journal(request, Room(logits), Samples(), np.array([0, 0]), Phases(line.tell), line)


class TestLine:
    """Notes down what is told and which turns are asked for."""

    __test__ = False

    def __init__(self):
        self.told, self.turns = [], []

    def tell(self, event, **values):
        self.told.append(event)

    def turn(self, of, spent=0.0):
        self.turns.append(of)
        return True


@pytest.mark.parametrize(("seconds", "turns"), [(2.0, 2), (0.6, 1), (0.1, 0)])
def test_the_others_have_a_turn_after_a_while_and_not_behind_the_last_epoch(seconds, turns):
    notes = journal()
    for index in range(3):
        notes.epoch(index, seconds, None, 0.5, 0.5)
    assert notes.line.turns == ["epoch"] * turns


def test_who_diverged_takes_no_more_turns():
    notes = journal()
    notes.epoch(0, 5.0, None, float("nan"), 0.5)
    assert notes.line.turns == []


def test_an_epoch_is_noted_down():
    notes = journal()
    assert notes.epoch(0, 0.5, np.array([1.0, 0.5]), 0.7, 0.25)
    assert notes.epoch(1, 0.25, np.array([0.5, 0.25]), 0.3, 0.5)
    assert notes.losses().tolist() == [[1.0, 0.5], [0.5, 0.25]]
    assert [row["epoch"] for row in notes.rows] == [1, 2]
    notes.evaluate_test(Samples(), np.array([0, 1]))
    metrics = notes.metrics()
    assert metrics["train_loss"] == 0.3
    assert metrics["val_accuracy"] == 0.5
    assert metrics["test_accuracy"] == 1.0
    assert metrics["test_kappa"] == 1.0
    assert metrics.keys() - {"val_kappa", "test_kappa"} == {
        "train_loss", "train_accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy",
    }  # fmt: skip
    assert notes.phases.seconds["evaluate"] > 0


def test_without_a_trace():
    notes = journal()
    assert notes.epoch(0, 0.5, None, 0.7, 0.25)
    assert notes.losses().size == 0
    assert not notes.epoch(1, 0.5, None, float("nan"), 0.25)
    assert notes.diverged == "the loss became nan at epoch 2"


def test_the_step_that_diverged_is_counted_from_the_first_epoch():
    notes = journal()
    assert notes.epoch(0, 0.5, np.array([1.0, 0.5, 0.4]), 0.7, 0.25)
    assert not notes.epoch(1, 0.5, np.array([0.5, float("inf"), float("nan")]), 0.7, 0.25)
    assert notes.diverged == "the loss became inf at step 5"


def test_weights_that_broke_at_the_last_step_are_seen_in_validation():
    notes = journal(((float("nan"), 0.0), (0.0, 0.0)))
    assert not notes.epoch(0, 0.5, np.array([1.0]), 1.0, 0.5)
    assert notes.diverged == "the validation loss became nan after epoch 1"


def test_a_plateau_is_fed_the_validation_loss_of_each_epoch():
    plateau = {"name": "plateau", "factor": 0.5, "patience": 1}
    notes = journal(schedule=plateau, optimizer={"name": "sgd", "learning_rate": 1.0})
    for index in range(3):
        notes.room.logits = np.array([[2.0 * index, 0.0]] * 2, dtype=np.float32)  # better, then worse
        notes.room.logits[:, 1] = 9.0 * (index == 2)
        notes.epoch(index, 0.1, None, 0.5 - index, 0.5)
    assert notes.room.rates == [1.0, 1.0, 0.5]
    still = journal(optimizer={"name": "sgd", "learning_rate": 1.0})
    still.epoch(0, 0.1, None, 0.5, 0.5)
    assert not hasattr(still.room, "rates"), "no other schedule is told anything"


def test_an_empty_journal_has_no_metrics():
    assert journal().metrics() == {}
    assert journal().losses().shape == (0, 0)


def test_seldom_told():
    notes = journal()
    told = notes.line.told
    for index in range(3):
        notes.epoch(index, 0.1, None, 0.5, 0.5)
    assert told == []
    notes._told -= 1
    notes.epoch(3, 0.1, None, 0.5, 0.5)
    assert told == ["epoch"]
    assert notes.last_moment == pytest.approx(notes._told, abs=0.1)
