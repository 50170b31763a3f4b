from __future__ import annotations

import math

import pytest

from bench.results import compare, reach
from bench.results.schema import Contender, Dataset, Results, Trial

ROWS = [{"seconds": 0.5, "val_accuracy": value, "val_mae": 100 * (1 - value)} for value in (0.5, 0.9, 0.8, 0.95)]


def race(status="ok", **times):
    """A run in which each contender's repeats took so long; a negative time did not get there."""
    trials = [
        Trial(
            contender=name,
            repeat=repeat,
            seed=repeat,
            status=status if seconds < 0 else "ok",
            metrics={"test_accuracy": 0.9},
            target=0.95,
            target_seconds=abs(seconds),
            target_reached=seconds > 0,
        )
        for name, each in times.items()
        for repeat, seconds in enumerate(each)
    ]
    found = Results(
        baseline=next(iter(times)),
        config={"train": {"target": 0.95}},
        trials=trials,
        contenders=[Contender(name=name, backend="torch", framework="") for name in times],
    )
    found.comparison = compare.comparisons(trials, baseline=found.baseline, certified=set(times))
    return found


def test_the_moment_is_the_end_of_the_first_epoch_that_came_up_to_it():
    assert reach.moment(ROWS, 0.9, "accuracy") == (1.0, True)
    assert reach.moment(ROWS, 0.93, "accuracy") == (2.0, True)
    assert reach.moment(ROWS, 0.96, "accuracy") == (2.0, False)
    assert reach.moment(ROWS, 10.0, "mae") == (1.0, True), "an error must come down to it"
    assert reach.moment(ROWS, 1.0, "mae") == (2.0, False)
    assert reach.moment([], 0.9, "accuracy") is None
    assert reach.moment([{"seconds": 0.5, "val_accuracy": math.nan}], 0.9, "accuracy") == (0.5, False)
    assert reach.moment([{"seconds": 0.5}], 10.0, "mae") == (0.5, False)


def test_all_got_there():
    found = reach.sentences(race(tf=[2.0, 3.0, 4.0], torch=[1.0, 1.5, 2.0]))
    assert found == [
        "tf reached a validation accuracy of 95 % in 3 of 3 repeats, after 3.00 s of training "
        "(median, to within an epoch)",
        "torch reached a validation accuracy of 95 % in 3 of 3 repeats, after 1.50 s of training "
        "(median, to within an epoch)",
        "torch is 2.00× faster than tf in training until the target was reached (95 % interval 2.00–2.00, 3 repeats)",
    ]


def test_who_did_not_get_there_stays_in_the_median_and_takes_the_ratio_away():
    results = race(tf=[2.0, 3.0, -9.0, 4.0, 5.0], torch=[1.0] * 5)
    found = reach.reached(results, "tf")
    assert (found.repeats, found.got_there, found.seconds, found.at_least) == (5, 4, 4.0, None)
    told = reach.sentences(results)
    assert "in 4 of 5 repeats, after 4.00 s of training (median, to within an epoch; who did not get there" in told[0]
    assert told[2] == (
        "no ratio of torch to tf in time to that: 1 repeat of tf did not get there, and without them it would be biased"
    )
    assert all(item.quantity != "target_seconds" for item in results.comparison)


@pytest.mark.parametrize("times", [[2.0, 3.0, -9.0, -8.0], [2.0, -9.0, -8.0], [-9.0, -8.0, 7.0, 20.0, -9.5]])
def test_where_half_did_not_get_there_the_median_is_known_from_below(times):
    found = reach.reached(race(tf=times), "tf")
    assert found.seconds is None
    assert found.at_least == sorted(map(abs, times))[len(times) // 2] or found.at_least == (3.0 + 8.0) / 2
    assert f"after > {found.at_least:.2f} s of training (median; too many" in reach.sentences(race(tf=times))[0]


def test_a_median_that_a_short_censored_training_might_move_is_known_from_below():
    assert reach.reached(race(tf=[-0.5, 2.0, 3.0, 4.0, 5.0]), "tf").seconds is None, "its repeat may be the slowest"
    assert reach.reached(race(tf=[-6.0, 2.0, 3.0, 4.0, 5.0]), "tf").seconds == 4.0


def test_nobody_got_there():
    told = reach.sentences(race(tf=[-4.0, -5.0, -6.0]))
    assert told == ["tf did not reach a validation accuracy of 95 % in any of 3 repeats, in 5.00 s of training"]


def test_what_diverged_did_not_get_there_and_what_failed_says_nothing():
    results = race(tf=[2.0, 3.0, -1.0], status="diverged")
    results.trials[1].status = "diverged"
    assert reach.reached(results, "tf").got_there == 1
    results.trials[1].status = "failed"
    assert reach.reached(results, "tf").repeats == 2
    assert not reach.complete(results.trials, ["tf"])


def test_other_targets_have_no_ratio():
    trials = race(tf=[2.0, 3.0], torch=[1.0, 2.0]).trials
    assert reach.complete(trials, ["tf", "torch"])
    for item in trials[2:]:
        item.target = 0.9
    assert not reach.complete(trials, ["tf", "torch"])
    assert compare.comparisons(trials, baseline="tf", certified=set()) == []


def test_no_target_no_words():
    results = race(tf=[2.0])
    results.config = {"train": {"target": None}}
    assert reach.sentences(results) == []
    results.config = {}
    assert reach.sentences(results) == []


def test_a_made_up_accuracy_and_a_regression_are_called_so():
    results = race(tf=[2.0])
    results.dataset = Dataset(
        name="mnist", title="", source="", synthetic=True, input_shape=[8], classes=[], note="synthetic stand-in: …"
    )
    assert "a validation accuracy of 95 % (synthetic stand-in) in 1 of 1 repeat" in reach.sentences(results)[0]
    results.dataset = None
    results.trials[0].metrics = {"test_mae": 40.0}
    results.config["train"]["target"] = 45
    assert "tf reached a validation MAE of 45 in 1 of 1 repeat" in reach.sentences(results)[0]
