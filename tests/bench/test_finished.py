from __future__ import annotations

import copy
import json

import pytest

from bench import finished, neighbours, race, record, surroundings
from bench.errors import RequestError
from bench.launch import Outcome
from bench.results import store, summary
from bench.results.schema import RunWarning


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.setattr(neighbours, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(surroundings, "revisions", dict)


@pytest.fixture
def run(plan_of, children, tmp_path):
    """Run a race of three repeats, as a whole or, with `resume`, what is missing of it."""

    def start(*said, resume=False, how="trials"):
        children.requests.clear()
        plan = plan_of("report=false", f"measure.interleave={how}", "measure.repeats=3", *said)
        earlier = None
        if resume:
            plan, earlier = finished.before(plan, tmp_path / "run")
        status = race.run(plan, tmp_path / "run", earlier=earlier)
        return status, store.read(tmp_path / "run"), [item for item in children.tasks() if item[0] == "trial"]

    return start


ALL = [("tf", 0), ("torch", 0), ("torch", 1), ("tf", 1), ("tf", 2), ("torch", 2)]


def fails(_):
    return Outcome(status="failed", message="RuntimeError: no memory")


def of(results):
    return [(trial.contender, trial.repeat) for trial in results.trials]


def test_a_repeat_in_which_a_trial_failed_is_run_again_and_the_others_are_not(run, children):
    children.instead["trial", "torch", 1] = fails
    status, before, _ = run()
    assert (status, before.status, summary.is_open(before)) == (1, "failed", True)
    children.instead.clear()
    status, results, ran = run(resume=True)
    assert (status, results.status, results.message) == (0, "ok", "")
    assert ran == [("trial", "torch", 1), ("trial", "tf", 1)], "a repeat as a whole: both meet the same machine"
    assert of(results) == ALL, "in the order of a run in one sitting"
    assert {item.repeats for item in results.comparison} == {3}
    assert results.started == before.started
    assert len(results.resumed) == 1
    assert results.wall_seconds > before.wall_seconds


def test_in_turns_a_repeat_is_run_again_as_a_whole(run, children):
    children.instead["trial", "torch", 1] = fails
    run(how="turns")
    children.instead.clear()
    status, results, ran = run(resume=True, how="turns")
    assert status == 0
    assert sorted(ran) == [("trial", "tf", 1), ("trial", "torch", 1)]
    assert of(results) == [(name, repeat) for repeat in range(3) for name in ("tf", "torch")]


def test_an_interrupted_run_goes_on_where_it_was(run, children):
    def interrupt(request):
        raise KeyboardInterrupt

    children.instead["trial", "tf", 1] = interrupt
    with pytest.raises(KeyboardInterrupt):
        run()
    children.instead.clear()
    status, results, ran = run(resume=True)
    assert (status, results.status, of(results)) == (0, "ok", ALL)
    assert ran == [("trial", name, repeat) for name, repeat in ALL[2:]]


def test_a_run_whose_parent_was_killed_after_the_last_trial_gets_its_verdict(run, tmp_path):
    _, whole, _ = run()
    path = tmp_path / "run" / store.NAME
    cut = json.loads(path.read_text()) | {"status": "running", "comparison": [], "finished": None}
    path.write_text(json.dumps(cut))
    status, results, ran = run(resume=True)
    assert (status, results.status, ran) == (0, "ok", [])
    assert results.comparison == whole.comparison
    assert [check.quantity for check in results.parity.checks] == [check.quantity for check in whole.parity.checks]


def test_one_that_diverged_stands(run, children, plan_of, tmp_path):
    def diverge(request):
        found = children.trial(request)
        found.status, found.message = "diverged", "the loss became nan at step 3"
        return found

    children.instead["trial", "torch", 0] = diverge
    _, results, _ = run()
    plan, earlier = finished.before(plan_for(plan_of), tmp_path / "run")
    assert finished.is_whole(plan, earlier, tmp_path / "run")
    assert results.status == "failed"
    assert not summary.is_open(results)


def plan_for(plan_of, *said):
    return plan_of("report=false", "measure.interleave=trials", "measure.repeats=3", *said)


def test_what_is_there_is_recognised_by_what_it_is(run, plan_of, tmp_path):
    _, results, _ = run()
    plan, folder = plan_for(plan_of), tmp_path / "run"
    assert finished.is_whole(plan, results, folder)
    other = copy.deepcopy(results)
    first, second, third, *_ = other.trials
    first.seed, second.folder = 7, "../elsewhere"
    third.status = "running"
    assert of(type(other)(trials=finished.standing(plan, other, folder))) == ALL[4:]
    (folder / "trials/torch-2/trial.json").unlink()
    assert not finished.is_whole(plan, results, folder)
    assert finished.missing(plan, finished.standing(plan, results, folder)) == [(2, [item]) for item in plan.contenders]


def test_links_out_of_the_folder_are_not_followed(run, plan_of, tmp_path):
    _, results, _ = run()
    place = tmp_path / "run/trials/tf-0"
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert ("tf", 0) not in of(type(results)(trials=finished.standing(plan_for(plan_of), results, tmp_path / "run")))


def test_nothing_there_is_a_run_from_the_beginning(plan_of, tmp_path):
    assert finished.before(plan_of(), tmp_path)[1] is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda old: old["versions"].update(torch="2.0.0"), "torch: 2.0.0, now 2."),
        (lambda old: old["machine"].update(cpu="Pentium"), "cpu: Pentium, now "),
        (lambda old: old["machine"].update(kernel="2.6"), "kernel: 2.6, now "),
        (lambda old: old["machine"].update(python="3.10.0"), "python: 3.10.0, now 3."),
        (lambda old: old["machine"].update(governor="powersave"), "governor: powersave, now "),
        (lambda old: old["machine"].update(environment={"OMP_X": "true"}), "environment.OMP_X: true, now"),
        (lambda old: old["machine"].update(revision={"parallax": "abc"}), "revision.parallax: abc, now not set"),
        (lambda old: old["dataset"].update(checksum="0" * 64), "the data: checksum 000000000000, now "),
        (lambda old: old["config"]["frameworks"]["tf"].update(device="gpu"), "frameworks.tf.device: gpu, now cpu"),
        (lambda old: old["config"]["train"].update(seed=3), "train.seed: 3, now 0"),
        (lambda old: old.update(content="another"), "the work: given weights or sample weights hold other numbers"),
    ],
)
def test_what_has_changed_is_named_and_nothing_is_mixed(change, named, run, plan_of, tmp_path):
    run()
    path = tmp_path / "run" / store.NAME
    old = json.loads(path.read_text())
    change(old)
    path.write_text(json.dumps(old))
    with pytest.raises(RequestError) as caught:
        finished.before(plan_for(plan_of), tmp_path / "run")
    assert named in str(caught.value)
    assert "start a new run with python -m bench" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_settings_on_which_no_number_depends_may_change(run, plan_of, tmp_path):
    run()
    plan = plan_of("report=true", "measure.timeout=60", "measure.interleave=trials", "measure.repeats=3")
    assert finished.before(plan, tmp_path / "run")[1] is not None


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 99}', '{"schema_version": 1, "trials": 3}'])
def test_results_that_cannot_be_read_are_refused(text, plan_of, tmp_path):
    (tmp_path / store.NAME).write_text(text)
    with pytest.raises(RequestError, match="start a new run"):
        finished.before(plan_of(), tmp_path)


