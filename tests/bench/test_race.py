from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import lock, neighbours, race, record, surroundings, trials
from bench.launch import Outcome
from bench.results import store
from bench.screen import Screen


@pytest.fixture(autouse=True)
def reports(monkeypatch, tmp_path):
    """No report and no lock of this machine; the folders that would have been reported on."""
    asked = []

    def run(command, **options):
        asked.append(command[1:])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(race.reporting.subprocess, "run", run)
    monkeypatch.setattr(lock, "default_path", lambda: tmp_path / "lock")
    monkeypatch.setattr(neighbours, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(surroundings, "revisions", dict)  # it asks git, through the same `subprocess.run`
    return asked


@pytest.fixture
def run(plan_of, children, tmp_path):
    def start(*said):
        plan = plan_of("measure.interleave=trials", "measure.repeats=3", *said)
        status = race.run(plan, tmp_path / "run")
        return status, store.read(tmp_path / "run")

    return start


def trials_of(results):
    return [(trial.contender, trial.repeat, trial.status) for trial in results.trials]


def test_a_race_from_gate_to_verdict(run, children, reports, tmp_path, capsys):
    status, results = run()
    assert status == 0
    assert (results.status, results.message, results.baseline) == ("ok", "", "tf")
    order = [
        ("trial", name, seed) for seed, pair in enumerate(["tf torch", "torch tf", "tf torch"]) for name in pair.split()
    ]
    assert [item for item in children.tasks() if item[0] == "trial"] == order, "A B, B A, A B"
    assert {item[0] for item in children.tasks()[:2]} == {"parity"}, "the gate comes first"
    step = next(item for item in results.comparison if item.quantity == "step_seconds")
    assert (step.contender, step.repeats, step.paired, step.certified) == ("torch", 3, True, True)
    assert step.ratio == pytest.approx(0.5)
    assert results.parity.passed is True
    assert results.finished
    assert results.wall_seconds >= 0
    assert reports == [["-m", "reports", str(tmp_path / "run")]]
    said = capsys.readouterr().out
    assert "This takes about" in said
    assert "trial 6 of 6: torch, repeat 3 of 3" in said
    assert "torch is 2.00× faster than tf per training step" in said


def test_how_long_it_waited_and_who_was_there_is_kept(run, monkeypatch, capsys):
    @contextmanager
    def measuring(command, say):
        yield 75.0

    monkeypatch.setattr(lock, "measuring", measuring)
    monkeypatch.setattr(neighbours, "look", lambda gpu: neighbours.Look(share=0.5, load=2.0, busiest={"cc1": 1.0}))
    _, results = run("measure.repeats=1")
    assert results.waited_seconds == 75.0
    assert results.warnings[0].kind == "busy_at_start"
    said = capsys.readouterr().out
    assert "waited 1 min 15 s for another run to leave the machine" in said
    assert said.index("other processes used 50 % of the CPUs") < said.index("trial 1 of 2"), "not too late"


def test_the_record_says_what_was_run(run):
    _, results = run("train.epochs=2", "measure.repeats=1")
    assert results.command.endswith("train.epochs=2 measure.repeats=1")
    assert results.content
    assert results.config["train"]["epochs"] == 2
    assert results.conditions["device"] == "cpu"
    assert results.versions["torch"]
    assert results.dataset.counts["test"]
    assert results.model.parameters == 116_618
    assert [item.name for item in results.contenders] == ["tf", "torch"]
    assert results.machine["cores"] >= 1


def test_results_are_written_after_every_trial(run, children, tmp_path):
    seen = []

    def look(request):
        kept = json.loads((tmp_path / "run/results.json").read_text())
        seen.append((kept["status"], kept["parity"]["passed"], len(kept["trials"])))
        return children.trial(request)

    for name, seed in (("tf", 0), ("torch", 0), ("torch", 1), ("tf", 1)):
        children.instead["trial", name, seed] = look
    run("measure.repeats=2")
    assert seen == [("running", True, count) for count in range(4)]


def test_in_turns_a_repeat_is_written_as_a_whole(run, children, tmp_path, capsys):
    seen = []

    def look(request):
        seen.append(len(json.loads((tmp_path / "run/results.json").read_text())["trials"]))
        return children.trial(request)

    for name, seed in (("tf", 0), ("torch", 0), ("torch", 1), ("tf", 1)):
        children.instead["trial", name, seed] = look
    status, results = run("measure.interleave=turns", "measure.repeats=2")
    assert status == 0
    assert seen == [0, 0, 2, 2]
    assert trials_of(results) == [("tf", 0, "ok"), ("torch", 0, "ok"), ("tf", 1, "ok"), ("torch", 1, "ok")]
    assert [item[1] for item in children.tasks() if item[0] == "trial"] == ["tf", "torch", "torch", "tf"], "A B, B A"
    assert "repeat 2 of 2: tf and torch in turns" in capsys.readouterr().out


def test_in_turns_who_fails_leaves_the_other_in_the_race(run, children):
    children.instead["trial", "torch", 0] = lambda _: Outcome(status="failed", message="RuntimeError: no memory")
    status, results = run("measure.interleave=turns", "measure.repeats=2")
    assert status == 1
    assert trials_of(results) == [("tf", 0, "ok"), ("torch", 0, "failed"), ("tf", 1, "ok"), ("torch", 1, "ok")]
    assert {item.repeats for item in results.comparison} == {1}


def test_in_turns_an_interrupt_keeps_the_repeats_that_are_finished(run, children, tmp_path):
    def interrupt(request):
        raise KeyboardInterrupt

    children.instead["trial", "tf", 1] = interrupt
    with pytest.raises(KeyboardInterrupt):
        run("measure.interleave=turns")
    results = store.read(tmp_path / "run")
    assert results.message == "after 2 of 6 trials"
    assert trials_of(results) == [("tf", 0, "ok"), ("torch", 0, "ok")]


def test_an_interrupt_keeps_what_is_finished_and_goes_on(run, children, reports, tmp_path, capsys):
    def interrupt(request):
        raise KeyboardInterrupt

    children.instead["trial", "torch", 1] = interrupt
    with pytest.raises(KeyboardInterrupt):
        run()
    results = store.read(tmp_path / "run")
    assert results.status == "interrupted"
    assert results.message == "after 2 of 6 trials"
    assert trials_of(results) == [("tf", 0, "ok"), ("torch", 0, "ok")]
    assert results.comparison, "what is there is compared"
    assert reports
    assert "Interrupted after 2 of 6 trials; writing what there is" in capsys.readouterr().out


def test_an_interrupt_in_the_gate(run, children, reports, tmp_path):
    def interrupt(request):
        raise KeyboardInterrupt

    children.instead["parity", "tf", 0] = interrupt
    with pytest.raises(KeyboardInterrupt):
        run()
    assert store.read(tmp_path / "run").message == "after 0 of 6 trials"


def test_a_fault_of_our_own_keeps_what_is_finished(run, monkeypatch, tmp_path):
    true = trials.run

    def fail(work, contenders, repeat, *rest):
        if repeat:
            raise OSError("no space left on device")
        return true(work, contenders, repeat, *rest)

    monkeypatch.setattr(trials, "run", fail)
    with pytest.raises(OSError, match="no space"):
        run()
    results = store.read(tmp_path / "run")
    assert results.status == "failed"
    assert len(results.trials) == 2


def test_a_trial_that_fails_is_recorded_and_the_others_run(run, children):
    children.instead["trial", "torch", 0] = lambda _: Outcome(status="failed", message="RuntimeError: no memory")
    status, results = run("measure.repeats=2")
    assert status == 1
    assert trials_of(results) == [("tf", 0, "ok"), ("torch", 0, "failed"), ("torch", 1, "ok"), ("tf", 1, "ok")]
    assert results.status == "failed"
    assert results.message == "torch, repeat 1: failed; RuntimeError: no memory"
    assert {item.repeats for item in results.comparison} == {1}, "the block that lost one of its two is in no ratio"


def test_a_trial_that_diverges_is_recorded_and_warned_about(run, children):
    def diverge(request):
        found = children.trial(request)
        found.status, found.message = "diverged", "the loss became nan at step 3"
        return found

    children.instead["trial", "torch", 0] = diverge
    status, results = run("measure.repeats=1")
    assert status == 1
    assert trials_of(results)[1] == ("torch", 0, "diverged")
    assert "at step 3" in results.message
    assert [item.ratio for item in results.comparison] == [None] * len(results.comparison)
    assert "diverged" in {warning.kind for warning in results.warnings}


def test_all_trials_failing_is_still_a_record(run, children):
    for name in ("tf", "torch"):
        children.instead["trial", name, 0] = lambda _: Outcome(status="failed", message="it broke")
    status, results = run("measure.repeats=1")
    assert status == 1
    assert len(results.trials) == 2
    assert results.comparison == []


@pytest.fixture
def departs(children, fingerprint_file):
    def run(request):
        path = Path(request.folder) / "fingerprint.safetensors"
        fingerprint_file(path, {"losses": [9.0, 9.0]}, content=request.content)
        return Outcome(status="ok", message="")

    children.instead["parity", "torch", 0] = run


def test_the_gate_stops_the_race(run, children, departs, reports, capsys):
    status, results = run()
    assert status == 1
    assert results.status == "failed"
    assert results.parity.passed is False
    assert results.trials == []
    assert results.comparison == []
    assert "nobody was raced" in results.message
    assert {item[0] for item in children.tasks()} == {"parity"}
    assert reports
    said = capsys.readouterr().out
    assert "torch does not compute what tf does" in said
    assert "faster" not in said


def test_the_gate_warns_and_every_ratio_is_marked(run, departs, capsys):
    status, results = run("parity.on_fail=warn")
    assert status == 1
    assert len(results.trials) == 6
    assert results.comparison
    assert not any(item.certified for item in results.comparison)
    assert all("uncertified" in item.verdict for item in results.comparison)
    assert "uncertified" in {warning.kind for warning in results.warnings}
    assert "uncertified" in capsys.readouterr().out


def test_only_the_contender_that_departs_is_marked(run, departs):
    _, results = run("parity.on_fail=warn", "framework=[tf,torch,torch_compile]", "measure.repeats=1")
    certified = {item.contender: item.certified for item in results.comparison}
    assert certified == {"torch": False, "torch_compile": True}


def test_a_lone_contender(run):
    status, results = run("framework=torch")
    assert status == 0
    assert results.parity.passed is None
    assert results.comparison == results.agreement == []
    assert len(results.trials) == 3


def test_a_report_that_fails_costs_nothing(run, monkeypatch, tmp_path, capsys):
    broken = subprocess.CompletedProcess([], 1, "", "Traceback: no such chart")
    monkeypatch.setattr(race.reporting.subprocess, "run", lambda *_, **__: broken)
    status, results = run("measure.repeats=1")
    assert (status, results.status) == (0, "ok")
    assert "no such chart" in (tmp_path / "run/report.log.txt").read_text()
    assert "python -m reports" in capsys.readouterr().out


def test_what_makes_a_report_anew_is_quoted_for_a_shell(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(race.reporting, "render", lambda _: subprocess.CompletedProcess([], 1, "", ""))
    race._report(tmp_path / "two words", Screen())
    assert f"again: python -m reports '{tmp_path}/two words'" in capsys.readouterr().out.replace("\n", "")


def test_no_report_where_none_is_wanted(run, reports):
    run("report=false", "measure.repeats=1")
    assert reports == []


def test_the_report_is_found_from_any_folder(run, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        race.reporting.subprocess,
        "run",
        lambda *_, **options: seen.update(options["env"]) or subprocess.CompletedProcess([], 0),
    )
    run("measure.repeats=1")
    assert str(Path(race.__file__).parents[1]) in seen["PYTHONPATH"].split(":")


def test_a_planted_mistake_is_announced(run, capsys):
    run("plant=kernel_order", "measure.repeats=1")
    assert "Planted mistake: kernel_order." in capsys.readouterr().out


def test_contenders_with_different_versions_are_told_apart(plan_of):
    plan = plan_of("framework=[torch,torch_compile]")
    plan.contenders[1].versions = {"torch": "1.0", "python": "3.11"}
    found = record._versions(plan)
    assert found["torch"] != "1.0"
    assert found["torch_compile: torch"] == "1.0"


@pytest.mark.parametrize(("said", "held"), [([], True), (["pipeline.augment.flip=both"], False)])
def test_trials_are_witnesses_where_both_train_on_the_same_numbers(run, said, held):
    _, results = run("measure.repeats=1", *said)
    assert any(check.quantity == "first losses of the trials" for check in results.parity.checks) is held


def test_the_gate_shares_the_machine_and_clocks_have_it_alone_until_the_report_is_written(run, children, monkeypatch):
    events = []

    def held(how):
        @contextmanager
        def hold(*_, **__):
            events.append(how)
            yield 0.0
            events.append(f"end of {how}")

        return hold

    def note(word, then):
        return lambda *items, **named: events.append(word) or then(*items, **named)

    monkeypatch.setattr(lock, "working", held("sharing"))
    monkeypatch.setattr(lock, "measuring", held("alone"))
    monkeypatch.setattr(race.gate, "run", note("gate", race.gate.run))
    monkeypatch.setattr(race.trials, "run", note("trial", race.trials.run))
    monkeypatch.setattr(race.reporting, "render", note("report", race.reporting.render))
    run("framework=torch", "measure.repeats=2", "report=true")
    assert events[:2] == ["sharing", "end of sharing"], "the data are prepared"
    drawn = ["sharing", "report", "end of sharing"]
    assert events[2:] == ["sharing", "gate", "end of sharing", "alone", "trial", "trial", *drawn, "end of alone"]


def test_what_the_gate_stopped_is_drawn_while_nobody_measures(run, departs, monkeypatch):
    held, seen, true = [], [], lock.working

    def render(folder):
        seen.append(list(held))
        return subprocess.CompletedProcess([], 0, "", "")

    @contextmanager
    def working(*arguments, **named):
        with true(*arguments, **named) as waited:
            held.append(True)
            yield waited
            held.pop()

    monkeypatch.setattr(lock, "working", working)
    monkeypatch.setattr(race.reporting, "render", render)
    run("report=true")
    assert seen == [[True]]


def test_who_was_interrupted_does_not_wait_for_others_to_draw_a_report(run, children, reports, monkeypatch, capsys):
    @contextmanager
    def working(say, path=None, *, wait=True):
        if not wait:
            raise BlockingIOError
        yield 0.0

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(lock, "working", working)
    monkeypatch.setattr(race.trials, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("report=true")
    assert reports == []
    assert "No report was drawn, for another run measures. For one: python -m reports" in capsys.readouterr().out


def test_a_machine_that_cannot_be_locked_is_warned_about(run, monkeypatch):
    @contextmanager
    def measuring(*_):
        yield None

    monkeypatch.setattr(lock, "measuring", measuring)
    _, results = run("measure.repeats=1")
    assert results.waited_seconds == 0.0
    assert "unlocked" in [warning.kind for warning in results.warnings]


def test_a_full_disk_keeps_every_finished_trial(run, monkeypatch, tmp_path, capsys):
    true = store.write

    def write(folder, results):
        if len(results.trials) >= 2:
            raise OSError(28, "No space left on device")
        true(folder, results)

    monkeypatch.setattr(store, "write", write)
    with pytest.raises(OSError, match="No space left"):
        run()
    results = store.read(tmp_path / "run")
    assert trials_of(results) == [("tf", 0, "ok")]
    said = capsys.readouterr().out
    assert "Failed after 2 of 6 trials: [Errno 28] No space left on device; writing what there is" in said
    assert "The results could not be written" in said
    assert f"python -m bench resume={tmp_path / 'run'}" in said


def test_a_verdict_that_cannot_be_written_is_shown_and_the_run_has_failed(run, monkeypatch, tmp_path, capsys):
    true = store.write

    def write(folder, results):
        if results.finished:
            raise OSError(28, "No space left on device")
        true(folder, results)

    monkeypatch.setattr(store, "write", write)
    status, results = run()
    assert (status, results.status, len(results.trials)) == (1, "running", 6)
    assert "torch is 2.00× faster" in capsys.readouterr().out
