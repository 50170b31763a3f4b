"""A folder against the first: namesakes compared, the rest named with the reason."""

from __future__ import annotations

import copy

import pytest

from bench.results.changes import changes
from bench.results.matching import Run, Side
from bench.results.regressions import Answer, answer, exit_status, judge, regressions
from bench.results.schema import Contender, Dataset, Model, Results, Trial

DRIFT = (1.5, 2.5, 1.8, 2.2, 2.0)
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


def contender(name, backend="", framework=""):
    return Contender(name=name, backend=backend or name, framework=framework or name)


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
        "contenders": [contender(name) for name in factors],
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
    found = changes([side("a", {"tf": 1.0, "torch": 0.8}), side("b", {"tf": 1.0, "torch": 0.8}, jitter=DRIFT)])
    (change,) = found.changes
    assert all(pair.times[0].ratio > 1.8 for pair in change.pairs)
    shift = change.shifts[0]
    assert shift.ratio == pytest.approx(1.0)
    assert shift.high / shift.low < 1.01
    assert shift.verdict.startswith("no change resolved of torch ÷ tf per training step: 0.80 before, 0.80 now")
    findings = judge(found, "step_seconds", 0.05)
    for item, rival in zip(findings, ("torch (b)", "tf (b)"), strict=True):
        assert item.answer is Answer.SLOWER
        assert item.words.endswith(
            f"beyond 5 % slower; inside the runs no change of the ratio to {rival} is shown: the whole machine may "
            "have been slower)"
        )


@pytest.mark.parametrize(
    "torch", [{"factor": 1.5}, {"factor": 0.8, "prints": {"torch": {"loss": [3.0]}}}, {"factor": 0.8, "repeats": 1}]
)
def test_a_ratio_that_changed_or_is_uncertified_or_of_one_repeat_excuses_nothing(side, torch):
    factor, prints, repeats = torch["factor"], torch.get("prints"), torch.get("repeats", 5)
    before = side("a", {"tf": 1.0, "torch": 0.8}, repeats=repeats)
    found = changes([before, side("b", {"tf": 2.0, "torch": 2 * factor}, prints=prints, repeats=repeats)])
    assert not any("inside the runs" in item.words for item in judge(found, "step_seconds", 0.05))
    (shift,) = [item for item in found.changes[0].shifts if item.quantity == "step_seconds"]
    assert shift.certified == (prints is None)
    assert ("uncertified" in shift.verdict) == (prints is not None)


def test_only_the_ratio_of_the_judged_time_excuses_and_only_where_it_says_something(side):
    before, after = side("a", {"tf": 1.0, "torch": 0.8}), side("b", {"tf": 2.0, "torch": 1.6})
    for one, factor in ((before, 1.0), (after, 9.0)):
        for trial in one.runs[0].results.trials:
            trial.epoch_seconds = trial.step_seconds * (factor if trial.contender == "torch" else 1.0)

    def excused(quantity):
        findings = judge(changes([before, after]), quantity, 0.05)
        assert any(item.answer is Answer.SLOWER for item in findings)
        return ["inside the runs" in item.words for item in findings]

    assert excused("step_seconds") == [True, True]
    assert excused("epoch_seconds") == [False, False]
    for trial in after.runs[0].results.trials:
        trial.step_seconds *= 1000 ** (-1) ** trial.repeat if trial.contender == "torch" else 1.0
    assert excused("step_seconds") == [False, False]


def test_ratios_are_to_the_baseline_wherever_it_stands(side):
    found = changes([side(name, {"torch": 0.8, "tf": 1.0}, baseline="tf") for name in "ab"])
    shifts = {item.contender for item in found.changes[0].shifts}
    assert shifts == {"torch ÷ tf (b)"}


def test_the_target_has_no_changed_ratio(side):
    sides = [side(name, {"tf": 1.0, "torch": 0.8}) for name in "ab"]
    for one in sides:
        for trial in one.runs[0].results.trials:
            trial.target, trial.target_seconds, trial.target_reached = 0.9, 2.0 + trial.repeat, True
    (change,) = changes(sides).changes
    assert {item.quantity for item in change.times} == {"step_seconds", "target_seconds"}
    assert {item.quantity for item in change.shifts} == {"step_seconds"}


def test_what_the_data_are_stands_beside_every_quality(side):
    data = Dataset(name="d", title="D", source="", synthetic=True, input_shape=[1], classes=[], note="stand-in")
    ((pair,),) = [change.pairs for change in changes([side(name, {"tf": 1.0}, dataset=data) for name in "ab"]).changes]
    assert pair.qualities
    assert all("synthetic: stand-in" in item.verdict for item in pair.qualities)


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
    findings = judge(found, "step_seconds", 0.05)
    assert exit_status(findings) == 2, "it is not the same contender"
    assert [gap.words for gap in found.gaps] == [
        "tf (a), mlp on Digits, is held against torch (b), not a namesake: b has no contender tf, but torch"
    ]


