from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.core.plugins import Plugins

import bench
from bench import job, lock, sweep
from bench.__main__ import run
from bench.results import store
from bench.results.schema import Results


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders a sweep's report was asked for; none is made."""
    folders: list[Path] = []
    monkeypatch.setattr(sweep, "report", lambda folder: folders.append(folder) or True)
    return folders


def test_every_combination_is_planned_and_run_and_then_reported_on(races, reported: list[Path], tmp_path: Path) -> None:
    assert run(["-m", "model=mlp,cnn", "framework=tf,[tf,torch]"]) == 0
    assert [(s.model.name, len(s.frameworks), folder.name) for s, _, folder in races.run] == [
        ("mlp", 1, "0"),
        ("mlp", 2, "1"),
        ("cnn", 1, "2"),
        ("cnn", 2, "3"),
    ]
    assert races.run[3][1] == "python -m bench model=cnn 'framework=[tf,torch]'"
    [folder] = reported
    assert folder.resolve() == races.run[0][2].parent
    assert folder.resolve().is_relative_to(tmp_path / "multirun")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("model=mlp,cnnn", "run 1 of the sweep (model=cnnn): model=cnnn: there is no such model; did you mean 'cnn'?"),
        ("train.epochs=1,2,abc", "run 2 of the sweep (train.epochs=abc): train.epochs=abc: must be an integer"),
        ("train.batch_size=64,6000", "run 1 of the sweep (train.batch_size=6000): train.batch_size=6000: the data"),
        ("framework=[tf],[]", "run 1 of the sweep (framework=[]): framework=[]: name at least one contender"),
        ("train.epoch=1,2", "run 0 of the sweep (train.epoch=1): train.epoch: no such key"),
        ("hydra.job.name=a,b", "Sweeping over Hydra's configuration is not supported"),
    ],
)
def test_one_wrong_combination_and_nothing_is_started(
    settings: str, message: str, races, reported: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-m", settings]) == 2
    assert capsys.readouterr().err.startswith(message)
    assert not races.run
    assert not reported
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_does_not_stop_the_others(races, reported: list[Path]) -> None:
    assert run(["-m", "train.seed=1,0"]) == 1
    assert len(races.run) == 2
    assert len(reported) == 1


def test_a_run_that_crashes_leaves_its_status_and_does_not_stop_the_others(
    races, reported: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-m", "train.seed=2,0"]) == 1
    crashed, fine = (folder for *_, folder in races.run)
    assert store.read(crashed).status == "failed"
    assert store.read(crashed).message == "a fault of our own"
    assert store.read(crashed).command == "python -m bench train.seed=2"
    assert store.read(fine).status == "ok"
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert len(reported) == 1


def test_an_interrupt_ends_the_sweep_and_what_is_there_is_reported_on(races, reported: list[Path]) -> None:
    assert run(["-m", "train.seed=0,3,5"]) == 130
    assert len(races.run) == 2
    assert len(reported) == 1


def test_two_sweeps_of_one_second_do_not_share_a_folder(races, reported: list[Path]) -> None:
    for _ in range(3):
        assert run(["-m", "train.seed=0"]) == 0
    assert len(set(reported)) == 3
    assert len({folder for *_, folder in races.run}) == 3


def test_a_folder_that_was_named_is_taken(races, reported: list[Path], tmp_path: Path) -> None:
    assert run(["-m", "train.seed=0,4", "hydra.sweep.dir=mine", "hydra.sweep.subdir=seed${train.seed}"]) == 0
    assert [folder for *_, folder in races.run] == [tmp_path / "mine" / "seed0", tmp_path / "mine" / "seed4"]


def test_no_report_where_none_is_wanted(races, reported: list[Path]) -> None:
    assert run(["-m", "train.seed=0", "report=false"]) == 0
    assert not reported


def test_a_report_that_fails_shows_in_the_exit_status(races, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "report", lambda folder: False)
    assert run(["-m", "train.seed=0"]) == 1


def test_the_status_is_read_from_what_the_runs_left(tmp_path: Path) -> None:
    runs = [tmp_path / "0", tmp_path / "1"]
    store.write(runs[0], Results(status="ok"))
    assert sweep.status(tmp_path, runs) == 1, "a run without results has failed"
    store.write(runs[1], Results(status="ok"))
    assert sweep.status(tmp_path, runs) == sweep.status(tmp_path, []) == 0
    store.write(runs[1], Results(status="running"))
    assert sweep.status(tmp_path, runs) == sweep.status(tmp_path, []) == 1


@pytest.mark.parametrize("code", [0, 3])
def test_the_report_is_a_process_of_its_own(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[list[str]] = []

    def fake(arguments: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(arguments)
        return subprocess.CompletedProcess(arguments, code)

    monkeypatch.setattr(subprocess, "run", fake)
    folder = tmp_path / "two words"
    assert sweep.report(folder) is False, "nothing there to report on"
    assert not calls
    store.write(folder / "0", Results(status="ok"))
    assert sweep.report(folder) is (code == 0)
    assert calls == [[sys.executable, "-m", "reports", str(folder)]]
    said = capsys.readouterr()
    assert str(folder / "report.html") in said.out if code == 0 else f"python -m reports '{folder}'" in said.err


def test_runs_of_a_sweep_that_is_over_run_no_longer(tmp_path: Path) -> None:
    for name, status in (("0", "running"), ("1", "ok")):
        store.write(tmp_path / name, Results(status=status))
    (tmp_path / "2").mkdir()
    sweep.settle(tmp_path, [tmp_path / name for name in "012"])
    assert store.read(tmp_path / "0").status == "interrupted"
    assert "before it was done" in store.read(tmp_path / "0").message
    assert store.read(tmp_path / "1") == Results(status="ok")


def test_a_run_whose_process_was_killed_is_settled_when_the_sweep_ends(races, reported: list[Path]) -> None:
    assert run(["-m", "train.seed=6,0"]) == 1
    killed, fine = (store.read(folder) for *_, folder in races.run)
    assert (killed.status, fine.status) == ("interrupted", "ok")


def test_a_folder_in_which_another_process_works_is_left_alone(
    races, reported: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    handle = lock.own(tmp_path / "mine")
    assert run(["-m", "train.seed=0", "hydra.sweep.dir=mine"]) == 2
    assert "another process is at work in it" in capsys.readouterr().err
    assert races.run == []
    os.close(handle)
    assert run(["-m", "train.seed=0", "hydra.sweep.dir=mine"]) == 0


def test_a_launcher_that_gives_up_is_one_line_and_the_sweep_is_told(
    races, reported: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def give_up(*_: object, **__: object) -> None:
        raise RuntimeError("a worker is gone\nmore about it")

    monkeypatch.setattr(Plugins, "instantiate_sweeper", give_up)
    assert run(["-m", "train.seed=0,4"]) == 1
    said = capsys.readouterr()
    assert said.err == "The sweep was given up by its launcher: a worker is gone\n"
    assert "The sweep: 2 runs (2 not started)" in said.out
    assert len(reported) == 1


def test_a_full_disk_in_one_run_does_not_stop_the_others(
    races, reported: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    true = bench.race.run

    def run_race(plan: Any, folder: Path, **more: object) -> int:
        if plan[0].train.seed == 9:
            raise OSError(28, "No space left on device")
        return true(plan, folder, **more)

    monkeypatch.setattr(bench.race, "run", run_race)
    assert run(["-m", "train.seed=9,0"]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert "train.seed=9: failed; [Errno 28] No space left on device" in said.out
    assert "train.seed=0: ok" in said.out


@pytest.mark.parametrize(
    ("ours", "left"),
    [
        (True, {"OMP_NUM_THREADS": "4", "OTHER": "1"}),
        (False, {"BLIS_NUM_THREADS": "1", "KMP_INIT_AT_FORK": "FALSE", "OTHER": "1"}),
    ],
)
def test_a_worker_on_this_machine_has_our_threads_and_dies_with_us_and_another_does_neither(
    ours: bool, left: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[None] = []
    monkeypatch.setattr(job, "end_with_parent", lambda: ends.append(None))
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "4", "SECRET": "x"})
    callback = job.BeforeRun()
    assert "x" not in str(vars(callback)), "it may be pickled to a disk"
    callback.pid = os.getppid() if ours else -1
    there = {"BLIS_NUM_THREADS": "1", "KMP_INIT_AT_FORK": "FALSE", "OTHER": "1"}
    monkeypatch.setattr(os, "environ", there)
    callback.on_job_start(config=None)
    assert (there, len(ends)) == (left, int(ours))
