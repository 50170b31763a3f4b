from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench.__main__ import run
from bench.results import store

ROOT = Path(bench.__file__).parent.parent


def parallax(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the true command line, from a folder of its own."""
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(
        command, cwd=cwd, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False
    )


def test_showing_the_config_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from bench.__main__ import run; status = run(['--cfg', 'job']);"
        "heavy = {'numpy', 'pandas', 'rich', 'sklearn', 'scipy', 'torch', 'tensorflow', 'keras'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "batch_size: 64" in shown.stdout
    assert "hydra:" not in shown.stdout


def test_help_names_the_choices_and_the_commands(tmp_path: Path) -> None:
    shown = parallax("--help", cwd=tmp_path)
    assert shown.returncode == 0
    models = "model: cnn, efficientnet_v2_b0, linear, mlp,"
    for words in ("python -m bench -m dataset=", models, "--config-dir", "Exit status"):
        assert words in shown.stdout


def test_info_and_completion_stay_hydras(tmp_path: Path) -> None:
    assert "searchpath" in parallax("--info", "searchpath", cwd=tmp_path).stdout.replace(" ", "").lower()
    assert "complete" in parallax("-sc", "install=bash", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train.epoch=3", "train.epoch: no such key; did you mean 'train.epochs'?"),
        ("dataset=mnis", "dataset=mnis: there is no such dataset; did you mean 'mnist'? (there are: "),
        ("framework=tf,torch", "framework=tf,torch without -m: write 'framework=[tf,torch]' for a race in one run"),
        ("--multirunn", "--multirunn"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(arguments: str, message: str, tmp_path: Path) -> None:
    refused = parallax(*arguments.split(), cwd=tmp_path)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not refused.stdout
    assert not list(tmp_path.iterdir())


def test_a_run_gets_its_settings_its_command_and_its_folder(races, tmp_path: Path) -> None:
    assert run(["model=cnn", "framework=[torch,tf]", "model.layers=[flatten, {dense: 10}]"]) == 0
    [(settings, command, folder)] = races.run
    assert command == "python -m bench model=cnn 'framework=[torch,tf]' 'model.layers=[flatten, {dense: 10}]'"
    assert list(settings.frameworks) == ["torch", "tf"]
    assert "hydra" not in settings
    assert settings.frameworks.tf.device == "auto"
    assert folder.is_relative_to(tmp_path / "outputs")
    assert (folder / ".hydra" / "overrides.yaml").is_file()
    assert store.read(folder).status == "ok"


def test_a_reference_to_another_key_is_resolved_and_repeated_as_it_was_said(races) -> None:
    assert run(["train.epochs=${parity.steps}"]) == 0
    [(settings, command, _)] = races.run
    assert settings.train.epochs == 5
    assert command == "python -m bench 'train.epochs=${parity.steps}'"


def test_two_runs_of_one_second_do_not_share_a_folder(races) -> None:
    same = "hydra.job.name=x"  # any override: the folder's name is the default
    for _ in range(4):
        assert run([same]) == 0
    assert len({folder for *_, folder in races.run}) == 4


def test_a_folder_that_was_named_is_taken(races, tmp_path: Path) -> None:
    assert run(["hydra.run.dir=my_run"]) == 0
    assert races.run[0][2] == tmp_path / "my_run"


def test_ones_own_files_stand_next_to_ours_and_in_the_command(races, my_conf: Path) -> None:
    assert run(["--config-dir", "my_conf", "model=mine", "framework=[mine,tf]", "baseline=mine"]) == 0
    [(settings, command, _)] = races.run
    assert command.startswith(f"python -m bench --config-dir {my_conf} model=mine")
    assert settings.frameworks.mine.compile is True
    assert settings.frameworks.mine.device == "auto", "completed from the backend's settings"


def test_a_folder_that_cannot_be_made_is_the_users_to_know(races, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert run(["hydra.run.dir=file/run"]) == 2
    assert "hydra.run.dir=file/run: cannot be made" in capsys.readouterr().err


def test_exit_statuses_of_a_run(races, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train.seed=1"]) == 1
    assert run(["train.seed=3"]) == 130
    with pytest.raises(ZeroDivisionError, match="a fault of our own"):
        run(["train.seed=2"])
    assert "Error executing job" not in capsys.readouterr().err


def test_a_fault_in_planning_is_not_taken_for_the_users(races, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(settings, *, command):
        raise ValueError("a fault of our own")

    monkeypatch.setattr(bench.plan, "make", broken)
    with pytest.raises(ValueError, match="a fault of our own"):
        run([])


def test_unpickling_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--experimental-rerun", "config.pickle"]) == 2
    assert "unpickle" in capsys.readouterr().err


def test_full_error_brings_the_traceback_back(
    races, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    assert run(["train.epoch=3"]) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "did you mean 'train.epochs'?" in error


def test_settings_and_flags_may_be_mixed(races) -> None:
    assert run(["model=cnn", "-m", "train.seed=0", "report=false"]) == 0
    assert races.run[0][0].model.name == "cnn"


def test_being_terminated_is_being_interrupted(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, sys, types, bench\n"
        "plan, race = types.ModuleType('bench.plan'), types.ModuleType('bench.race')\n"
        "plan.make = lambda settings, *, command: None\n"
        "race.run = lambda plan, folder, **_: os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.modules |= {'bench.plan': plan, 'bench.race': race}\n"
        "bench.plan, bench.race = plan, race\n"
        "from bench.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
