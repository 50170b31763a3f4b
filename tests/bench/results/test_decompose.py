from __future__ import annotations

import pytest

from bench.results import decompose, decompose_words
from bench.results.decompose import UNDIVIDED, Clocks
from bench.results.schema import Check, Dataset, Parity, Results, Trial

STEPS = 10


def trial(contender, repeat, compute, alone, step, reads="ahead"):
    return Trial(
        environment={"reads": reads},
        contender=contender,
        repeat=repeat,
        seed=repeat,
        status="ok",
        step_seconds=compute,
        input_seconds=alone,
        epoch_seconds=None if step is None else step * STEPS,
    )


def check(contender, passed=True):
    return Check(
        contender=contender,
        baseline="tf",
        quantity="loss",
        precision="float64",
        error=0.0,
        tolerance=1e-9,
        scale="",
        passed=passed,
    )


def results(*trials, train=105, batch=10, drop_last=True):
    dataset = Dataset(
        name="d",
        title="D",
        source="",
        synthetic=False,
        input_shape=[2],
        classes=[],
        counts={"train": [train], "val": [50], "test": [50]},
    )
    return Results(
        baseline="tf",
        dataset=dataset,
        conditions={"batch_size": batch},
        config={"train": {"drop_last": drop_last}},
        parity=Parity(passed=True, checks=[check("tf"), check("torch")]),
        trials=list(trials),
    )


@pytest.mark.parametrize(
    ("compute", "alone", "step", "waited", "hidden", "loop"),
    [
        (4.0, 2.0, 4.0, 0.0, 1.0, 0.0),  # all of it hides
        (4.0, 2.0, 5.0, 1.0, 0.5, 0.0),  # half of it
        (4.0, 2.0, 6.0, 2.0, 0.0, 0.0),  # one after the other
        (4.0, 2.0, 7.0, 2.0, 0.0, 1.0),  # and a loop on top
        (4.0, 2.0, 3.5, 0.0, 1.0, -0.5),  # less than the compute clock says
        (2.0, 6.0, 6.0, 4.0, 1 / 3, 0.0),  # the input is the longer: compute hides behind it
        (4.0, 0.0, 5.0, 0.0, None, 1.0),  # no input at all: no share of it
        (4.0, None, 5.0, 0.0, None, 1.0),  # nobody clocked it
    ],
)
def test_a_step_divides(compute, alone, step, waited, hidden, loop):
    found = Clocks(compute=compute, input=alone, step=step)
    assert found.waited == pytest.approx(waited)
    assert found.hidden == (None if hidden is None else pytest.approx(hidden))
    assert found.loop == pytest.approx(loop)
    assert sum(found.part(name) for name in decompose.PARTS) == pytest.approx(step)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, 10),
        ({"drop_last": False}, 11),
        ({"train": 100, "drop_last": False}, 10),
        ({"batch": 200}, None),
        ({"batch": 200, "drop_last": False}, 1),
        ({"batch": 0}, None),
        ({"batch": True}, None),
        ({"batch": "10"}, None),
        ({"train": 0}, None),
    ],
)
def test_steps_of_an_epoch(options, steps):
    assert decompose.steps_per_epoch(results(**options)) == steps


def test_results_that_say_nothing_have_no_steps():
    assert decompose.steps_per_epoch(Results()) is None
    odd = results()
    odd.config = {"train": 3}
    assert decompose.steps_per_epoch(odd) == 10
    odd.conditions = {}
    assert decompose.steps_per_epoch(odd) is None
    assert decompose.shares(odd, "tf") is None


def test_shares_are_means_over_repeats_that_add_up():
    found = decompose.shares(results(trial("tf", 0, 4, 2, 5), trial("tf", 1, 4, 2, 6), trial("tf", 2, 5, 2, 7)), "tf")
    assert found.step.estimate == pytest.approx(6)
    assert found.compute.estimate == pytest.approx(13 / 3)
    assert found.input.estimate == pytest.approx(2)
    assert found.waited.estimate == pytest.approx(5 / 3)
    assert found.loop.estimate == pytest.approx(0)
    assert found.hidden.estimate == pytest.approx(1 / 6)
    parts = found.compute.estimate + found.waited.estimate + found.loop.estimate
    assert parts == pytest.approx(found.step.estimate)
    assert found.step.repeats == 3
    # Student's t with two degrees of freedom: 4.303 × 1 ÷ √3 around 6.
    assert (found.step.low, found.step.high) == pytest.approx((6 - 2.484, 6 + 2.484), abs=1e-3)


def test_the_interval_of_a_share_stays_within_it():
    found = decompose.shares(results(trial("tf", 0, 4, 2, 4), trial("tf", 1, 4, 2, 5.9)), "tf")
    assert (found.hidden.low, found.hidden.high) == (0.0, 1.0)


def test_one_repeat_has_no_interval():
    found = decompose.shares(results(trial("tf", 0, 4, 2, 5)), "tf")
    assert found.hidden.estimate == pytest.approx(0.5)
    assert found.hidden.low is None
    assert found.hidden.high is None


def test_only_good_trials_with_both_clocks_count():
    diverged = trial("tf", 3, 1, 1, 1)
    diverged.status = "diverged"
    trials = [trial("tf", 0, 4, 2, 5), trial("tf", 1, None, 2, 5), trial("tf", 2, 4, 2, None), diverged]
    trials += [trial("tf", 4, 0, 2, 5), trial("tf", 5, 4, 2, float("inf")), trial("torch", 0, 1, 1, 2)]
    assert list(decompose.clocks(results(*trials), "tf")) == [(0, 0)]
    assert decompose.shares(results(*trials), "nobody") is None


