from __future__ import annotations

import math

import pytest

from bench.results import observing
from bench.results.schema import Results, Trial


def run(step=1e-3, **factors):
    """Trials whose latency clock reads so many times the throughput clock; the machine slows from repeat to repeat."""
    trials = [
        Trial(
            contender=name,
            repeat=repeat,
            seed=repeat,
            status="ok",
            step_seconds=step * 1.5**repeat,
            step_latency_seconds={"p50": step * 1.5**repeat * factor},
        )
        for name, each in factors.items()
        for repeat, factor in enumerate(each)
    ]
    return Results(trials=trials, conditions={"device": "gpu"})


def test_the_cost_is_taken_inside_a_trial():
    found = observing.cost(run(tf=[1.03, 1.031, 1.032]), "tf")
    assert found.estimate == pytest.approx(1.031, abs=1e-6)
    assert found.high / found.low < 1.01, "what slows a whole trial slows both clocks"
    assert found.repeats == 3


def test_in_words():
    told = observing.sentences(run(tf=[1.03, 1.031, 1.032], torch=[1.1, 0.9, 1.02], jax=[1.05], odd=[0.9, 0.9, 0.91]))
    assert told == [
        "waiting for every step costs tf 3.1 % (95 % interval 2.9 % to 3.3 %, 3 repeats), "
        "torch nothing that is resolved (95 % interval −22.0 % to 29.0 %, 3 repeats), "
        "jax 5.0 % (1 repeat, no interval), "
        "odd −9.7 %, less than nothing (95 % interval −11.1 % to −8.2 %, 3 repeats)"
    ]


def test_an_interval_that_says_nothing_is_called_so():
    told = observing.sentences(run(tf=[0.5, 2.0]))
    assert told == [
        "waiting for every step costs tf nothing that is resolved (95 % interval beyond a factor of 10, 2 repeats)"
    ]


def test_a_change_in_percent():
    found = [observing.share(ratio) for ratio in (1.031, 0.98, 1.0, 1.00049, 1.999, 13.078, 0.002)]
    assert found == ["3.1 %", "−2.0 %", "0.0 %", "0.0 %", "99.9 %", "1,200 %", "−99.8 %"]


def test_only_good_trials_with_both_clocks_count():
    results = run(tf=[1.03, 1.031, 1.032, 9.0, 9.0, 9.0])
    results.trials[3].status = "failed"
    results.trials[4].step_seconds = None
    results.trials[5].step_latency_seconds = {"p50": math.nan}
    assert observing.cost(results, "tf").repeats == 3
    assert observing.sentences(Results()) == []


def test_on_a_cpu_nothing_is_waited_for():
    results = run(tf=[1.03, 1.031, 1.032])
    results.conditions["device"] = "cpu"
    assert observing.sentences(results) == []