def test_a_lone_contender_is_held_against_the_baseline_wherever_it_stands(side):
    found = changes([side("a", {"tf": 1.0, "jit": 0.7}, baseline="jit"), side("b", {"torch": 0.5})])
    ((pair,),) = [change.pairs for change in found.changes]
    assert (pair.label, pair.against) == ("torch (b)", "jit (a)")
    assert [gap.words.partition(":")[0] for gap in found.gaps] == [
        "tf (a), mlp on Digits, is not compared",
        "jit (a), mlp on Digits, is held against torch (b), not a namesake",
    ]


def test_a_name_that_is_another_backends_is_no_namesake(side):
    def again(name, backend):
        return side(name, {"again": 1.0}, contenders=[contender("again", backend, f"{backend} 2")])

    found = changes([again("a", "TensorFlow"), again("b", "PyTorch")])
    assert found.changes == []
    assert [gap.words for gap in found.gaps] == [
        "again (a), mlp on Digits, is not compared: again is TensorFlow 2 in a and PyTorch 2 in b"
    ]
    assert exit_status(judge(found, "step_seconds", 0.05)) == 2
    assert changes([again("c", "PyTorch"), again("d", "PyTorch")]).gaps == []


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
    assert [item.words.partition("): ")[2] for item in once] == [
        "one repeat of tf (b) gives no interval",
        "one repeat of torch (b) gives no interval",
    ]
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


def test_what_was_never_measured_is_told_from_what_was_measured_once(side):
    def why(name, quantity="step_seconds", **values):
        """Return why ``torch`` of a folder, some trials of which have other values, cannot be judged."""
        other = side(name, {"torch": 1.0})
        for trial in other.runs[0].results.trials:
            for key, value in values.items():
                setattr(trial, key, value)
        (finding,) = judge(changes([side(f"to-{name}", {"torch": 1.0}), other]), quantity, 0.05)
        assert finding.answer is Answer.NONE
        return finding.words

    assert why("b", step_seconds=None).endswith(": no repeat of torch (b) measured step_seconds")
    assert why("c", status="failed").endswith(": no repeat of torch (c) finished")
    assert why("d", contender="other").endswith(
        "torch (d) and torch (to-d) cannot be compared in step_seconds: no repeat of torch (d) finished"
    )
    assert why("e", "epoch_seconds").endswith(
        ": no repeat of torch (to-e) measured epoch_seconds; no repeat of torch (e) measured epoch_seconds"
    )


def test_a_target_that_was_missed_is_the_reason_that_is_given(side):
    sides = [side(name, {"tf": 1.0}) for name in "ab"]
    for one in sides:
        for trial in one.runs[0].results.trials:
            trial.target, trial.target_seconds = 0.9, 2.0
            trial.target_reached = one.name == "a" or trial.repeat > 0
    (finding,) = judge(changes(sides), "target_seconds", 0.05)
    assert finding.words.endswith(": not every repeat came to one and the same target")
    (finding,) = judge(changes([side(name, {"tf": 1.0}) for name in "cd"]), "target_seconds", 0.05)
    assert finding.words.endswith("; no repeat of tf (d) measured target_seconds"), "there was no target"


@pytest.mark.parametrize("whose", ["a", "b"])
def test_repeats_that_did_not_finish_do_not_pass(side, whose):
    def judged(factor):
        sides = [side(name, {"tf": factor if name == "b" else 1.0}, conditions={"repeats": 5}) for name in "ab"]
        assert judge(changes(sides), "step_seconds", 0.05)[0].answer in (Answer.WITHIN, Answer.SLOWER)
        (run,) = next(one for one in sides if one.name == whose).runs
        for trial in run.results.trials[:2]:
            trial.status = "failed"
        return judge(changes(sides), "step_seconds", 0.05)

    (finding,) = judged(1.0)
    assert finding.answer is Answer.NONE
    assert finding.words.endswith(f": tf ({whose}) finished 3 of 5 repeats")
    assert exit_status(judged(2.0)) == 1, "it is shown to be slower all the same"


def test_the_largest_slow_down_comes_first(side):
    found = changes([side("a", {"tf": 1.0, "torch": 1.0}), side("b", {"tf": 1.3, "torch": 1.9})])
    assert [item.contender for item in regressions(found, 0.05)] == ["torch (b)", "tf (b)"]


def test_a_trial_that_was_made_again_counts_once(side):
    one, two = side("a", {"tf": 1.0}), side("b", {"tf": 1.0})
    again = copy.copy(two.runs[0].results.trials[0])
    again.step_seconds = 7e-3
    two.runs[0].results.trials.append(again)
    (item,) = [item for item in changes([one, two]).times if item.quantity == "step_seconds"]
    assert item.repeats == 5
    assert "5 repeats" in item.verdict
