"""A folder against the first: namesakes compared, the rest named with the reason."""

from __future__ import annotations

import copy

import pytest

from bench.results.changes import changes
from bench.results.matching import Run, Side
from bench.results.regressions import Answer, answer, exit_status, judge, regressions
from bench.results.schema import Contender, Dataset, Model, Results, Trial

STEPS = (1.00e-3, 1.02e-3, 0.99e-3, 1.01e-3, 1.00e-3)


@pytest.fixture
def side(tmp_path, fingerprint_file):
    """Return a function that makes a folder of one run; ``factors`` multiply each contender's times."""

    def make(name, factors, *, jitter=(1.0,) * 5, repeats=5, prints=None, **more):
        folder = tmp_path / name
        for contender in factors:
            fingerprint_file(folder / "parity" / f"{contender}.safetensors", (prints or {}).get(contender))
        return Side(name=name, runs=[Run(name=name, folder=folder, results=run(factors, jitter, repeats, **more))])

    return make


def run(factors, jitter=(1.0,) * 5, repeats=5, **more):
    """Return results in which what slows a repeat slows all its contenders."""
    trials = [
        Trial(
            contender=name,
            repeat=repeat,
            seed=repeat,
            status="ok",
            step_seconds=STEPS[repeat] * jitter[repeat] * factor * (1 + 0.001 * ((repeat + place) % 3)),
            metrics={"test_accuracy": 0.97, "test_loss": 0.1 + 0.001 * repeat},
        )
        for repeat in range(repeats)
        for place, (name, factor) in enumerate(factors.items())
    ]
    given = {
        "status": "ok",
        "content": "same",
        "baseline": next(iter(factors)),
        "contenders": [Contender(name=name, backend=name, framework=name) for name in factors],
        "model": Model(name="mlp", parameters=1, flops=1),
        "dataset": Dataset(name="d", title="Digits", source="", synthetic=False, input_shape=[1], classes=[]),
        "config": {"train": {"epochs": 10, "target": None}, "model": {"layers": ["flatten", {"dense": 5}]}},
        "trials": trials,
    }
    return Results(**given | more)


def test_a_contender_is_compared_with_itself_and_their_ratio_with_what_it_was(side):
    found = changes([side("a", {"tf": 1.0, "torch": 0.8}), side("b", {"tf": 1.0, "torch": 1.0})])
    (change,) = found.changes
    assert (found.reference, change.side, change.work, found.gaps, found.notes) == ("a", "b", "mlp on Digits", [], [])
    assert [(pair.label, pair.against, pair.certified) for pair in change.pairs] == [
        ("tf (b)", "tf (a)", True),
        ("torch (b)", "torch (a)", True),
    ]
    same, slower = (pair.times[0] for pair in change.pairs)
    assert slower.ratio == pytest.approx(1.25)
    assert slower.verdict.startswith("torch (b) is 1.25× slower than torch (a) per training step (95 % interval")
    assert "for 2 comparisons together" in slower.verdict
    assert "machine drift not controlled" in slower.verdict
    assert not slower.paired
    assert same.low < 1 < same.high
    (shift,) = [item for item in change.shifts if item.quantity == "step_seconds"]
    assert shift.ratio == pytest.approx(1.25)
    assert shift.verdict.startswith("torch ÷ tf rose from 0.80 to 1.00 per training step, a factor of 1.25 (95 %")
    assert shift.family == 1


def test_a_machine_that_is_slower_for_both_is_not_in_the_change_of_their_ratio(side):
    drift = (1.5, 2.5, 1.8, 2.2, 2.0)
    found = changes([side("a", {"tf": 1.0, "torch": 0.8}), side("b", {"tf": 1.0, "torch": 0.8}, jitter=drift)])
    (change,) = found.changes
    assert all(pair.times[0].ratio > 1.8 for pair in change.pairs)
    shift = change.shifts[0]
    assert shift.ratio == pytest.approx(1.0)
    assert shift.high / shift.low < 1.01
    assert shift.verdict.startswith("no change resolved of torch ÷ tf per training step: 0.80 before, 0.80 now")


