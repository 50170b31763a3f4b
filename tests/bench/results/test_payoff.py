from __future__ import annotations

import math

import pytest

from bench.results import payoff
from bench.results.schema import Contender, Dataset, Results, Trial


def contender(name, **settings):
    return Contender(
        name=name,
        backend="torch",
        framework="",
        versions={"torch": "2.15.0"},
        settings={"threads": 2, "compile": name != "torch", **settings},
    )


def run(*contenders, **clocks):
    """A run whose contenders have these (first step, step) clocks, repeat by repeat."""
    trials = [
        Trial(
            contender=name,
            repeat=repeat,
            seed=repeat,
            status="ok",
            step_seconds=step,
            phases={"first_step": first},
        )
        for name, each in clocks.items()
        for repeat, (first, step) in enumerate(each)
    ]
    known = list(contenders) or [contender(name) for name in clocks]
    return Results(trials=trials, contenders=known, baseline="torch")


PLAIN = [(0.1, 2.0e-3), (0.11, 2.1e-3), (0.1, 2.0e-3)]
FAST = [(10.1, 1.0e-3), (10.51, 1.0e-3), (10.2, 1.01e-3)]


def test_the_step_at_which_both_took_as_long():
    assert payoff.break_even(10.1, 1e-3, 0.1, 2e-3) == pytest.approx(10_000)
    assert payoff.break_even(0.1, 1e-3, 0.1, 2e-3) == 0.0
    assert payoff.break_even(10.1, 2e-3, 0.1, 2e-3) == math.inf
    assert payoff.break_even(0.05, 3e-3, 0.1, 2e-3) == math.inf, "it ends up above"


def test_compiling_that_pays_is_told_with_its_range_and_in_epochs():
    results = run(torch=PLAIN, quick=FAST)
    found = payoff.payoffs(results)[0]
    assert (found.contender, found.twin) == ("quick", "torch")
    assert found.steps == pytest.approx([10_000, 10.4 / 1.1e-3, 10.1 / 0.99e-3])
    assert payoff.sentences(results) == [
        "compiling quick has paid for itself after 10,000 steps (against torch; median, 9,500 to 10,000 over 3 repeats)"
    ]
    results.conditions = {"batch_size": 64}
    results.dataset = Dataset(
        name="", title="", source="", synthetic=False, input_shape=[8], classes=[], counts={"train": [640]}
    )
    assert "after 10,000 steps, 1,000 epochs of this run (against" in payoff.sentences(results)[0]


def test_compiling_that_never_pays():
    slow = [(10.0, 3e-3), (10.1, 3.1e-3), (10.2, 3e-3)]
    assert payoff.sentences(run(torch=PLAIN, quick=slow)) == [
        "compiling quick never pays at these speeds: its steps are slower than torch's (3 repeats)"
    ]


def test_what_is_not_resolved_is_said_or_left_out():
    wobbly = [(10.0, 1.9e-3), (10.1, 2.3e-3), (10.2, 1.8e-3)]
    told = payoff.sentences(run(torch=PLAIN, quick=wobbly))[0]
    assert told.startswith(
        "whether compiling quick pays is not resolved: its steps differ too little from torch's (ratio"
    )
    noise = [(0.2, 1.9e-3), (0.05, 2.3e-3), (0.1, 1.8e-3)]
    assert payoff.sentences(run(torch=PLAIN, quick=noise)) == []
    assert payoff.sentences(run(torch=PLAIN[:1], quick=FAST[:1])) == [], "one repeat resolves nothing"


def test_compiling_that_costs_nothing():
    free = [(0.09, 1.0e-3), (0.1, 1.05e-3), (0.09, 1.0e-3)]
    assert "pays from the first step" in payoff.sentences(run(torch=PLAIN, quick=free))[0]


@pytest.mark.parametrize(
    "change",
    [
        {"backend": "tf"},
        {"versions": {"torch": "2.14.0"}},
        {"python": "/venv/bin/python"},
        {"settings": {"threads": 1}},
    ],
)
def test_only_twins_are_held_against_each_other(change):
    other = contender("quick")
    for key, value in change.items():
        setattr(other, key, other.settings | value if key == "settings" else value)
    assert payoff.payoffs(run(contender("torch"), other, torch=PLAIN, quick=FAST)) == []


def test_the_same_twice_is_no_pair_and_the_order_of_naming_does_not_matter():
    twice = [contender("quick"), contender("again")]
    assert payoff.payoffs(run(*twice, quick=FAST, again=FAST)) == []
    found = payoff.payoffs(run(contender("quick"), contender("torch"), quick=FAST, torch=PLAIN))
    assert [(item.contender, item.twin) for item in found] == [("quick", "torch")]
    xla = Contender(name="xla", backend="tf", framework="", settings={"jit_compile": True, "steps_per_execution": 1})
    keras = Contender(
        name="keras", backend="tf", framework="", settings={"jit_compile": False, "steps_per_execution": 1}
    )
    assert len(payoff.payoffs(run(keras, xla, keras=PLAIN, xla=FAST))) == 1


def test_only_repeats_with_both_clocks_count():
    results = run(torch=PLAIN, quick=FAST)
    results.trials[-1].status = "diverged"
    results.trials[1].phases = {}
    assert len(payoff.payoffs(results)[0].steps) == 1
