"""What a task is judged by, wherever a report shows it: accuracy, or a regression's mean absolute error."""

from __future__ import annotations

import re

import pytest

from bench.results import store
from reports import format as fmt
from reports import page as pages
from reports.load import load
from reports.render import html


def write_regression(make_run, folder):
    """Write the run of a regression on a table and return its results."""
    results = make_run(folder)
    results.dataset.task, results.dataset.input_shape, results.dataset.classes = "regression", [10], []
    results.dataset.counts = {"train": [283], "val": [71], "test": [88]}
    for trial in results.trials:
        more = 0.123 * trial.repeat if trial.contender == "torch" else 0.0
        trial.metrics = {"test_mae": 44.4 + 0.5 * trial.repeat + more, "test_loss": 0.59}
        epochs = folder / trial.folder / "epochs.csv"
        epochs.write_text(epochs.read_text().replace("accuracy", "mae"))
    store.write(folder, results)
    return results


@pytest.fixture
def regression(make_run, tmp_path):
    write_regression(make_run, tmp_path / "table")
    return tmp_path / "table"


def words(text):
    plain = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", plain).replace("\u202f", " ")


def rendered(*folders):
    return html(pages.build(load(list(folders)), pictures=False))


def test_nothing_in_a_regressions_report_is_about_accuracy_or_images(regression):
    text = rendered(regression)
    assert "accurac" not in text.lower()
    assert "images/s" not in text
    assert "per image" not in text
    seen = words(text)
    assert "torch and tf agree in test MAE within ±0.43" in seen
    assert "44.9 ± 0.50" in seen
    assert "samples/s" in seen
    assert "FLOPs per sample" in seen
    assert "± is the standard deviation. A ratio" in seen
    assert "+0.123 −0.183 to +0.429" in seen
    assert "The mean absolute error over the test samples, in the target's own units." in seen
    assert "Loss and MAE over validation and test data" in seen
    for cell in (">test MAE</th>", 'data-label="test MAE"'):
        assert cell in text


def test_a_regression_has_the_curves_of_its_error(regression):
    page = pages.build(load([regression]), pictures=False)
    charts = {name: chart for name, chart in page.charts if "-epochs" in name or "-seconds" in name}
    assert charts.keys() == {"loss-epochs", "mae-epochs", "loss-seconds", "mae-seconds"}
    assert charts["mae-epochs"].title == "Mean absolute error against epochs"


def test_a_lone_regression_says_its_error(make_run, regression):
    results = write_regression(make_run, regression.parent / "alone")
    results.trials = [trial for trial in results.trials if trial.contender == "torch"]
    results.contenders, results.comparison, results.agreement = results.contenders[1:], [], []
    store.write(regression.parent / "alone", results)
    assert re.search(
        r"torch alone: 1\.\d\d ms per training step, test MAE 45\.0", words(rendered(regression.parent / "alone"))
    )


def test_a_classifications_report_says_nothing_of_an_error(run_folder):
    text = rendered(run_folder)
    assert "MAE" not in text
    assert "mean absolute error" not in text.lower()
    assert "Loss and accuracy over validation and test data" in words(text)
    assert "its sign" in text
    assert "images/s" in text


def test_a_sweep_over_both_names_what_each_run_is_judged_by(regression, run_folder):
    text = rendered(regression, run_folder)
    head = text.split("<article")[0]
    assert "test MAE or test accuracy</th>" in words_kept(head)
    assert 'data-label="test MAE"' in head
    assert 'data-label="test accuracy"' in head
    assert "44.9 ± 0.50 test MAE" in words(head)
    assert "97.4 % ± 0.20 test accuracy" in words(head)
    assert "samples/s, images/s" in words(text)


def words_kept(text):
    return re.sub(r"\s+", " ", text)


def test_a_table_cell_of_either():
    assert fmt.quality(0.9722, "test_accuracy") == "97.2\u202f%"
    assert fmt.quality(44.44, "test_mae") == "44.4"
    assert fmt.quality(None, "test_mae") == fmt.NONE
    assert fmt.spread(0.002, "test_accuracy") == "0.20"
    assert fmt.spread(0.123, "test_mae") == "0.12"
    assert fmt.difference(-0.5, "test_mae") == "−0.500"