def test_later_folders_hold_together(side):
    found = changes([side(name, {"tf": 1.0, "torch": 0.8}) for name in "abcd"])
    assert [change.side for change in found.changes] == ["b", "c", "d"]
    assert {item.family for item in found.times} == {6}
    assert {item.family for change in found.changes for item in change.shifts} == {3}


def test_other_work_is_named_with_what_makes_it_other(side):
    other = {"content": "else", "config": {"train": {"epochs": 5, "target": 0.9}, "model": {"layers": ["flatten"]}}}
    found = changes([side("a", {"tf": 1.0}), side("b", {"tf": 1.0}, **other)])
    assert found.changes == []
    (gap,) = found.gaps
    assert gap.words == (
        "b (mlp on Digits) is not compared: other work: model.layers[1].dense – against 5; train.epochs 5 against 10 "
        "(nearest in a: a (mlp on Digits))"
    )


def test_what_differs_without_a_word_in_the_configuration_is_said_to(side):
    (gap,) = changes([side("a", {"tf": 1.0}), side("b", {"tf": 1.0}, content="else")]).gaps
    assert "other work, though not by its configuration" in gap.why
    data = Dataset(name="d", title="D", source="", synthetic=False, input_shape=[1], classes=[], checksum="f" * 64)
    (gap,) = changes([side("a", {"tf": 1.0}), side("b", {"tf": 1.0}, content="else", dataset=data)]).gaps
    assert "other data (d, checksum ffffffffffff against unknown)" in gap.why


def test_what_is_in_one_folder_alone_is_named(side):
    found = changes([side("a", {"tf": 1.0, "torch": 1.0}), side("b", {"torch": 1.0, "mine": 1.0})])
    assert [gap.words for gap in found.gaps] == [
        "tf (a), mlp on Digits, is not compared: b has no contender tf, but torch and mine"
    ]
    assert found.notes == ["mine, mlp on Digits, is in b alone, not in a"]
    lost = changes([side("a", {"tf": 1.0}), Side(name="b", runs=[], unreadable=[("b/3", "it left no results")])])
    assert [gap.words for gap in lost.gaps] == [
        "b/3 is not compared: it left no results",
        "a (mlp on Digits) is not compared: no run of the same work in b",
    ]


def test_a_lone_contender_here_and_another_there_are_certified_against_each_other(side):
    found = changes([side("a", {"tf": 1.0}), side("b", {"torch": 0.5})])
    ((pair,),) = [change.pairs for change in found.changes]
    assert (pair.label, pair.against, pair.certified) == ("torch (b)", "tf (a)", True)
    assert pair.times[0].verdict.startswith("torch (b) is 2.00× faster than tf (a)")
    assert found.changes[0].shifts == []
    assert exit_status(judge(found, "step_seconds", 0.05)) == 2, "it is not the same contender"


def test_of_several_of_a_name_the_one_under_equal_conditions_is_meant(side):
    def sweep(name):
        runs = []
        for threads in (1, 2):
            one = side(f"{name}-{threads}", {"tf": float(threads)}, conditions={"threads": threads})
            runs += one.runs
        return Side(name=name, runs=runs)

    found = changes([sweep("a"), sweep("b")])
    ((one, two),) = [change.pairs for change in found.changes]
    assert [(one.label, one.against), (two.label, two.against)] == [
        ("tf (b-1)", "tf (a-1)"),
        ("tf (b-2)", "tf (a-2)"),
    ]
    assert found.gaps == []
    twice = sweep("c")
    for item in twice.runs:
        item.results.conditions["threads"] = 1
    lost = changes([sweep("a"), twice])
    assert len(lost.gaps) == 2
    assert all("there are several of it" in gap.why for gap in lost.gaps)


@pytest.mark.parametrize("whose", ["a", "b"])
def test_whose_fingerprint_is_missing_or_departs_is_not_certified(side, whose):
    sides = {name: side(name, {"tf": 1.0}) for name in "ab"}
    path = sides[whose].runs[0].folder / "parity" / "tf.safetensors"
    path.unlink()
    ((pair,),) = [change.pairs for change in changes(list(sides.values())).changes]
    assert not pair.certified
    assert not pair.times[0].certified
    assert pair.parity.message == f"not certified: the fingerprint of tf ({whose}) is missing"
    path.symlink_to("/etc/hostname")
    ((pair,),) = [change.pairs for change in changes(list(sides.values())).changes]
    assert "leads out of the run's folder" in pair.parity.message


