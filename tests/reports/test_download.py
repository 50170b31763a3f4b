"""The raw trials inside the page, and the drawing of the network."""

from __future__ import annotations

import base64
import csv
import io
import json
import math

import pytest

from bench.results import store
from bench.results.schema import Layer
from reports import download, network
from reports import page as pages
from reports.load import load
from reports.render import html


def content(file):
    return base64.b64decode(file.address.partition("base64,")[2])


def files(folders):
    found = download.view(load(folders))
    return found, {file.name: content(file) for file in found.files}


def test_csv_and_json_hold_every_trial(run_folder):
    found, inside = files([run_folder])
    trials = store.read(run_folder).trials
    rows = list(csv.DictReader(io.StringIO(inside["trials.csv"].decode())))
    assert [(row["contender"], int(row["repeat"])) for row in rows] == [(t.contender, t.repeat) for t in trials]
    assert [float(row["step_seconds"]) for row in rows] == [t.step_seconds for t in trials]
    assert [float(row["phases.train"]) for row in rows] == [t.phases["train"] for t in trials]
    assert [item["metrics"] for item in json.loads(inside["trials.json"])] == [t.metrics for t in trials]
    assert (found.trials, found.remarks) == (6, [])
    assert found.files[0].bytes == len(inside["trials.csv"])


def test_the_page_offers_them_without_a_script(run_folder):
    text = html(pages.build(load([run_folder]), pictures=False))
    assert 'download="trials.csv" href="data:text/csv;charset=utf-8;base64,' in text
    assert 'download="trials.json" href="data:application/json;charset=utf-8;base64,' in text


def test_the_trials_of_several_runs_say_which(make_run, tmp_path):
    for name in "ab":
        make_run(tmp_path / name, repeats=1, files=False)
    _, inside = files([tmp_path / "a", tmp_path / "b"])
    assert [item["run"] for item in json.loads(inside["trials.json"])] == ["a", "a", "b", "b"]
    assert inside["trials.csv"].startswith(b"run,contender,")


def test_what_is_too_large_is_thinned_then_left_out_and_said(run_folder, monkeypatch):
    results = store.read(run_folder)
    for trial in results.trials:
        trial.curves = {"train_loss": [0.5] * 500}
    store.write(run_folder, results)
    monkeypatch.setattr(download, "MOST_BYTES", 20_000)
    found, inside = files([run_folder])
    assert list(inside) == ["trials.csv", "trials.json"]
    assert "curves" not in json.loads(inside["trials.json"])[0]
    assert "leaves out curves" in found.remarks[0]
    monkeypatch.setattr(download, "MOST_BYTES", 100)
    found, inside = files([run_folder])
    assert inside == {}
    assert all("too large for a page" in remark and "results.json" in remark for remark in found.remarks)
    assert "too large for a page" in html(pages.build(load([run_folder]), pictures=False))


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\ta"])
def test_no_cell_is_a_formula(make_run, tmp_path, name):
    make_run(tmp_path, contenders=("tf", name), repeats=1, files=False)
    _, inside = files([tmp_path])
    rows = list(csv.DictReader(io.StringIO(inside["trials.csv"].decode())))
    assert rows[1]["contender"] == f"'{name}"
    assert json.loads(inside["trials.json"])[1]["contender"] == name


def test_what_is_no_number_is_null(run_folder):
    runs = load([run_folder])
    runs[0].results.trials[0].step_seconds = math.inf
    inside = {file.name: content(file) for file in download.view(runs).files}
    assert json.loads(inside["trials.json"])[0]["step_seconds"] is None


def test_no_trial_no_files(run_folder):
    results = store.read(run_folder)
    results.trials = []
    store.write(run_folder, results)
    assert 'id="raw"' not in html(pages.build(load([run_folder]), pictures=False))


@pytest.fixture
def run_folder(make_run, tmp_path):
    """A run's folder without the files of its trials: the page is made in a moment."""
    make_run(tmp_path / "run", files=False)
    return tmp_path / "run"


@pytest.fixture
def joined(run_folder):
    """The run with a model whose rows say how they are joined."""
    results = store.read(run_folder)
    results.model.input_shape, results.model.outputs = [8, 8, 1], 10
    results.model.layers.append(Layer(name="<i>", kind="add", output_shape=[10], parameters=0, flops=0, branches=2))
    store.write(run_folder, results)
    return run_folder


def test_the_network_is_drawn_and_kept_as_a_file(joined):
    page = pages.build(load([joined]), pictures=False)
    charts = dict(page.charts)
    assert "<style>" in charts["network"].svg
    text = html(page)
    assert '<details class="network" open>' in text
    assert "&lt;i&gt;" in text
    assert "<i>" not in text[text.index('class="network"') :].partition("</svg>")[0]


def test_a_long_network_is_folded_and_shown_once(joined):
    model = store.read(joined).model
    model.layers = [Layer(name=f"l{n}", kind="relu", output_shape=[1], parameters=0, flops=0) for n in range(40)]
    shown = {}
    assert network.view(model, "run-0", shown).folded
    assert network.view(model, "run-1", shown).same_as == "run-0"


def test_a_network_that_cannot_be_drawn_is_said(joined):
    model = store.read(joined).model
    model.layers[0].branches = 10**9
    assert "No drawing" in network.view(model, "run-0", {}).gap
    model.input_shape = []
    assert "do not say how the layers are joined" in network.view(model, "run-0", {}).gap
