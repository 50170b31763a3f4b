from __future__ import annotations

import math
import shutil
from pathlib import Path

import pandas as pd

from bench.results import store
from bench.results.across import Across
from bench.results.schema import QUALITIES, TIMES
from reports.load import load
from reports.tables import KEYS, TEXTS, tables


def frames(*folders: Path, across=()):
    """Return every table whole, and what could not be read."""
    problems: list[str] = []
    found = tables(load(list(folders)), across, problems)
    return {name: pd.concat(list(pieces), ignore_index=True) for name, pieces in found.items()}, problems


def test_a_row_per_run_trial_epoch_and_step(run_folder):
    found, problems = frames(run_folder)
    assert problems == []
    assert {name: len(frame) for name, frame in found.items()} == {
        "runs": 1,
        "trials": 6,
        "epochs": 6 * 5,
        "steps": 6 * 510,
        "comparison": 6,
        "agreement": 2,
        "checks": 5,
        "warnings": 1,
    }
    for name in ("trials", "epochs", "steps"):
        assert tuple(found[name].columns[:4]) == KEYS
    joined = found["epochs"].merge(found["trials"], on=list(KEYS), validate="many_to_one")
    assert len(joined) == 30


def test_a_trial_has_every_quantity_that_is_compared(run_folder):
    trials = frames(run_folder)[0]["trials"]
    assert {*TIMES, *QUALITIES} <= set(trials.columns)
    for row, trial in zip(trials.itertuples(), store.read(run_folder).trials, strict=True):
        assert (row.contender, row.repeat, row.seed, row.status) == (trial.contender, trial.repeat, trial.seed, "ok")
        assert row.step_seconds == trial.step_seconds
        assert row.latency_p95_seconds == trial.step_latency_seconds["p95"]
        assert row.throughput_samples_per_second == trial.throughput
        assert row.import_seconds == row.phase_import_seconds == trial.phases["import"]
        assert row.test_accuracy == trial.metrics["test_accuracy"]
        assert math.isnan(row.energy_joules)


def test_every_reading_is_there_and_none_is_thinned(run_folder):
    steps = frames(run_folder)[0]["steps"]
    own = pd.read_parquet(run_folder / "trials/torch-2/steps.parquet")
    found = steps[(steps["contender"] == "torch") & (steps["repeat"] == 2)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[list(own)], own, check_dtype=False, rtol=0)


def test_long_files_come_in_pieces_with_nothing_lost(run_folder, monkeypatch):
    whole = frames(run_folder)[0]["steps"]
    monkeypatch.setattr("reports.tables.PIECE", 100)
    pieces = list(tables(load([run_folder]), [], [])["steps"])
    assert max(map(len, pieces)) == 100
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


def test_a_sweep_tells_its_runs_apart_and_names_those_without_results(sweep_folder):
    found, problems = frames(sweep_folder)
    runs = found["runs"].set_index("run")
    assert list(runs["status"]) == ["ok", "ok", "interrupted", "failed", "no results"]
    assert runs["message"]["10"] == "it left no results"
    assert runs["overrides"]["10"] == "dataset=mnist model=<b>cnn</b>"
    assert set(found["trials"]["run"]) == {"0", "1", "2"}
    assert [line for line in problems if "steps.parquet is missing" in line] == problems
    assert len(problems) == 6  # run 0 left no files


def test_comparisons_across_runs_get_names_of_their_own(run_folder):
    group = Across(title="run", comparison=store.read(run_folder).comparison[:1])
    found = frames(run_folder, across=[group, group])[0]["comparison"]
    assert list(found["run"].unique()) == ["run", "run (2)", "run (3)"]


def test_odd_values_of_a_file_become_missing(run_folder):
    results = store.read(run_folder)
    first, second = results.trials[:2]
    first.num_parameters, first.memory = 10**30, {"peak": 2**70}
    first.metrics = {"test_accuracy": math.inf, "run": 1.0}
    first.warmup = {"settled": "perhaps", "steps": "many", "seconds": [1]}
    second.phases["import"] = math.nan
    store.write(run_folder, results)
    found, problems = frames(run_folder)
    row = found["trials"].iloc[0]
    for name in ("parameters", "memory_peak_bytes", "test_accuracy", "warmup_steps"):
        assert name not in row or pd.isna(row[name])
    assert pd.isna(row["warmup_seconds"])
    assert pd.isna(row["warmup_settled"])
    assert row["run"] == "run"
    assert pd.isna(found["trials"]["import_seconds"][1])
    assert problems == []


def test_a_damaged_or_strange_file_is_named_and_the_others_stay(run_folder, tmp_path):
    (run_folder / "trials/tf-0/steps.parquet").write_bytes(b"PAR1 not at all PAR1")
    shutil.copy(run_folder / "trials/tf-1/steps.parquet", tmp_path / "outside.parquet")
    (run_folder / "trials/tf-1/steps.parquet").unlink()
    (run_folder / "trials/tf-1/steps.parquet").symlink_to(tmp_path / "outside.parquet")
    found, problems = frames(run_folder)
    assert len(found["steps"]) == 4 * 510
    assert problems == [
        "run run, tf, repeat 0: steps.parquet is unreadable (ArrowInvalid)",
        "run run, tf, repeat 1: steps.parquet is unreadable (PermissionError)",
    ]


def test_what_the_files_hold_is_forgotten_run_by_run(run_folder, make_run, tmp_path):
    make_run(tmp_path / "later", repeats=1)
    runs = load([run_folder, tmp_path / "later"])
    found = tables(runs, [], [])
    held = [[run._trials is not None for run in runs] for name in ("epochs", "steps") for _ in found[name]]
    assert held[1] == [True, False]
    assert [False, True] in held
    assert [True, True] not in held
    assert held[-1] == [False, False]


def test_a_lone_contender_has_tables_without_rows(tmp_path, make_run):
    make_run(tmp_path / "alone", contenders=("torch",), repeats=1)
    found, _ = frames(tmp_path / "alone")
    assert found["comparison"].empty
    assert {"run", "ratio", "low", "high", "repeats", "paired", "certified"} <= set(found["comparison"].columns)
    assert found["runs"]["verdict"][0].startswith("torch alone: ")


def test_a_column_has_one_kind_of_values_with_or_without_rows(run_folder, tmp_path, make_run):
    make_run(tmp_path / "alone", contenders=("torch",), files=False)
    full, empty = frames(run_folder)[0], frames(tmp_path / "alone")[0]
    assert empty["steps"].empty
    assert empty["agreement"].empty
    for name, frame in empty.items():
        kinds = {column: "O" if column in TEXTS else frame[column].dtype.kind for column in frame}
        assert kinds == {column: "O" if column in TEXTS else full[name][column].dtype.kind for column in frame}
