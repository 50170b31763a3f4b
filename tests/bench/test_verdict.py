from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.results import compare
from bench.results.schema import Check, Contender, Dataset, Model, Parity, Results, RunWarning, Trial
from bench.verdict import render

FRAMEWORKS = {"tf": "TensorFlow 2.21.0 / Keras 3.15.1"}


def race(*names, repeats=3, certified=None, synthetic=False, note=""):
    trials = []
    for repeat in range(repeats):
        for place, name in enumerate(names):
            step = 1e-3 * (1 - 0.2 * place) * (1 + 0.01 * ((repeat + place) % 3))
            trials.append(
                Trial(
                    contender=name,
                    repeat=repeat,
                    seed=repeat,
                    status="ok",
                    step_seconds=step,
                    epoch_seconds=22 * step,
                    throughput=64 / step,
                    phases={"first_step": 0.5},
                    metrics={"test_accuracy": 0.9722, "test_loss": 0.1112},
                )
            )
    found = Results(
        status="ok",
        baseline=names[0],
        trials=trials,
        contenders=[
            Contender(
                name=name,
                backend="tf" if name == "tf" else "torch",
                framework=FRAMEWORKS.get(name, "PyTorch 2.15.0"),
                settings={"backend": "torch", "python": None, "device": "cpu", "compile": name.endswith("compile")},
            )
            for name in names
        ],
        dataset=Dataset(
            name="digits",
            title="handwritten digits",
            source="bundled",
            synthetic=synthetic,
            input_shape=[8, 8, 1],
            classes=[],
            note="synthetic stand-in" if synthetic else note,
        ),
        model=Model(name="mlp", parameters=52650, flops=1),
        conditions={"device": "cpu", "precision": "float32", "batch_size": 64},
        versions={"python": "3.11.7"},
        parity=Parity(passed=True, message="torch computes what tf computes"),
    )
    return judged(found, set(names) if certified is None else certified)


def judged(results, certified=frozenset({"tf", "torch"})):
    note = results.dataset.note
    more = {"baseline": results.baseline, "certified": certified}
    results.comparison = compare.comparisons(results.trials, **more)
    results.agreement = compare.agreements(results.trials, **more, note=note)
    return results


def shown(results, folder=Path("outputs/x"), width=80):
    console = Console(file=io.StringIO(), width=width, force_terminal=False, markup=False, highlight=False, record=True)
    for part in render(results, folder):
        console.print(part, soft_wrap=bool(getattr(part, "no_wrap", False)))
    return console.export_text()


def flat(text):
    return " ".join(text.split())


def test_two_contenders_in_eighty_columns():
    text = shown(race("tf", "torch"))
    assert max(map(len, text.splitlines())) <= 80
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert rows["tf"].split()[-1] == "baseline"
    assert "97.2 %  0.111   1.01 ms      63,400" in rows["tf"]
    assert "PyTorch 2.15.0" in rows["torch"]
    assert "0.80" in rows["torch"]
    words = flat(text)
    assert "• torch is 1.25× faster than tf per training step (95 % interval" in words
    assert "• torch and tf have the same test accuracy in each of the 3 repeats" in words
    assert "test loss between" not in words
    assert "the same test loss" not in words
    assert "throughput clock (device synchronised only at the ends of a block)" in words
    assert "device cpu, precision float32, batch size 64" in words
    assert "tf: compile no" in words
    assert "python 3.11.7" in words
    assert "certificate: torch computes what tf computes" in words
    assert "mlp (52,650 parameters) on handwritten digits" in words
    assert "synthetic" not in words


def test_broken_sentences_go_on_under_their_beginning_and_end_without_blanks():
    lines = shown(race("tf", "torch")).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("• torch is"))
    assert lines[first + 1].startswith("  ")
    assert not lines[first].endswith(" ")


def test_a_lone_contender_has_a_table_and_no_ratio():
    text = shown(race("tf"))
    assert "97.2 %" in text
    assert "•" not in text


