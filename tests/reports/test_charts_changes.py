"""The chart over folders held against the first of them."""

from __future__ import annotations

import re

import pytest

from bench.results import store
from reports import changed, charts_changes, page
from reports.load import load
from reports.render import html
from tests.reports.test_changed import fingerprint


@pytest.fixture
def folders(make_run, tmp_path):
    """Return a function that makes folders whose torch takes so much of its time."""

    def make(**factors):
        for name, factor in factors.items():
            results = make_run(tmp_path / name, files=False)
            results.content = "same"
            for trial in results.trials:
                trial.step_seconds *= factor if trial.contender == "torch" else 1.0
            store.write(tmp_path / name, results)
            (tmp_path / name / "parity").mkdir()
            for contender in ("tf", "torch"):
                fingerprint(tmp_path / name / "parity" / f"{contender}.safetensors")
        return load([tmp_path / name for name in factors])

    return make


def drawn(runs):
    found = changed.compare(runs, "step_seconds", None)
    return page.build(runs, changed=found, pictures=False), found


def test_each_contender_has_its_ratio_to_the_reference_in_its_own_colour(folders):
    made, _ = drawn(folders(before=1.0, after=1.3))
    (chart,) = made.changes
    text = re.sub(r"<!--|-->", " ", html(made))
    assert chart.title == "Time per training step against before"
    assert [chart.key for _, chart in made.charts] == ["overview-ratios", "changes"]
    section = text[text.index('id="changes"') :]
    assert "slower than before" in section[: section.index("The folders")]
    assert "1.30×" in section[: section.index("The folders")]
    assert all(f"var(--c{made.colours[name]})" in chart.markup for name in ("tf", "torch"))


def test_several_folders_have_a_heading_each(folders):
    made, found = drawn(folders(a=1.0, b=1.3, c=0.8))
    assert all(f"Handwritten digits: {name}" in made.changes[0].svg for name in "bc")
    assert charts_changes.draw(found, made.colours, png=False) is not None


def test_too_many_stay_in_the_tables(folders, monkeypatch):
    monkeypatch.setattr(charts_changes, "MOST_ROWS", 1)
    made, _ = drawn(folders(a=1.0, b=1.0))
    assert made.changes == []
    shown = html(made).split('id="changes"')[1].split("The folders")[0]
    assert "<svg" not in shown
    assert "The chart is left out, for it would have 2 rows: the tables below have them all." in shown


def test_what_no_axis_can_hold_is_said(folders, monkeypatch):
    monkeypatch.setattr(charts_changes, "draw", lambda *_: 1 / 0)
    made, _ = drawn(folders(a=1.0, b=1.0))
    assert "The chart could not be drawn (ZeroDivisionError): the tables below have every ratio." in html(made)


def test_the_chart_says_whose_intervals_hold_together(folders):
    made, _ = drawn(folders(a=1.0, b=1.3, c=0.8))
    (chart,) = made.changes
    assert "Of the contenders of one kind of work, in all folders, the intervals hold together." in chart.note
