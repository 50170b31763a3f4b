"""Compute, input, loop on the page."""

from __future__ import annotations

import re

import pytest

from bench.results import store
from reports import page as pages
from reports import parts
from reports.figure import canvas
from reports.load import load
from reports.render import html

STEPS = 1010 // 64


@pytest.fixture
def page_of(make_run, tmp_path):
    """Return the function that writes a run whose steps and inputs are given in ms, and returns view and words."""

    def make(tf, torch, **options):
        results = make_run(tmp_path, **({"repeats": 3, "files": False} | options))
        for trial in results.trials:
            compute, alone, step = tf if trial.contender == "tf" else torch
            trial.step_seconds = (compute + 0.001 * trial.repeat) / 1e3
            trial.input_seconds = None if alone is None else alone / 1e3
            trial.epoch_seconds = (step + 0.001 * trial.repeat) / 1e3 * STEPS
            store.write(tmp_path, results)
        page = pages.build(load([tmp_path]), pictures=False)
        text = re.sub(r"<(style|svg).*?</\1>", "", html(page), flags=re.DOTALL)
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("\u202f", " ")
        return page.views[0], text

    return make


def test_the_page_says_what_is_compute_and_what_is_input(page_of):
    view, text = page_of((2, 3, 4), (1.5, 1, 1.6))
    assert "most of it input and loop together (95 % interval" in text.replace(" ( 95", " (95")
    assert "tf: 4.00 ms per step end to end = 2.00 ms compute + 2.00 ms waiting for input (at most) + 0 s loop" in text
    assert "at least 33 % of it hides behind compute (3 repeats)." in text
    assert "tf 4.00 ms 2.00 ms 3.00 ms 2.00 ms 33.3 % 33.3 % to 33.3 %" in re.sub("[●\u00a0 ]+", " ", text)
    difference = re.sub("[●\u00a0 ]+", " ", text).partition("torch − tf")[2]
    assert re.match(r".{0,20}−2\.40 ms", difference)
    assert "−500 µs" in difference[:120]
    assert "−1.90 ms" in difference[:160]
    assert "parts" in {chart.key for chart in view.speed}


def bars_of(view):
    """Return left ends and widths, in ms: compute, waiting, loop, and the outline of the pipeline alone."""
    with canvas(2) as (_, axes):
        parts._bar(axes, 0.0, view.parts.shares[0], "#000000")
        return [(round(bar.get_x(), 2), round(bar.get_width(), 2)) for bar in axes.patches]


@pytest.mark.parametrize(
    ("clocks", "bars"),
    [
        ((2, 3, 6), [(0, 2), (2, 3), (5, 1), (2, 3)]),
        ((4, 2, 5), [(0, 4), (4, 1), (5, 0), (3, 2)]),
        ((4, 2, 3.5), [(0, 4), (4, 0), (4, 0), (2, 2)]),
        ((1, 6, 4), [(0, 1), (1, 3), (4, 0), (0, 6)]),
        ((2, None, 3), [(0, 2), (2, 0), (2, 1)]),
    ],
)
def test_the_bars_are_as_long_as_the_parts(page_of, clocks, bars):
    view, _ = page_of(clocks, clocks, repeats=1)
    assert bars_of(view) == bars


def test_without_an_input_clock_nothing_is_made_up(page_of):
    view, text = page_of((2, None, 4), (1.5, None, 1.6))
    assert "2.00 ms input and loop (the pipeline alone was not clocked)" in text
    assert "hides behind compute (" not in text
    [chart] = [chart for chart in view.speed if chart.key == "parts"]
    assert "input and loop" in chart.svg
    assert "waiting for input" not in chart.svg
    assert "Outline" not in chart.note


def test_a_loop_below_zero_is_said(page_of):
    view, text = page_of((2, 0.5, 1.9), (1.5, 1, 1.6))
    assert "5.0 % less than the compute clock alone says: neither input nor loop shows" in text
    assert "−100 µs" in text
    [chart] = [chart for chart in view.speed if chart.key == "parts"]
    assert "Where a step takes less than its compute clock" in chart.note


def test_an_uncertified_gap_is_marked(make_run, tmp_path):
    results = make_run(tmp_path, files=False)
    results.parity.checks.clear()
    found = parts.view(results)
    assert "uncertified" in found.why[0]


def test_a_lone_contender_has_no_gap(make_run, tmp_path):
    results = make_run(tmp_path, contenders=("torch",), files=False)
    found = parts.view(results)
    assert (len(found.shares), found.gaps) == (1, [])


def test_results_without_both_clocks_have_no_parts(make_run, tmp_path):
    results = make_run(tmp_path, files=False)
    for trial in results.trials:
        trial.epoch_seconds = None
    found = parts.view(results)
    assert found.shares == []
    assert parts.draw(found, {}, "p", png=False) == []
    store.write(tmp_path, results)
    assert "Compute, input, loop" not in html(pages.build(load([tmp_path]), pictures=False))


@pytest.mark.parametrize("value", [1e300, 1e-300])
def test_absurd_times_cost_the_chart_at_most(page_of, value):
    view, text = page_of((value, value, value), (1.5, 1, 1.6))
    assert "Evidence" in text
    assert view.parts.shares or view.gaps
