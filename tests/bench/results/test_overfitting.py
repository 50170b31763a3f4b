from __future__ import annotations

import numpy as np
import pytest

from bench.results import overfitting, store
from bench.results.findings import findings
from bench.results.schema import Contender, Results, Trial

EPOCHS = np.arange(20.0)
FALLING = 2.0 * np.exp(-EPOCHS / 8)
TURNING = 1.2 + 0.004 * (EPOCHS - 7) ** 2
"""Lowest after epoch 8, and 48 % above that at the end."""


def race(val, train=FALLING, repeats=5, noise=0.01, seed=0):
    """A run of one contender whose repeats follow both curves, with so much noise on each epoch."""
    rng = np.random.default_rng(seed)
    trials = [
        Trial(
            contender="tf",
            repeat=repeat,
            seed=repeat,
            status="ok",
            curves={
                "train_loss": list(np.asarray(train) + rng.normal(0, noise, len(train))),
                "val_loss": list(np.asarray(val) + rng.normal(0, noise, len(val))),
            },
        )
        for repeat in range(repeats)
    ]
    return Results(contenders=[Contender(name="tf", backend="tf", framework="")], trials=trials)


def test_a_validation_loss_that_turns_while_training_goes_on_is_overfitting():
    found = overfitting.overfit(race(TURNING, noise=1e-6), "tf")
    assert found is not None
    assert (found.epoch, found.epochs) == (8, 20)
    assert found.lowest == pytest.approx(1.204, abs=1e-4), "one epoch from the lowest"
    assert found.last == pytest.approx(np.mean(TURNING[-3:]), abs=1e-4)
    assert found.rise.estimate == pytest.approx(found.last - found.lowest)
    assert (found.train_then, found.train_last) == pytest.approx((FALLING[7], np.mean(FALLING[-3:])), abs=1e-4)


@pytest.mark.parametrize("repeats", [1, 2, 5])
def test_it_is_seen_through_noise_at_any_number_of_repeats(repeats):
    seen = [overfitting.overfit(race(TURNING, repeats=repeats, seed=seed), "tf") for seed in range(50)]
    assert all(item is not None and 5 <= item.epoch <= 11 for item in seen)


@pytest.mark.parametrize(
    ("val", "train"),
    [
        (FALLING + 0.1, FALLING),  # both still fall
        (1.2 + 0 * EPOCHS, FALLING),  # a plateau
        (TURNING, TURNING),  # both rise: it diverges, which is something else
        (1.2 + 0.00004 * (EPOCHS - 7) ** 2, FALLING),  # 0.4 % is nothing
        (np.concatenate([FALLING[:-2], [2.0, 2.0]]), FALLING),  # up for two epochs: not yet the end's mean
        (TURNING[:9], FALLING[:9]),  # it has just turned
        (TURNING[8:11], FALLING[8:11]),  # too short to tell
    ],
)
def test_what_is_none(val, train):
    assert overfitting.overfit(race(val, train, noise=1e-6), "tf") is None


@pytest.mark.parametrize(("repeats", "allowed"), [(1, 0.05), (3, 0.02), (5, 0.02)])
def test_the_lowest_of_noisy_epochs_is_not_taken_for_a_turn(repeats, allowed):
    """A plateau's lowest epoch lies below its end by chance, whatever the number of repeats."""
    plateau = 1.0 + 0 * EPOCHS
    runs = [race(plateau, repeats=repeats, noise=0.03, seed=seed) for seed in range(300)]
    wrong = sum(overfitting.overfit(run, "tf") is not None for run in runs)
    assert wrong <= allowed * len(runs)


@pytest.mark.parametrize("repeats", [1, 5])
def test_a_long_noisy_training_is_judged_by_longer_ends(repeats):
    """As a perceptron on CIFAR-10: 30 epochs, a rise of 8 % in the last ten, and 2 % of noise."""
    epochs = np.arange(30)
    val = 1.47 + 0.012 * np.maximum(epochs - 20, 0)
    falling = 2.0 * np.exp(-epochs / 20)
    runs = [race(val, falling, repeats=repeats, noise=0.03, seed=seed) for seed in range(100)]
    assert sum(overfitting.overfit(run, "tf") is not None for run in runs) >= 70
    flat = [race(1.47 + 0 * epochs, falling, repeats=repeats, noise=0.03, seed=seed) for seed in range(300)]
    assert sum(overfitting.overfit(run, "tf") is not None for run in flat) <= 6


def test_repeats_that_disagree_are_not_resolved():
    results = race(TURNING, repeats=2, noise=1e-6)
    results.trials[1].curves["val_loss"] = list(1.2 - 0.001 * EPOCHS)
    assert overfitting.overfit(results, "tf") is None


def test_scatter_is_of_noise_not_of_the_trend():
    rng = np.random.default_rng(0)
    assert overfitting.scatter(np.array([3.0 * EPOCHS])) == pytest.approx(0, abs=1e-12)
    noisy = 5 * np.exp(-EPOCHS) + 0.1 * EPOCHS + rng.normal(0, 0.2, (200, 20))
    assert overfitting.scatter(noisy) == pytest.approx(0.2, rel=0.15), "a steep beginning moves it little"
    assert overfitting.scatter(np.ones((3, 2))) == 0.0


def test_the_sentence_has_the_numbers_and_what_to_do():
    (told,) = findings(race(TURNING, noise=1e-6))[overfitting.HEADING]
    assert told == (
        "tf overfits: from epoch 8 on its validation loss rose by 40 % while its training loss fell by 75 % "
        "(1.20 around epoch 8 of 20, 1.69 at the end, 95 % interval of the rise 0.483 to 0.483, 5 repeats; "
        "train.epochs=8 ends there)"
    )
    assert "interval" not in overfitting.sentences(race(TURNING, repeats=1))[0]


def test_what_is_missing_or_broken_off_is_passed_over(tmp_path):
    results = race(TURNING)
    results.trials[0].curves = {}
    results.trials[1].curves = {name: values[:3] for name, values in results.trials[1].curves.items()}
    results.trials[2].status = "diverged"
    results.trials[3].curves["val_loss"][4] = float("nan")
    store.write(tmp_path, results)
    again = store.read(tmp_path)
    assert again.trials[3].curves["val_loss"][4] is None
    for run in (results, again):
        found = overfitting.overfit(run, "tf")
        assert found is not None
        assert found.rise.repeats == 1
    assert overfitting.sentences(Results()) == []