@pytest.mark.parametrize("odd", [-1.0, float("nan"), float("inf"), None])
def test_an_odd_input_clock_is_none(odd):
    found = decompose.shares(results(trial("tf", 0, 4, odd, 5)), "tf")
    assert found.input is None
    assert found.hidden is None
    assert found.loop.estimate == pytest.approx(1)


def test_where_some_repeats_clocked_the_pipeline_those_alone_count():
    found = decompose.shares(results(trial("tf", 0, 4, None, 9), trial("tf", 1, 4, 2, 5)), "tf")
    assert found.step.estimate == pytest.approx(5)


def paired(*, noise=(0.0, 1.0, 5.0), compute=4.0, alone=2.0, step=4.5):
    """A torch and a tf whose difference is the same in every repeat, whatever the machine does."""
    trials = []
    for repeat, extra in enumerate(noise):
        trials.append(trial("tf", repeat, 5 + extra, 3, 7 + extra))
        trials.append(trial("torch", repeat, compute + extra + 0.01 * repeat, alone, step + extra + 0.01 * repeat))
    return results(*trials)


def test_a_gap_is_paired_and_its_parts_add_up():
    found = decompose.gap(paired(), "torch")
    assert (found.contender, found.baseline, found.certified) == ("torch", "tf", True)
    assert found.total.estimate == pytest.approx(-2.49)
    assert found.total.high - found.total.low < 0.1, "what slows both cancels"
    assert {name: part.estimate for name, part in found.parts.items()} == pytest.approx(
        {"compute": -0.99, "input": -1.5, "loop": 0.0}
    )
    assert sum(part.estimate for part in found.parts.values()) == pytest.approx(found.total.estimate)
    assert found.main == UNDIVIDED, "what is read ahead is a bound: it may be loop as well"


def test_what_nobody_reads_ahead_is_told_apart():
    trials = [trial("tf", r, 5, 3 + 0.01 * r, 8 + 0.01 * r, "in turn") for r in range(3)]
    trials += [trial("torch", r, 5, 1, 6, "in turn") for r in range(3)]
    found = decompose.gap(results(*trials), "torch")
    assert (found.main, found.rest) == ("input", None)


def test_a_pipeline_that_reads_in_turn_hides_nothing_whatever_the_noise():
    for step in (4.0, 5.0, 7.0):
        found = decompose.shares(results(trial("torch", 0, 4, 2, step, "in turn")), "torch")
        assert (found.waited.estimate, found.hidden.estimate, found.reads) == (2.0, 0.0, "in turn")
        assert found.loop.estimate == pytest.approx(step - 6)


def test_what_is_picked_inside_the_step_is_no_input_of_its_own():
    found = decompose.shares(results(trial("tf", 0, 4, 2, 5, "in the step")), "tf")
    assert (found.input.estimate, found.waited.estimate, found.loop.estimate) == (0.0, 0.0, 1.0)
    assert found.hidden is None


def test_arithmetic_makes_a_gap_too():
    assert decompose.gap(paired(compute=2.0, alone=3.0, step=4.0), "torch").main == "compute"


def test_a_gap_that_is_not_resolved_has_no_main_part():
    trials = [trial("tf", r, 4, 2, 5) for r in range(3)]
    trials += [trial("torch", r, 4, 2, 5 + (-1) ** r * 0.5) for r in range(3)]
    assert decompose.gap(results(*trials), "torch").main == ""


def test_waiting_and_loop_count_together():
    # 3 less compute, 2.9 more waiting, and a loop that is 0.9 longer: the total is 0.8.
    trials = [trial("tf", r, 5 + 0.01 * r, 3, 5 + 0.01 * r) for r in range(3)]
    trials += [trial("torch", r, 2 + 0.011 * r, 2.9, 5.8 + 0.012 * r) for r in range(3)]
    found = decompose.gap(results(*trials), "torch")
    assert found.total.estimate == pytest.approx(0.8, abs=0.01)
    assert found.main == UNDIVIDED


def test_without_an_input_clock_the_rest_is_undivided():
    trials = [trial("tf", 0, 5, 2, 7), trial("torch", 0, 4, None, 5)]
    found = decompose.gap(results(*trials), "torch")
    assert {name: part.estimate for name, part in found.parts.items()} == pytest.approx(
        {"compute": -1.0, UNDIVIDED: -1.0}
    )


def test_no_gap_to_oneself_or_without_a_common_repeat():
    given = results(trial("tf", 0, 5, 2, 7), trial("torch", 1, 4, 2, 5))
    assert decompose.gap(given, "torch") is None
    assert decompose.gap(given, "tf") is None


def test_an_uncertified_gap_says_so():
    given = paired()
    given.parity.checks.append(check("torch", passed=False))
    assert not decompose.gap(given, "torch").certified


def test_the_gaps_of_several_contenders_hold_their_95_percent_together():
    trials = []
    for repeat, noise in enumerate((0.0, 0.1, -0.1)):
        trials += [
            trial(name, repeat, 4.0, 1.0, 6.0 + noise * (name == "tf"), reads="in turn") for name in ("tf", "a", "b")
        ]
    several = results(*trials)
    one = results(*(item for item in trials if item.contender != "b"))
    found, alone = decompose.gap(several, "a"), decompose.gap(one, "a")
    assert (found.family, alone.family) == (2, 1)
    assert found.total.high - found.total.low > 1.3 * (alone.total.high - alone.total.low)
    assert "for 2 comparisons together" in decompose_words.gap(found)
    assert "together" not in decompose_words.gap(alone)
