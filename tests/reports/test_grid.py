from __future__ import annotations

import dataclasses
import math
import re

import pytest

from bench.results import store
from bench.results.schema import Results
from reports import charts_grid, palette
from reports.grid import grids
from reports.load import load
from reports.overview import overview
from reports.settings import varying
from reports.view import view


@pytest.fixture
def sweep(make_run, tmp_path):
    """A sweep of 2 datasets × 3 models: resolved, open, uncertified, failed, alone, and one never run."""

    def write(number, dataset, model, **options):
        folder = tmp_path / str(number)
        make_run(folder, dataset=dataset, model=model, repeats=1, files=False, **options)
        (folder / ".hydra").mkdir()
        (folder / ".hydra" / "overrides.yaml").write_text(f"- dataset={dataset}\n- model={model}\n")

    write(0, "digits", "mlp")
    write(1, "digits", "cnn")
    write(2, "digits", "vgg")
    write(3, "mnist", "mlp", contenders=("tf",))
    write(4, "mnist", "cnn")
    store.write(tmp_path / "4", Results(status="failed", message="no such GPU"))
    return tmp_path


RATIOS = ((0.76, 0.71, 0.81, True), (0.95, 0.8, 1.1, True), (0.76, 0.71, 0.81, False))


def loaded(folder):
    """The runs of `sweep`, the first three with what is said to have come out."""
    runs = load([folder])
    for run, (ratio, low, high, certified) in zip(runs, RATIOS, strict=False):
        item = run.results.comparison[0]
        item.ratio, item.low, item.high, item.certified = ratio, low, high, certified
    return runs


def found(folder):
    runs = loaded(folder)
    return grids([view(run, "run", {}) for run in runs], varying(runs))


def test_a_cell_holds_one_ratio_or_says_why_not(sweep):
    (grid,) = found(sweep)
    assert (grid.contender, grid.baseline, grid.fixed) == ("torch", "tf", "")
    assert (grid.row_key, grid.rows) == ("model", ["mlp", "cnn", "vgg"])
    assert (grid.column_key, grid.columns) == ("dataset", ["digits", "mnist"])
    assert [[cell.text for cell in line] for line in grid.cells] == [
        ["0.76×", "not applicable"],
        ["0.95×", "failed"],
        ["0.76×", "not run"],
    ]
    assert [line[0].small for line in grid.cells] == ["0.71–0.81", "0.80–1.10", "uncertified"]
    assert [line[0].resolved for line in grid.cells] == [True, False, True]


def test_runs_of_the_same_settings_are_never_averaged(sweep):
    (sweep / "5" / ".hydra").mkdir(parents=True)
    for name in ("results.json", ".hydra/overrides.yaml"):
        (sweep / "5" / name).write_text((sweep / "0" / name).read_text())
    (grid,) = found(sweep)
    assert (grid.cells[0][0].text, grid.cells[0][0].ratio) == ("2 runs", None)


def test_a_third_setting_makes_a_grid_for_each_of_its_values(sweep):
    for number in range(5):
        path = sweep / str(number) / ".hydra" / "overrides.yaml"
        path.write_text(path.read_text() + f"- train.batch_size={32 if number < 2 else 64}\n")
    assert [grid.fixed for grid in found(sweep)] == ["batch_size=32", "batch_size=64"]
    for number in range(5):
        (sweep / str(number) / ".hydra" / "overrides.yaml").write_text(f"- train.seed={number}\n")
    assert found(sweep) == [], "one setting makes no grid"


def test_the_map_is_drawn_with_every_number(sweep):
    runs = loaded(sweep)
    all_ = overview([view(run, "run", {}) for run in runs], {"tf": 0, "torch": 1}, png=True)
    (chart,) = all_.grids
    assert chart.title == "Time per training step, torch ÷ tf, by model and dataset"
    assert [item.key for item in all_.charts] == ["grid-0"]
    assert chart.png is not None
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", str(chart.markup))
    for text in ("0.76×", "0.95×", "uncertified", "applicable", "failed", "not run", "digits", "vgg", "◂ faster"):
        assert text in texts
    assert str(chart.markup).count("<pattern") == 1, "hatched where the interval holds 1"
    assert {"var(--faster)", "var(--slower)"} <= set(re.findall(r"var\(--\w+\)", str(chart.markup)))


def test_what_is_not_certified_has_no_colour_and_no_say_in_the_scale(sweep):
    (grid,) = found(sweep)
    grid.cells[2][0] = dataclasses.replace(grid.cells[2][0], ratio=0.01)
    (chart,) = charts_grid.draw([grid], png=False)
    assert "0.67× and less" in str(chart.markup), "0.76 ends the scale at 1.5, not 0.01 at 100"
    assert "Without colour: not certified as the same work." in chart.note
    grid.cells = [line[:1] for line in grid.cells[:1]]
    grid.rows, grid.columns = grid.rows[:1], grid.columns[:1]
    (chart,) = charts_grid.draw([grid], png=False)
    assert "Without colour" not in chart.note
    assert "Hatched" not in chart.note


def test_a_cell_says_where_there_is_no_interval_and_of_how_many_it_holds(sweep):
    runs = loaded(sweep)
    item = runs[0].results.comparison[0]
    item.low = item.high = None
    item.family = 3
    (grid,) = grids([view(run, "run", {}) for run in runs], varying(runs))
    assert (grid.cells[0][0].small, grid.cells[0][0].resolved) == ("no interval", False)
    assert "95 % interval for 3 contenders of a run together" in charts_grid.draw([grid], png=False)[0].note


def test_colours_are_as_far_from_the_middle_as_ratios_on_a_log_scale():
    assert charts_grid.colour_of(1.0, 2.0)[1] == 0
    faster, slower = charts_grid.colour_of(0.5, 2.0), charts_grid.colour_of(2.0, 2.0)
    assert (faster[0], slower[0]) == (palette.FASTER, palette.SLOWER)
    assert faster[1] == pytest.approx(slower[1])
    assert charts_grid.colour_of(math.sqrt(2), 2.0)[1] == pytest.approx(slower[1] / 2)
    assert charts_grid.colour_of(100.0, 2.0)[1] == slower[1]


@pytest.mark.parametrize(
    ("ink", "paper", "ends"),
    [
        ("#1c2128", "#ffffff", (palette.FASTER, palette.SLOWER)),
        ("#e6e9ed", "#12161b", (palette.FASTER_DARK, palette.SLOWER_DARK)),
    ],
)
def test_numbers_stand_out_from_the_strongest_colour(ink, paper, ends):
    for end in ends:
        mixed = [
            charts_grid.STRONGEST * a + (1 - charts_grid.STRONGEST) * b
            for a, b in zip(rgb(end), rgb(paper), strict=True)
        ]
        assert contrast(rgb(ink), mixed) >= 4.5


def rgb(colour):
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def contrast(one, other):
    light = [
        sum(
            w * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
            for w, v in zip((0.2126, 0.7152, 0.0722), colour, strict=True)
        )
        for colour in (one, other)
    ]
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_absurd_ratios_cost_a_cell_at_most(sweep):
    results = store.read(sweep / "0")
    results.comparison[0].ratio = 1e300
    store.write(sweep / "0", results)
    results = store.read(sweep / "1")
    results.comparison[0].ratio, results.comparison[0].low = -1.0, 1e308
    store.write(sweep / "1", results)
    all_ = overview([view(run, "run", {}) for run in load([sweep])], {}, png=False)
    assert len(all_.grids) == 1
    assert all_.more == ""
