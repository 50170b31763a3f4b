from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from bench.errors import RequestError
from bench.job import claim, command, without_hydra


def composed(*task: str, hydra: tuple[str, ...] = (), folder: str = "runs/10-15-00") -> DictConfig:
    """Return as much of a composed config as is looked at."""
    sources = [{"provider": "main", "path": "/conf"}]
    return OmegaConf.create(
        {
            "train": {"epochs": 1},
            "hydra": {
                "run": {"dir": folder},
                "overrides": {"task": list(task), "hydra": list(hydra)},
                "runtime": {"config_sources": sources},
            },
        }
    )


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_claimed_once() -> None:
    claimed = []
    for _ in range(3):
        config = composed()
        claimed.append(claim(config, "hydra.run.dir"))
        assert config.hydra.run.dir == str(claimed[-1])
    assert claimed == [Path("runs/10-15-00"), Path("runs/10-15-00-2"), Path("runs/10-15-00-3")]
    assert all(folder.is_dir() for folder in claimed)


def test_a_folder_that_was_named_may_exist() -> None:
    for _ in range(2):
        assert claim(composed(hydra=("hydra.run.dir=mine",), folder="mine"), "hydra.run.dir") == Path("mine")


def test_a_folder_that_cannot_be_made_is_named() -> None:
    Path("file").touch()
    with pytest.raises(RequestError, match=r"^hydra\.run\.dir=file: cannot be made"):
        claim(composed(hydra=("hydra.run.dir=file",), folder="file"), "hydra.run.dir")


def test_the_command_repeats_the_run_in_a_shell() -> None:
    config = composed("framework=[tf,torch]", "model.layers=[flatten,{dense: 10}]", "train.seed=${parity.steps}")
    config.hydra.runtime.config_sources.append({"provider": "command-line", "path": "/my conf"})
    assert shlex.split(command(config.hydra)) == [
        "python",
        "-m",
        "bench",
        "--config-dir",
        "/my conf",
        "framework=[tf,torch]",
        "model.layers=[flatten,{dense: 10}]",
        "train.seed=${parity.steps}",
    ]


def test_settings_are_a_copy_without_hydras_own() -> None:
    config = composed()
    assert list(without_hydra(config)) == ["train"]
    assert list(config) == ["train", "hydra"]
