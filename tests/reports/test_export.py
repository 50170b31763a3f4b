from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from bench.results import store
from reports import export
from reports.__main__ import main
from reports.export import ExportError, parse
from reports.load import load


def exported(folder, names):
    """Return the folder of the exports `names` of the run in `folder`, written without a report."""
    assert main([str(folder), "--no-report", "--export", names]) == 0
    return folder / "exports"


def test_csv_and_parquet_read_back_equal(run_folder, capsys):
    place = exported(run_folder, "csv, parquet,csv")
    assert capsys.readouterr().out.split() == [str(place)]
    names = {path.name for path in place.iterdir()}
    tables = {"runs", "trials", "epochs", "steps", "comparison", "agreement", "checks", "warnings"}
    assert names == {f"{name}.{kind}" for name in tables for kind in ("csv", "parquet")}
    assert not (run_folder / "report.html").exists()
    for name in tables:
        kept = pd.read_parquet(place / f"{name}.parquet")
        # As text: what the file says is exact, and each version of pandas reads decimal numbers in its own way.
        read = pd.read_csv(place / f"{name}.csv", dtype=str, keep_default_na=False)
        assert list(read) == list(kept)
        for column in kept:
            if kept[column].dtype.kind in "iuf":
                values = [float(text or "nan") for text in read[column]]
                assert np.array_equal(values, kept[column].astype(float), equal_nan=True)
            else:
                assert read[column].tolist() == ["" if pd.isna(value) else str(value) for value in kept[column]]
    trials = store.read(run_folder).trials
    assert pd.read_parquet(place / "trials.parquet")["step_seconds"].tolist() == [
        trial.step_seconds for trial in trials
    ]
    assert pd.read_parquet(place / "comparison.parquet")["certified"].dtype == bool


def test_the_exports_lie_beside_the_report(make_run, tmp_path, capsys):
    make_run(tmp_path / "run", contenders=("torch",), repeats=1, files=False)
    out = tmp_path / "new" / "all.html"
    assert main([str(tmp_path / "run"), "--out", str(out), "--export", "markdown"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(out), str(tmp_path / "new/exports")]
    assert out.is_file()
    assert (tmp_path / "new/exports/summary.md").read_text(encoding="utf-8").startswith("## Handwritten digits × mlp")
    assert not (tmp_path / "run/exports").exists()


def test_the_part_for_a_notebook_has_verdict_and_charts_and_asks_nothing(run_folder, sweep_folder):
    page = (exported(run_folder, "notebook") / "notebook.html").read_text(encoding="utf-8")
    assert "1.32× faster" in page
    assert page.count("<svg") > 5
    assert "Evidence" not in page
    assert "://" not in page.replace("http://www.w3.org", "").replace("https://doi.org", "")
    page = (exported(sweep_folder, "notebook") / "notebook.html").read_text(encoding="utf-8")
    assert "2 of 5 runs finished" in page


def refused(capsys, *arguments) -> str:
    """Return the line with which the command refuses `arguments`."""
    try:
        status = main([str(item) for item in arguments])
    except SystemExit as leaving:
        status = leaving.code
    told = capsys.readouterr().err
    assert status == 2
    assert told.count("\n") == 1
    return told


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("cvs", "there is no 'cvs'; did you mean 'csv'? (there are: csv, parquet, "),
        ("csv,XML", "there is no 'XML' (there are: "),
        (",", "there is no '' (there are: "),
    ],
)
def test_an_unknown_export_is_one_line_and_nothing_is_written(run_folder, capsys, said, message):
    before = sorted(run_folder.iterdir())
    told = refused(capsys, run_folder, "--export", said)
    assert message in told
    assert "--export" in told
    assert sorted(run_folder.iterdir()) == before


def test_without_a_report_something_must_be_asked_for(run_folder, capsys):
    assert "say what: --export csv,markdown" in refused(capsys, run_folder, "--no-report")


def test_a_missing_tensorboard_is_said_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ExportError, match=r"^tensorboard is not installed: pip install tensorboard$"):
        parse("tensorboard")


def test_a_spreadsheet_runs_nothing_of_it(run_folder):
    results = store.read(run_folder)
    results.trials[0].contender = '=HYPERLINK("http://x";"y")'
    results.trials[1].contender = "@sum"
    store.write(run_folder, results)
    place = exported(run_folder, "csv,parquet")
    assert pd.read_csv(place / "trials.csv")["contender"].tolist()[:2] == ['\'=HYPERLINK("http://x";"y")', "'@sum"]
    assert pd.read_parquet(place / "trials.parquet")["contender"][1] == "@sum"


def test_what_could_not_be_read_is_said(run_folder, capsys):
    (run_folder / "trials/tf-0/steps.parquet").unlink()
    exported(run_folder, "csv")
    assert capsys.readouterr().err == "run run, tf, repeat 0: steps.parquet is missing\n"


def test_links_in_the_way_are_not_written_through(run_folder, tmp_path, capsys):
    (tmp_path / "precious").write_text("mine")
    place = exported(run_folder, "markdown")
    (place / "summary.md").unlink()
    (place / "summary.md").symlink_to(tmp_path / "precious")
    exported(run_folder, "markdown")
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (place / "summary.md").is_symlink()
    place.rename(tmp_path / "place")
    place.symlink_to(tmp_path / "place")
    assert main([str(run_folder), "--no-report", "--export", "csv"]) == 2
    assert "is a link" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["summary.md"]


def test_a_file_is_there_whole_or_not_at_all(run_folder, monkeypatch):
    place = exported(run_folder, "csv")
    before = (place / "trials.csv").read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(export, "harmless", fail)
    with pytest.raises(ExportError, match=r"exports: the exports could not be written \(disk full\)"):
        export.write(["csv"], load([run_folder]), [], place)
    assert (place / "trials.csv").read_bytes() == before
    assert not list(place.glob(".*"))
