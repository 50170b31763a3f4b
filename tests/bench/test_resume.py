from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from bench import lock, resume, sweep
from bench.__main__ import run
from bench.errors import RequestError
from bench.results import store
from bench.results.schema import Results
from bench.resume import earlier

CHANGED = 77  # as in conftest: a batch size of runs that are not what they were


@pytest.fixture
def left(tmp_path):
    """Write what Hydra leaves of a run or a sweep; return its folder."""

    def write(*task, hydra=(), sweep=False, sources=(), name="runs/it's mine"):
        folder = tmp_path / name
        path = folder / (resume.SWEEP if sweep else resume.RUN)
        path.parent.mkdir(parents=True)
        node = {
            "overrides": {"task": list(task), "hydra": list(hydra)},
            "runtime": {"cwd": "/then", "config_sources": [{"provider": "main", "path": "/conf"}, *sources]},
        }
        path.write_text(yaml.safe_dump({"hydra": node}))
        return folder

    return write


def test_a_run_goes_on_with_its_own_words_in_its_own_folder(left):
    folder = left("model=cnn", "train.seed=${parity.steps}", hydra=["hydra.run.dir=x", "hydra.mode=RUN"])
    found = earlier([f"resume={folder}"])
    where = str(folder).replace("'", "\\'")
    assert found.arguments == [
        "model=cnn",
        "train.seed=${parity.steps}",
        f"hydra.run.dir='{where}'",
        "hydra.callbacks.parallax.resume=true",
    ]
    assert "it was started in /then" in found.hint()


