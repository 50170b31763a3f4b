"""Folders held against the first: the command's screen, page and exit status."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from safetensors.numpy import save_file

from bench.results import store
from reports import changed, page
from reports.__main__ import main
from reports.load import load
from reports.render import html


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """No charts: they take long, and are not what is tested here."""

    def refuse(*_args, **_kwargs):
        raise ValueError("no charts in this test")

    monkeypatch.setattr(Figure, "__init__", refuse)


@pytest.fixture
def folder(make_run, tmp_path):
    """Return a function that makes a certified run whose torch takes `factor` of its time."""

    def make(name, factor=1.0, *, content="same", contenders=("tf", "torch"), change=None):
        place = tmp_path / name
        results = make_run(place, contenders=contenders, files=False)
        results.content = content
        for trial in results.trials:
            trial.step_seconds *= factor if trial.contender == "torch" else 1.0
        if change:
            change(results)
        store.write(place, results)
        (place / "parity").mkdir()
        for contender in contenders:
            fingerprint(place / "parity" / f"{contender}.safetensors")
        return place

    return make


def fingerprint(path):
    ones = np.ones(1)
    names = ("loss", "gradient_norm", "losses", "inference", "smoke/own/losses", "smoke/perturbed/losses")
    arrays = dict.fromkeys(names, ones) | dict.fromkeys(("reference/loaded", "reference/update"), np.zeros(1))
    about = {"content": "c", "layers": [], "num_parameters": 1, "mode": "by hand", "constants": []}
    save_file(arrays, path, metadata={"parallax": json.dumps(about)})


def ran(capsys, tmp_path, *arguments):
    """Return (exit status, lines on the screen) of the command."""
    status = main([*map(str, arguments), "--out", str(tmp_path / "all.html")])
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[-1] == str(tmp_path / "all.html")
    return status, lines[:-1]


def words(*folders, threshold=None):
    runs = load(list(folders))
    text = html(page.build(runs, changed=changed.compare(runs, "step_seconds", threshold), pictures=False))
    section = re.search(r'<section id="changes">.*?</section>', text, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section[0])).replace("\u202f", " ") if section else ""


def test_a_slow_down_that_is_shown_fails(folder, capsys, tmp_path):
    a, b = folder("a"), folder("b", 1.3)
    status, lines = ran(capsys, tmp_path, a, b, "--fail-if-slower", "5%")
    assert status == 1
    assert lines[0] == "compared with a; the runs were made apart: machine drift not controlled"
    assert lines[1] == "b: nothing else differs that was recorded"
    assert lines[2].startswith("slower: torch (b) is 1.30× slower than torch (a) per training step (95 % interval")
    assert lines[2].endswith("(the whole interval lies beyond 5 % slower)")
    assert "torch ÷ tf rose from 0.76 to 0.99 per training step, a factor of 1.30" in "".join(lines)
    assert lines[-1] == "judged by a slow-down of more than 5 %: 1 slower, 1 not resolved (exit status 1)"


def test_what_is_not_resolved_fails_where_that_is_asked_for(folder, capsys, tmp_path):
    a, b = folder("a"), folder("b")
    assert ran(capsys, tmp_path, a, b, "--fail-if-slower", "1%")[0] == 0
    status, lines = ran(capsys, tmp_path, a, b, "--fail-if-slower", "1%", "--strict")
    assert status == 1
    assert "not resolved: no difference resolved between" in "".join(lines)
    assert ran(capsys, tmp_path, a, b, "--fail-if-slower", "50%", "--strict")[0] == 0


def exported(place, *arguments):
    """Return (exit status, summary, a function that reads a table) of the exports over folders of results."""
    arguments = [*map(str, arguments), "--no-report", "--export", "csv,markdown", "--out", str(place / "all.html")]
    status = main(arguments)
    text = (place / "exports" / "summary.md").read_text(encoding="utf-8").replace("\\", "")
    return status, text, lambda name: pd.read_csv(place / "exports" / f"{name}.csv")


def test_the_exports_say_what_the_screen_does(folder, tmp_path):
    a, b = folder("a"), folder("b", 1.3, contenders=("tf", "torch", "jax"))
    other = folder("other", content="else")
    status, text, table = exported(tmp_path, a, b, other, "--fail-if-slower", "5%")
    assert status == 1
    heading, *groups = text.split("### Across runs: ")[:5]
    assert heading.startswith("## 3 runs")
    assert groups[0].startswith("folders held against a\n\nHas anything become slower?\n\n- judged by a slow-down")
    assert "- slower: torch (b) is 1.30× slower than torch (a) per training step" in groups[0]
    assert groups[0].count("other (mlp on Handwritten digits) is not compared: ") == 1
    assert "- jax, mlp on Handwritten digits, is in b alone, not in a" in groups[0]
    assert "| contender" not in groups[0]
    (torch,) = (group for group in groups if group.startswith("mlp on Handwritten digits, torch (b) against torch (a)"))
    assert "**Certified: the same work**: certified in float64: " in torch
    assert "| torch (b) | torch (a) | training step (throughput clock) | 1.30× (" in torch
    assert "| torch (b) | torch (a) | test accuracy | +0.00 points (" in torch
    assert any("ratios within the runs of b against those of a" in group for group in groups)
    checks, warned = table("checks"), table("warnings")
    assert (checks["contender"] == "torch (b)").any()
    apart = warned[warned["run"] == "folders held against a"]
    assert set(apart["kind"]) == {changed.NOT_COMPARED, changed.NOTE}
    assert apart["message"].str.contains("other .* is not compared").any()


def test_a_pair_that_is_not_certified_says_so_in_the_summary(folder, tmp_path):
    a, b = folder("a"), folder("b")
    (b / "parity" / "torch.safetensors").unlink()
    status, text, table = exported(tmp_path, a, b)
    assert status == 0
    assert "**NOT certified**: not certified: the fingerprint of torch (b) is missing" in text
    assert "Has anything become slower?" not in text
    checks = table("checks")
    assert "the fingerprint of torch (b) is missing" in set(checks["detail"])


def test_what_was_not_compared_never_passes(folder, capsys, tmp_path):
    a = folder("a")
    other = folder("other", content="else")
    status, lines = ran(capsys, tmp_path, a, other, "--fail-if-slower", "5%")
    assert status == 2
    assert any(line.startswith("cannot be judged: other (mlp on Handwritten digits) is not compared") for line in lines)
    departs = folder("departs")
    (departs / "parity" / "torch.safetensors").unlink()
    status, lines = ran(capsys, tmp_path, a, departs, "--fail-if-slower", "5%")
    assert status == 2
    assert "not certified as the same work: not certified: the fingerprint of torch (departs) is missing" in str(lines)
    sweep = tmp_path / "sweep"
    (sweep / "0").mkdir(parents=True)
    assert ran(capsys, tmp_path, a, sweep, "--fail-if-slower", "5%")[0] == 2


@pytest.mark.parametrize("names", [("a", "EMPTY"), ("EMPTY", "a"), ("a", "EMPTY", "same")])
def test_a_folder_without_results_never_passes(folder, capsys, tmp_path, names):
    (tmp_path / "EMPTY").mkdir()
    folders = [folder(name) if name != "EMPTY" else tmp_path / name for name in names]
    status, lines = ran(capsys, tmp_path, *folders, "--fail-if-slower", "50%")
    assert status == 2
    assert "cannot be judged: EMPTY is not compared: it holds no results" in lines
    text = words(*folders)
    assert "EMPTY is not compared: it holds no results." in text
    assert " EMPTY none " in text
    assert " a 1 run: ok " in text


def test_a_gate_with_nothing_to_judge_does_not_pass(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(changed, "compare", lambda *_: None)
    folders = [str(folder(name)) for name in "ab"]
    assert main([*folders, "--fail-if-slower", "5%", "--out", str(tmp_path / "all.html")]) == 2
    assert "there was nothing to compare" in capsys.readouterr().err


def test_the_page_says_what_was_compared_and_lists_slow_downs_first(folder):
    def change(results):
        results.machine["cpu"] = "Other <b>"
        results.contenders[1].versions["torch"] = "2.16.0"
        results.status = "interrupted"
        results.command = "python -m bench <script>"

    def before(results):
        results.contenders[1].versions["torch"] = "2.15.0"

    text = words(folder("a", change=before), folder("b", 1.3, change=change))
    assert text.index("Slower by more than 5 %") < text.index("torch (b) is 1.30× slower than torch (a)")
    assert text.index("torch (b) is 1.30× slower") < text.index("The folders")
    assert "the intervals are unpaired, and machine drift is not controlled" in text
    assert "b was interrupted: what is compared are its 6 finished trials" in text
    assert "another machine (cpu); torch 2.16.0 against 2.15.0" in text
    assert "AMD EPYC 9R14, 2 cores, no GPU" in text
    assert "Other &lt;b&gt;, 2 cores" in text
    assert "python -m bench &lt;script&gt;" in text
    assert "Certified: the same work torch (b) and torch (a): certified in float64" in text
    assert "How the ratios within the runs have changed" in text
    assert "The answers to" not in text


def test_without_a_slow_down_the_page_says_what_that_does_not_mean(folder):
    text = words(folder("a"), folder("b"), threshold=0.5)
    assert "No slow-down by more than 50 % is shown" in text
    assert "That is no proof that there is none" in text
    assert "The answers to --fail-if-slower 50 % not slower: no difference resolved" in text


def test_what_could_not_be_judged_is_counted_beside_what_could(folder):
    def alone(results):
        results.trials = [trial for trial in results.trials if trial.contender == "tf" or trial.repeat == 0]

    def first(results):
        results.trials = [trial for trial in results.trials if trial.repeat == 0]

    some = words(folder("a"), folder("b", change=alone))
    assert "of 6 comparisons that could be judged, none has its whole interval beyond it" in some
    assert "6 more could not be judged: not certified as the same work, or without an interval" in some
    none = words(folder("c"), folder("d", change=first))
    assert "Whether anything has become slower could not be judged" in none
    assert "No slow-down" not in none
    assert "could not be judged" not in words(folder("e"), folder("f"))


def test_what_is_cut_says_so(folder, monkeypatch):
    def change(results):
        results.status = "interrupted"

    monkeypatch.setattr("reports.render.MOST_ROWS", 1)
    text = words(*(folder(name, 1.3, change=change) for name in "abc"), threshold=0.05)
    head, table = text.split("The folders")
    assert head.count("more that are not shown here") == 2, "answers and notes"
    assert "… and 2 more that are not shown here" in table, "folders"
    assert "results.json" not in text


def test_one_folder_is_held_against_none(folder, sweep_folder, capsys):
    assert changed.compare(load([sweep_folder]), "step_seconds", None) is None
    assert words(folder("a")) == ""


def test_a_class_of_students_is_told_in_short(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(changed, "MOST_LINES", 3)
    folders = [folder(f"s{number}") for number in range(4)]
    status, lines = ran(capsys, tmp_path, *folders)
    assert status == 0
    assert "… and 9 more in the report" in lines
    assert len(words(*folders)) > 1000
