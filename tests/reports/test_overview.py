from __future__ import annotations

from bench.results import certificate, store
from bench.results.schema import Parity
from bench.results.summary import names
from reports import palette
from reports.load import load
from reports.overview import overview
from reports.page import Page
from reports.render import html
from reports.view import view


def over(folder, ratios=()):
    """The overview alone, over `ratios` that are said to have come out: no chart of any run is drawn."""
    runs = load([folder])
    for run, found in zip(runs, ratios, strict=False):
        item = run.results.comparison[0]
        item.ratio, item.low, item.high, item.certified = found
    colours = palette.assign([names(run.results) for run in runs if run.results])
    return overview([view(run, f"run-{place}", colours) for place, run in enumerate(runs)], colours, png=False)


def head(folder):
    page = Page(title="runs", views=[row.view for row in over(folder).rows], overview=over(folder))
    return html(page).split("<article")[0]


def test_who_is_faster_is_counted_over_certified_runs(make_run, tmp_path):
    ratios = [(0.8, 0.7, 0.9, True), (1.5, 1.4, 1.6, True), (0.9, 0.8, 1.1, True), (0.1, 0.1, 0.2, False)]
    ratios.append((0.9, None, None, True))
    for number in range(len(ratios)):
        make_run(tmp_path / str(number), repeats=1, files=False)
    assert over(tmp_path, ratios).standings == [
        "torch is faster than tf in 1 of 4 certified runs, slower in 1, not resolved in 1, no interval in 1 "
        "(per training step, 95 % in each run; ratios from 0.80× to 1.50×; 1 uncertified run left out)"
    ]


def test_every_contender_of_every_run_has_a_row(sweep_folder):
    found = over(sweep_folder)
    assert [(row.view.name, row.line.row.name if row.line else None) for row in found.rows] == [
        *((name, who) for name in "012" for who in ("tf", "torch")),
        ("3", None),
        ("10", None),
    ]
    assert len(found.forest) == 1, "no two settings that vary: the ratios one below the other"


def test_what_failed_shows_the_end_of_its_log(sweep_folder):
    results = store.read(sweep_folder / "2")
    results.trials[1].status = "failed"
    store.write(sweep_folder / "2", results)
    (sweep_folder / "2" / "trials" / "torch-0" / "log.txt").write_text("\n".join(f"line {n} <b>" for n in range(20)))
    (sweep_folder / "3" / "log.txt").write_text("no device\n")
    (sweep_folder / "10" / "log.txt").symlink_to("/etc/passwd")
    found = {item.view.name: item for item in over(sweep_folder).failures}
    assert list(found) == ["2", "3", "10"]
    assert found["2"].file == "trials/torch-0/log.txt"
    assert found["2"].tail.splitlines()[0] == "line 12 <b>"
    assert found["3"].tail == "no device"
    assert found["10"].tail == "", "nothing is read outside the folder"
    assert "line 19 &lt;b&gt;" in head(sweep_folder)


def test_a_gate_that_failed_says_why(make_run, tmp_path):
    make_run(tmp_path / "0", repeats=1, files=False)
    for number in "12":
        results = make_run(tmp_path / number, repeats=0, files=False)
        results.status, results.comparison = "failed", []
        results.parity = Parity(passed=False, message="torch does not compute what tf does")
        if number == "2":
            results.parity.checks = [certificate.nothing_left("torch", "tf", "it died")]
        store.write(tmp_path / number, results)
        (tmp_path / number / "parity").mkdir()
        for name in ("tf", "torch"):
            (tmp_path / number / "parity" / f"{name}.log.txt").write_text(f"the log of {name}\n")
    departed, died = over(tmp_path).failures
    assert (departed.file, departed.parity) == ("", "torch does not compute what tf does")
    assert (died.file, died.tail) == ("parity/torch.log.txt", "the log of torch")
    assert "<br>torch does not compute what tf does." in head(tmp_path)


def test_runs_of_lone_contenders_have_no_column_of_ratios(make_run, tmp_path, sweep_folder):
    for number, name in enumerate(("tf", "torch")):
        make_run(tmp_path / "alone" / str(number), contenders=(name,), repeats=1, files=False)
    columns = "ratio to baseline"
    assert columns not in head(tmp_path / "alone")
    assert columns in head(sweep_folder)