@pytest.mark.parametrize("array", ["losses", "weights/x/y", "reference/loaded", "outputs/dense_1"])
def test_a_fingerprint_of_nonsense_costs_the_certificate_alone(side, array):
    sides = [side("a", {"tf": 1.0}), side("b", {"tf": 1.0}, prints={"tf": {array: [[float("nan")] * 3] * 2}})]
    ((pair,),) = [change.pairs for change in changes(sides).changes]
    assert not pair.certified


def test_runs_that_did_not_end_well_are_told(side):
    found = changes([side("a", {"tf": 1.0}), side("b", {"tf": 1.0}, repeats=2, status="running")])
    assert found.notes == [
        "b has not come to its end (still running, or killed): what is compared are its 2 finished trials"
    ]


@pytest.mark.parametrize(
    ("factor", "spread", "expected", "status", "strict"),
    [
        (1.20, 0.0, Answer.SLOWER, 1, 1),
        (1.00, 0.0, Answer.WITHIN, 0, 0),
        (0.50, 0.0, Answer.WITHIN, 0, 0),
        (1.05, 0.1, Answer.OPEN, 0, 1),
    ],
)
def test_the_bound_of_the_interval_decides(side, factor, spread, expected, status, strict):
    jitter = tuple(1 + spread * sign for sign in (1, -1, 1, -1, 0))
    found = changes([side("a", {"tf": 1.0}), side("b", {"tf": factor}, jitter=jitter)])
    findings = judge(found, "step_seconds", 0.05)
    assert [item.answer for item in findings] == [expected]
    assert (exit_status(findings), exit_status(findings, strict=True)) == (status, strict)
    assert bool(regressions(found, 0.05)) == (expected is Answer.SLOWER)
    (item,) = [item for item in found.times if item.quantity == "step_seconds"]
    assert answer(item, item.low - 1 + 1e-9) is not Answer.SLOWER, "the bound itself is not beyond"
    assert answer(item, item.low - 1 - 1e-9) is Answer.SLOWER


def test_what_cannot_be_judged_never_passes(side):
    good = side("a", {"tf": 1.0, "torch": 1.0})
    once = judge(changes([good, side("b", {"tf": 1.0, "torch": 1.0}, repeats=1)]), "step_seconds", 0.05)
    assert exit_status(once) == 2
    assert all("one repeat on a side gives no interval" in item.words for item in once)
    missing = judge(changes([good, side("c", {"tf": 1.0})]), "step_seconds", 0.05)
    assert [item.answer for item in missing] == [Answer.NONE, Answer.WITHIN][::-1]
    assert exit_status(missing) == 2
    departs = side("d", {"tf": 1.0, "torch": 9.0}, prints={"torch": {"loss": [3.0]}})
    assert exit_status(judge(changes([good, departs]), "step_seconds", 0.05)) == 2, "slower, but of other work"
    assert exit_status(judge(changes([good, side("e", {"tf": 1.0, "torch": 1.0})]), "epoch_seconds", 0.05)) == 2
    assert exit_status([]) == 2
    worse = judge(changes([good, side("f", {"tf": 9.0})]), "step_seconds", 0.05)
    assert exit_status(worse) == 1, "a slow-down that is shown outweighs the missing contender"
    assert worse[0].answer is Answer.SLOWER


def test_a_trial_that_was_made_again_counts_once(side):
    one, two = side("a", {"tf": 1.0}), side("b", {"tf": 1.0})
    again = copy.copy(two.runs[0].results.trials[0])
    again.step_seconds = 7e-3
    two.runs[0].results.trials.append(again)
    (item,) = [item for item in changes([one, two]).times if item.quantity == "step_seconds"]
    assert item.repeats == 5
    assert "5 repeats" in item.verdict