def test_what_a_pilot_chose_stays_chosen(run, plan_of, tmp_path):
    said = ("measure.half_width=0.5", "measure.pilot=2")
    _, results, _ = run(*said)
    assert results.pilot["chosen"] == results.config["measure"]["repeats"]
    results.status, results.trials = "running", results.trials[:2]
    store.write(tmp_path / "run", results)
    _, again, ran = run(*said, resume=True)
    assert again.status == "ok"
    assert len(ran) == 2 * results.pilot["chosen"] - 2, "no second pilot"
    assert again.pilot == results.pilot


def test_warnings_of_trials_that_stand_are_kept_and_the_others_found_anew(plan_of, run, tmp_path):
    _, results, _ = run()
    results.warnings = [
        RunWarning(kind="steal", message="of one that stands", contender="tf", repeat=0),
        RunWarning(kind="steal", message="of one that is run again", contender="torch", repeat=1),
        RunWarning(kind="steal", message="of a repeat in turns", contender="", repeat=2),
        RunWarning(kind="busy_at_start", message="at the beginning"),
        RunWarning(kind="few_repeats", message="of the run as a whole"),
    ]
    results.trials[2].status = "failed"
    plan = plan_for(plan_of)
    fresh = record.begin(plan)
    finished.take_over(plan, results, fresh, tmp_path / "run")
    assert [item.message for item in fresh.warnings] == [
        "of one that stands",
        "of a repeat in turns",
        "at the beginning",
    ]