def test_synthetic_stands_wherever_an_accuracy_stands():
    lines = shown(race("tf", "torch", synthetic=True)).splitlines()
    assert sum("synthetic" in line and "•" not in line for line in lines[2:12]) == 2
    sentence = flat("\n".join(lines)).partition("have the same test accuracy")[2]
    assert sentence.startswith(" in each of the 3 repeats (synthetic stand-in)")
    assert "synthetic" in lines[1]


@pytest.mark.parametrize(("gap", "on_screen"), [(0.02, True), (1e-6, False), (-0.02, True), (0.0, False)])
def test_a_resolved_difference_of_the_loss_stands_on_screen(gap, on_screen):
    results = race("tf", "torch")
    for trial in results.trials:
        if trial.contender == "torch":
            trial.metrics["test_loss"] += gap * (1 + 0.01 * trial.repeat)
    text = flat(shown(judged(results)))
    assert ("torch and tf differ by 0.020 in test loss" in text) == on_screen
    assert (("in test loss" in text) or ("same test loss" in text)) == on_screen


def test_another_note_is_starred_and_explained():
    text = shown(race("tf", "torch", note="checksums differ from the published ones"))
    assert "*" in text
    assert "* test accuracy: checksums differ from the published ones" in flat(text)


def regression(note=""):
    """Return the race of a table's regression."""
    results = race("tf", "torch", note=note)
    results.dataset.input_shape, results.dataset.task = [10], "regression"
    for trial in results.trials:
        trial.metrics = {"test_mae": 44.4 + trial.repeat, "test_loss": 0.5}
    return judged(results)


def test_a_regression_shows_its_error_and_no_accuracy():
    text = shown(regression("bundled subset"))
    assert max(map(len, text.splitlines())) <= 80
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert " 45.4  0.500 " in rows["tf"]
    assert "MAE" in rows["contender"]
    assert "samples" in flat(text)
    assert "• torch and tf have the same test MAE in each of the 3 repeats" in flat(text)
    assert "* test MAE: bundled subset" in flat(text)
    assert "accurac" not in text
    assert "image" not in text


def test_a_resolved_difference_of_the_error_is_in_the_targets_units():
    results = regression()
    for trial in results.trials:
        if trial.contender == "torch":
            trial.metrics["test_mae"] += 2 + 0.01 * trial.repeat
    assert "torch and tf differ by 2.0 in test MAE (torch higher" in flat(shown(judged(results)))


def test_diverged_trials_are_counted_and_a_contender_without_a_good_one_has_dashes():
    results = race("tf", "torch", "slow")
    for trial in results.trials:
        if trial.contender == "slow" or (trial.contender, trial.repeat) == ("torch", 0):
            trial.status, trial.message = "diverged", "loss became NaN at step 7"
    text = shown(judged(results))
    assert "1 diverged" in text
    assert "3 diverged" in text
    assert "–" in next(line for line in text.splitlines() if line.startswith("slow"))
    assert "cannot be compared" in flat(text)


def test_uncertified_is_said_in_the_table_and_in_the_sentence():
    results = race("tf", "torch", certified={"tf"})
    results.parity = Parity(
        passed=False,
        checks=[
            Check(
                contender="torch",
                baseline="tf",
                quantity="weights",
                precision="float64",
                error=1e-3,
                tolerance=1e-9,
                scale="",
                passed=False,
            )
        ],
        uncertified=["dropout masks"],
    )
    text = flat(shown(results))
    assert text.count("uncertified") >= 3
    assert "certificate: FAILED" in text
    assert "torch: weights: error 1.0e-03, allowed 1e-09" in text
    assert "not certified: dropout masks" in text


def test_many_contenders_get_one_sentence_about_time_each():
    text = flat(shown(race("tf", "torch", "torch_compile")))
    assert "torch_compile is 1.67× faster than tf per training step" in text
    assert "per epoch" not in text
    assert "torch_compile: compile yes" in text