def test_a_sweep_keeps_its_launcher_and_its_configs(left):
    source = {"provider": "command-line", "path": "/my conf"}
    hydra = ["hydra.sweep.dir=x", "hydra.mode=MULTIRUN", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    folder = left("model=mlp,cnn", hydra=hydra, sweep=True, sources=[source], name="sweep")
    assert earlier([f"resume={folder}"]).arguments == [
        "-m",
        "--config-dir",
        "/my conf",
        "model=mlp,cnn",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        f"hydra.sweep.dir='{folder}'",
        "hydra.callbacks.parallax.resume=true",
    ]


def test_what_changes_no_number_may_be_said_beside_it(left):
    folder = left("report=false")
    assert earlier([f"resume={folder}", "report=true", "measure.timeout=9"]).arguments[-2:] == [
        "report=true",
        "measure.timeout=9",
    ]


@pytest.mark.parametrize("word", ["train.epochs=3", "-m", "resume=other", "--config-dir"])
def test_other_words_are_refused(word, left):
    with pytest.raises(RequestError, match=f"^{word}: does not go with resume="):
        earlier([f"resume={left()}", word])


@pytest.mark.parametrize(
    ("task", "hydra"),
    [
        ([], ["hydra.callbacks.mine._target_=os.system"]),
        ([], ["+hydra.callbacks.mine={_target_: os.system}"]),
        ([], ["hydra.job.env_set.LD_PRELOAD=evil.so"]),
        ([], ["hydra.job_logging.handlers.a=b"]),
        ([], ["hydra.launcher.setup=[evil]"]),
        (["hydra.job.env_set.LD_PRELOAD=evil.so"], []),
        (["+x._target_=os.system"], []),
        (["--experimental-rerun=config.pickle"], []),
    ],
)
def test_what_could_run_code_is_not_taken_over(task, hydra, left):
    with pytest.raises(RequestError, match="is not taken over"):
        earlier([f"resume={left(*task, hydra=hydra)}"])


@pytest.mark.parametrize("where", ["{}", "{}/conf", "{}/../it's mine/conf", "${{oc.env:HOME}}", "{}/../link"])
def test_nothing_in_the_folder_configures_the_run(where, left, tmp_path):
    mine = tmp_path / "runs/it's mine"
    path = where.format(mine)
    folder = left(sources=[{"provider": "command-line", "path": path}])
    (mine.parent / "link").symlink_to(mine)
    with pytest.raises(RequestError, match="is not taken over"):
        earlier([f"resume={folder}"])


def test_nor_does_what_is_searched_for(left, tmp_path):
    folder = left(hydra=[f'hydra.searchpath=["file:///fine","file://{tmp_path}/mine"]'], name="mine")
    with pytest.raises(RequestError, match="is not taken over"):
        earlier([f"resume={folder}"])
    assert earlier([f"resume={folder.rename(tmp_path / 'elsewhere')}"]).arguments[0].startswith("hydra.searchpath=")


@pytest.mark.parametrize("content", ["", "[1]", "hydra: 3", "hydra: {}", "a: [", "!!python/object/apply:os.getcwd []"])
def test_damaged_files_are_refused(content, tmp_path):
    (tmp_path / "multirun.yaml").write_text(content)
    with pytest.raises(RequestError, match=r"multirun\.yaml: (cannot be read|not what Hydra writes)"):
        earlier([f"resume={tmp_path}"])


def test_a_folder_in_which_nothing_was_run_is_refused(tmp_path):
    with pytest.raises(RequestError, match="nothing to take up there"):
        earlier([f"resume={tmp_path}"])
    with pytest.raises(RequestError, match="there is no such folder"):
        earlier([f"resume={tmp_path}/no"])


def test_hydra_reads_what_it_wrote(races, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model=cnn", "hydra.run.dir=a b", "train.seed=1"]) == 1
    assert run(["resume=a b"]) == 1
    first, second = races.run
    assert first == second
    assert run(["resume=a b", "model=mlp"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("model=mlp: does not go with resume=a b")


def test_a_run_that_is_finished_is_shown(races, tmp_path: Path) -> None:
    assert run(["hydra.run.dir=mine"]) == 0
    assert run(["resume=mine"]) == 0
    assert len(races.run) == 1
    assert races.shown == [tmp_path / "mine"]


def test_a_sweep_runs_what_failed_and_what_never_began(
    races, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sweep, "report", lambda folder: True)
    said = ["-m", "train.seed=0,3,4", "hydra.sweep.dir=mine", "hydra.sweep.subdir=seed${train.seed}"]
    assert run(said) == 130
    assert [folder.name for *_, folder in races.run] == ["seed0", "seed3"]
    store.write(tmp_path / "mine/seed3", Results(status="ok"))
    assert "not started" in capsys.readouterr().out
    assert run(["resume=mine"]) == 0
    rest = [(command, folder.name) for _, command, folder in races.run[2:]]
    assert rest == [("python -m bench train.seed=4", "seed4")]
    assert "Nothing to do" in capsys.readouterr().out


def test_a_sweep_that_is_no_longer_the_same_is_refused_as_a_whole(
    races, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sweep, "report", lambda folder: True)
    assert run(["-m", f"train.batch_size=64,{CHANGED}", "hydra.sweep.dir=mine"]) == 0
    assert run(["resume=mine"]) == 2
    assert len(races.run) == 2
    message = f"run 1 of the sweep (train.batch_size={CHANGED}): not the same"
    assert capsys.readouterr().err.startswith(message)


def test_a_folder_in_which_another_process_works_is_left_alone(
    races, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hydra.run.dir=mine", "train.seed=1"]) == 1
    handle = lock.own(tmp_path / "mine")
    assert run(["resume=mine"]) == 2
    assert "another process is at work in it" in capsys.readouterr().err
    os.close(handle)
    assert run(["resume=mine"]) == 1


@pytest.mark.parametrize("inside", ["python", "venv/bin/python"])
def test_no_interpreter_in_the_folder_is_run(
    inside: str, races, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "mine" / inside
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/false")
    assert run(["hydra.run.dir=mine", "framework=torch", f"frameworks.torch.python='{python}'", "train.seed=1"]) == 1
    planned = len(races.planned)
    assert run(["resume=mine"]) == 2
    assert capsys.readouterr().err.startswith(f"frameworks.torch.python={python}: is not taken over")
    assert len(races.planned) == planned, "it was not even asked for its versions"
