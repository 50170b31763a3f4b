from __future__ import annotations

import json

import numpy as np
import pytest

from bench.results import store
from reports.frames import thin
from reports.load import NothingToReport, clean, load
from reports.view import view


def test_a_run_comes_with_its_tables(run_folder):
    (run,) = load([run_folder])
    assert run.status == "ok"
    assert [(item.trial.contender, item.trial.repeat) for item in run.trials][:2] == [("tf", 0), ("torch", 0)]
    first = run.trials[0]
    assert first.problems == {}
    assert first.epochs["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert first.latencies is not None
    assert first.latencies.size == 200
    assert first.losses is not None
    assert first.losses[0] > 2
    assert first.losses[-1] < 0.5


def test_a_sweep_is_its_numbered_folders_in_order(sweep_folder):
    runs = load([sweep_folder])
    assert [run.name for run in runs] == ["0", "1", "2", "3", "10"]
    assert [run.status for run in runs] == ["ok", "ok", "interrupted", "failed", "no results"]
    assert runs[3].results.message == "no such GPU <0>"
    assert runs[4].overrides == ["dataset=mnist", "model=<b>cnn</b>"]


def test_several_folders_keep_their_names_apart(run_folder, sweep_folder):
    names = [run.name for run in load([run_folder, sweep_folder, run_folder])]
    assert names == ["run", "sweep/0", "sweep/1", "sweep/2", "sweep/3", "sweep/10", "run (2)"]


def test_no_results_is_one_line(tmp_path):
    with pytest.raises(NothingToReport, match="no results to report"):
        load([tmp_path])
    with pytest.raises(NothingToReport, match="no such folder"):
        load([tmp_path / "nowhere"])


def test_a_folder_without_results_is_a_run_that_says_so(run_folder, tmp_path):
    (tmp_path / "empty").mkdir()
    runs = load([tmp_path / "empty", run_folder])
    assert [(run.name, run.side, run.status, run.problem) for run in runs] == [
        ("empty", "empty", "no results", "it holds no results"),
        ("run", "run", "ok", ""),
    ]


def test_an_unreadable_result_is_named_and_the_others_stay(sweep_folder):
    (sweep_folder / "1" / "results.json").write_text('{"schema_version": 99}')
    runs = load([sweep_folder])
    assert "schema version 99" in runs[1].problem
    assert runs[0].status == "ok"


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '{"schema_version": 1, "trials": [{}]}'])
def test_a_broken_results_file_alone_is_one_line(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(NothingToReport, match=r"results\.json"):
        load([tmp_path])


def test_nothing_outside_the_run_is_read(make_run, tmp_path):
    results = make_run(tmp_path / "a" / "run", repeats=1)
    make_run(tmp_path / "b", repeats=1)
    results.trials[0].folder = "../../b/trials/tf-0"
    results.trials[1].folder = str(tmp_path / "b" / "trials" / "torch-0")
    results.trials[0].status = "failed"
    (tmp_path / "b" / "trials" / "tf-0" / "log.txt").write_text("a secret")
    store.write(tmp_path / "a" / "run", results)
    (run,) = load([tmp_path / "a" / "run"])
    for item in run.trials:
        assert item.problems == {
            "epochs.csv": "unreadable (PermissionError)",
            "steps.parquet": "unreadable (PermissionError)",
        }
    (trouble,) = view(run, "run-0", {}).troubles
    assert trouble.log_tail == ""


def test_a_link_out_of_the_run_is_not_followed(run_folder, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("epoch\n1\n")
    path = run_folder / "trials" / "tf-0" / "epochs.csv"
    path.unlink()
    path.symlink_to(secret)
    (run,) = load([run_folder])
    assert "PermissionError" in run.trials[0].problems["epochs.csv"]


def test_damaged_tables_are_said_to_be(run_folder):
    (run_folder / "trials/tf-0/steps.parquet").write_bytes(b"PAR1 not at all PAR1")
    (run_folder / "trials/tf-1/epochs.csv").write_text("epoch,seconds\nfirst,\x00\n")
    (run_folder / "trials/tf-2/epochs.csv").unlink()
    (run,) = load([run_folder])
    problems = {item.trial.folder: item.problems for item in run.trials}
    assert problems["trials/tf-0"]["steps.parquet"].startswith("unreadable")
    assert problems["trials/tf-1"]["epochs.csv"].startswith("unreadable")
    assert problems["trials/tf-2"]["epochs.csv"] == "missing"
    assert problems["trials/torch-0"] == {}


def test_nulls_stand_for_what_was_not_measured(run_folder):
    path = run_folder / "results.json"
    value = json.loads(path.read_text())
    trial = value["trials"][0]
    trial["phases"]["train"] = None
    trial["step_latency_seconds"] = {"p50": None}
    trial["message"] = value["warnings"] = value["machine"] = None
    path.write_text(json.dumps(value))
    (run,) = load([run_folder])
    assert "train" not in run.trials[0].trial.phases
    assert run.results is not None
    assert run.results.warnings == []


def test_thinning_keeps_the_mean_and_the_ends():
    values = np.arange(10_000.0)
    places, means = thin(values, 100)
    assert places.size == means.size == 100
    assert means.mean() == pytest.approx(values.mean())
    assert places[0] == pytest.approx(50.5)
    values[5000:] = np.nan
    assert np.isnan(thin(values, 100)[1][-1])
    assert thin(values[:7], 100)[0].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_text_that_no_page_can_carry_is_cleaned():
    assert clean("a\x00b\ud800c\u202ed\n") == "a�b�c�d\n"
    assert len(clean("x" * 10**6)) < 20_100
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert "…" in str(clean(deep))