@pytest.mark.parametrize("name", ["[red]x[/]", "a\x1b[31mb", "x" * 60, "two\nlines", "\udcff", "名前" * 15])
def test_hostile_names_neither_break_the_table_nor_drive_the_terminal(name):
    results = race("tf", name)
    results.model.name = results.dataset.title = name
    results.warnings = [RunWarning(kind="drift", message=name, advice=name, contender=name)]
    text = shown(results)
    assert "\x1b" not in text
    assert "\udcff" not in text
    assert max(map(len, text.splitlines())) <= 80
    if name == "[red]x[/]":
        assert name in text


def test_warnings_come_with_advice_and_are_not_repeated_for_each_trial():
    results = race("tf", "torch")
    results.warnings = [
        RunWarning(kind="other_load", message=f"tf, repeat {repeat}: load", advice="close them", contender="tf")
        for repeat in (1, 2, 3)
    ]
    results.warnings += [RunWarning(kind=f"kind{number}", message="m") for number in range(10)]
    text = flat(shown(results))
    assert "warning: tf, repeat 1: load (and 2 more like it) close them" in text
    assert "repeat 2" not in text
    assert "… and 3 more warnings in the report" in text


def test_where_the_report_lies_is_one_line_to_copy(tmp_path):
    folder = tmp_path / ("deep" * 20) / "run"
    folder.mkdir(parents=True)
    assert f"results: {folder / 'results.json'}\n" in shown(race("tf"), folder)
    (folder / "report.html").touch()
    assert f"report: {folder / 'report.html'}\n" in shown(race("tf"), folder)


def test_nothing_measured_at_all():
    text = shown(Results(status="interrupted", message="interrupted before the first trial"))
    assert "interrupted before the first trial" in text


def test_where_several_hold_together_the_table_says_so():
    assert "together" not in shown(race("tf", "torch"))
    text = shown(race("tf", "torch", "torch_compile"))
    assert max(map(len, text.splitlines())) <= 80
    assert "together" in "\n".join(text.splitlines()[:6])
    assert "for 2 comparisons together" in flat(text)


def test_kappa_is_told_where_it_differs_and_only_there():
    found = race("tf", "torch")
    for item in found.trials:
        item.metrics["test_kappa"] = 0.9 + 0.001 * item.repeat
    assert "kappa" not in shown(judged(found))
    for item in found.trials:
        item.metrics["test_kappa"] -= 0.1 * (item.contender == "torch") + 0.0001 * item.repeat
    found.trials[0].metrics["test_kappa"] += 0.0005
    assert "torch and tf differ by 0.10 in test kappa (tf higher" in flat(shown(judged(found)))


def test_what_else_was_found_stands_below_the_verdict():
    found = race("tf", "torch")
    assert "waiting" not in shown(found)
    for item in found.trials:
        item.step_latency_seconds = {"p50": item.step_seconds * (1.03 + 0.001 * item.repeat)}
        item.target, item.target_seconds, item.target_reached = 0.9, 2.0 + item.repeat, item.contender == "torch"
    found.config = {"train": {"target": 0.9}}
    found.contenders[1].backend = "tf"
    found.conditions["device"] = "gpu"
    text = flat(shown(judged(found)))
    assert "• waiting for every step costs tf 3.1 % (95 % interval 2.9 % to 3.3 %, 3 repeats), torch 3.1 %" in text
    assert "• tf did not reach a validation accuracy of 90 % in any of 3 repeats" in text
    assert "• torch reached a validation accuracy of 90 % in 3 of 3 repeats, after 3.00 s" in text
    assert "• no ratio of torch to tf in time to that: 3 repeats of tf did not get there" in text
    assert "• this machine's noise floor at 3 repeats: ±" in text
    assert text.index("per training step") < text.index("waiting for every step")
