"""How each number was measured, on the page."""

from __future__ import annotations

import re

from bench.results import store
from reports import measured
from reports import page as pages
from reports.load import load
from reports.render import html


def told(folder):
    text = re.sub(r"<(style|svg).*?</\1>", "", html(pages.build(load([folder]), pictures=False)), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("\u202f", " ")


def measure(results):
    for trial in results.trials:
        slower = 1 + trial.repeat
        trial.clocked = {"throughput": 50 + trial.repeat, "latency": 1000, "predict/1": 12, "epoch": 10}
        trial.predict_latency_seconds = {"p50": 2e-4 * slower, "p95": 3e-4 * slower, "p99": 4e-4 * slower}
        trial.predict_rates = {"1": 5000.0, "32": 1e5, "256": 4e5}
        trial.memory = {"start": 30 * 2**20, "peak": (500 + trial.repeat) * 2**20, "workers": 0}
    results.config["measure"] = {"interleave": "turns"}


def test_every_number_says_what_was_clocked_and_how_often(make_run, tmp_path):
    results = make_run(tmp_path, repeats=3, files=False)
    measure(results)
    view = measured.view(results)
    rows = {row.clock.number: row.readings for row in view.clocks}
    assert rows["time per step"] == ["50–52", "50–52"]
    assert rows["latency"] == ["1,000", "1,000"]
    assert "input" not in rows, "nobody clocked it"
    store.write(tmp_path, results)
    text = told(tmp_path).replace("&#39;", "'")
    assert "How each number was measured While the training step and prediction were clocked, the contenders" in text
    assert "time per step the framework's own training step on one batch on the device, again and again" in text


def test_prediction_and_memory_have_their_tables(make_run, tmp_path):
    results = make_run(tmp_path, repeats=2, files=False)
    measure(results)
    view = measured.view(results)
    assert view.sizes == ["1", "32", "256"]
    assert view.predictions["tf"][0].replace("\u202f", " ") == "283 µs", "the geometric mean of 200 and 400"
    assert view.memory["tf"] == [each.replace(" ", "\u202f") for each in ("501 MiB", "30.0 MiB", "0 B")]
    results.trials[0].memory["device"] = 2**30
    assert [measured.view(results).memory[name][3] for name in ("tf", "torch")] == ["1.00\u202fGiB", "–"], "no zero"
    store.write(tmp_path, results)
    assert "images/s by 256" in told(tmp_path)


def test_a_run_of_an_earlier_version_has_none_of_it(make_run, tmp_path):
    make_run(tmp_path, repeats=2, files=False)
    text = told(tmp_path)
    assert "How each number was measured" not in text
    assert "images/s by" not in text


def test_the_pilot_and_the_environments_are_told(make_run, tmp_path):
    results = make_run(tmp_path, repeats=2, files=False)
    measure(results)
    results.pilot = {"repeats": 3, "spread": 0.031, "wanted": 0.02, "chosen": 14}
    results.contenders[1].python = "/venvs/other/bin/python"
    store.write(tmp_path, results)
    text = told(tmp_path)
    assert "ratio scattered by 3.1 %, and 14 were taken" in text
    assert text.index("Not one installation:") < text.index("per training step")
