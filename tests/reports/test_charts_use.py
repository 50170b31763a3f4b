"""Charts of the target, of prediction and of memory; what was not measured is said."""

from __future__ import annotations

import re

import pytest

from bench.results import store
from reports import charts_target, charts_use, measured
from reports import page as pages
from reports.load import load
from reports.render import html

COLOURS = {"tf": 0, "torch": 1}


@pytest.fixture
def results(make_run, tmp_path):
    found = make_run(tmp_path, repeats=3, files=False)
    for trial in found.trials:
        trial.predict_rates = {"1": 1000.0, "32": 20_000.0}
        trial.memory = {"start": 30 * 2**20, "peak": (500 + 100 * trial.repeat) * 2**20}
    return found


def texts(chart):
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart.svg)


def charts(results):
    return {chart.key: chart for chart in charts_use.draw(results, "images", COLOURS, "run-0", False)}


def test_rates_and_memory_are_drawn(results):
    found = charts(results)
    assert list(found) == ["predict-rates", "memory"]
    assert {"1", "32", "images per second (log scale)"} <= set(texts(found["predict-rates"]))
    assert "tf   700\u202fMiB" in texts(found["memory"]), "the largest of all repeats"
    assert "Outline" not in found["memory"].note


def test_a_device_has_an_outline(results):
    for trial in results.trials:
        trial.memory["device"] = 2 * 2**30
    assert "Outline: the device." in charts(results)["memory"].note
    assert any("2.00\u202fGiB on the device" in text for text in texts(charts(results)["memory"]))


def test_what_was_not_measured_is_no_chart(results):
    for trial in results.trials:
        trial.predict_rates, trial.memory = {"1": 1000.0}, {}
    assert charts(results) == {}


@pytest.mark.parametrize(
    "rates",
    [{"x": 1.0, "-3": 2.0}, {"1": 0.0, "2": -1.0}, {"1": float("nan"), "2": float("inf")}, {"0": 1, "9" * 30: 1}],
)
def test_hostile_rates_cost_a_chart_at_most(results, rates):
    for trial in results.trials:
        trial.predict_rates = rates
    assert "predict-rates" not in charts(results)


def test_absent_is_said_and_present_is_not(results):
    absent = measured.view(results).absent
    assert any(sentence.startswith("Energy was not measured") for sentence in absent)
    assert any(sentence.startswith("No large matrix product") for sentence in absent)
    assert not any("Prediction by batch size" in sentence or "of the process" in sentence for sentence in absent)
    for trial in results.trials:
        trial.energy_joules, trial.phases["train"] = 100.0, 4.0
    found = measured.view(results)
    assert found.energy["tf"] == ("100\u202fJ", "25.0\u202fW")
    assert not any(sentence.startswith("Energy") for sentence in found.absent)


def test_energy_is_never_zero(results, tmp_path):
    results.trials[0].energy_joules = 100.0
    results.trials[0].phases["train"] = 4.0
    store.write(tmp_path, results)
    text = html(pages.build(load([tmp_path]), pictures=False))
    assert "100\u202fJ" in text
    assert ">0\u202fJ" not in text
    assert list(measured.view(results).energy) == ["tf"]


def aim(results, times):
    results.config["train"]["target"] = 0.9
    for trial in results.trials:
        trial.target = 0.9
        trial.target_seconds, trial.target_reached = times[trial.contender][trial.repeat]


def target(results):
    return charts_target.draw(results, COLOURS, "run-0", False)


def test_time_to_the_target_is_drawn_with_who_did_not_get_there(results):
    aim(results, {"tf": [(1.0, True), (2.0, True), (3.0, True)], "torch": [(1.0, True), (9.0, False), (9.0, False)]})
    (chart,) = target(results)
    assert chart.title == "Training until a validation accuracy of 90 %"
    assert "tf   3 of 3 got there, median 2.00\u202fs" in texts(chart)
    assert "torch   1 of 3 got there, median over 9.00\u202fs" in texts(chart)
    assert "An arrow" in chart.note


def test_all_there_needs_no_arrow(results):
    aim(results, {"tf": [(1.0, True)] * 3, "torch": [(2.0, True)] * 3})
    assert "arrow" not in target(results)[0].note


def test_no_target_no_chart(results):
    assert target(results) == []
    results.config["train"]["target"] = 0.9
    assert target(results) == [], "nobody trained for it"
