"""Work on the page: the sentences and the table say the same, and nothing is made up."""

from __future__ import annotations

import re

import pytest

from bench.results import store
from reports import page as pages
from reports.load import load
from reports.render import html

TITLE = "Work: what a step achieves"


@pytest.fixture
def text_of(make_run, tmp_path):
    """Return the function that writes a run of 2 ms steps with these rates of a large product; it returns the words."""

    def make(rates, step_flops=1_000_000):
        results = make_run(tmp_path, files=False)
        results.model.step_flops = step_flops
        results.model.layers[1].step_flops = 750_000
        for trial in results.trials:
            trial.step_seconds, trial.throughput = 2e-3, 32_000.0
            trial.matrix_product_flops = rates[trial.contender]
            trial.matrix_product_size = 2048 if rates[trial.contender] else None
        store.write(tmp_path, results)
        text = html(pages.build(load([tmp_path]), pictures=False))
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<(style|svg).*?</\1>", "", text, flags=re.DOTALL)))
        return re.sub("[●\u00a0 ]+", " ", text.replace("\u202f", " ").replace("&nbsp;", " "))

    return make


def test_the_page_says_what_is_achieved_of_what(text_of):
    text = text_of({"tf": 4e11, "torch": 2e11})
    assert TITLE in text
    assert (
        "tf: 64.0 MFLOP of matrix products and convolutions per step, at 32.0 GFLOP/s: 8.0 % of the 400 GFLOP/s" in text
    )
    assert "tf 64.0 MFLOP 32.0 GFLOP/s 400 GFLOP/s 2048 × 2048 8.0 % 8.0 % to 8.0 % 3" in text
    assert "torch 64.0 MFLOP 32.0 GFLOP/s 200 GFLOP/s 2048 × 2048 16 % 16 % to 16 % 3" in text
    assert "1.00 MFLOP in the matrix products and convolutions of a training step" in text
    assert "8,320 16,512 750,000" in text, "the layers' own"


def test_without_a_large_product_there_is_no_share(text_of):
    text = text_of({"tf": 4e11, "torch": None})
    assert "at 32.0 GFLOP/s (no large matrix product was clocked to hold it against)" in text
    assert "torch 64.0 MFLOP 32.0 GFLOP/s – – 3" in text


def test_results_that_do_not_know_the_work_have_no_section(text_of):
    text = text_of({"tf": 4e11, "torch": 2e11}, step_flops=0)
    assert TITLE not in text
    assert "matrix products and convolutions" not in text


@pytest.mark.parametrize("value", [1e300, 1e-300, -1.0])
def test_absurd_rates_cost_nothing_else(text_of, value):
    text = text_of({"tf": value, "torch": 2e11})
    assert "Evidence" in text
