"""``python -m bench.check``: the gate alone, with the settings of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import check, lock
from bench.launch import Outcome
from frameworks.contract import FINGERPRINT


@pytest.fixture(autouse=True)
def alone(cache, children, monkeypatch, tmp_path):
    """No process, no lock of this machine, an empty folder."""
    monkeypatch.setattr(lock, "default_path", lambda: tmp_path / "lock")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def departs(fingerprint_file, **changes):
    def run(request):
        fingerprint_file(Path(request.folder) / FINGERPRINT, changes, content=request.content)
        return Outcome(status="ok", message="")

    return run


def test_contenders_that_agree_are_told_check_by_check(capsys, children, tmp_path):
    assert check.run([]) == 0
    said = capsys.readouterr().out
    rows = [line.split() for line in said.splitlines() if line.startswith("✓")]
    assert ["✓", "torch", "tf", "gradients", "float64", "0.0e+00", "1e-09"] in rows
    assert len(rows) == 14
    assert "certificate: certified in float64: nearest to its limit is" in said
    assert "not certified: float32 results step by step" in said
    assert {task for task, *_ in children.tasks()} == {"parity"}, "nobody is raced"
    assert list((tmp_path / "here").iterdir()) == []


def test_settings_are_those_of_the_run(capsys, children):
    assert check.run(["model=cnn", "parity.steps=7", "train.seed=4", "framework=[torch,torch_compile]"]) == 0
    assert {item.contender for item in children.requests} == {"torch", "torch_compile"}
    for request in children.requests:
        assert (request.model, request.parity["steps"], request.train["seed"]) == ("cnn", 7, 4)
    assert "corrected: batch_norm: PyTorch takes the unbiased variance" in capsys.readouterr().out


def test_one_that_departs_is_named_and_the_status_is_1(capsys, children, fingerprint_file):
    children.instead["parity", "torch", 0] = departs(fingerprint_file, losses=[9.0, 9.0])
    assert check.run([]) == 1
    said = capsys.readouterr().out
    (row,) = [line.split() for line in said.splitlines() if line.startswith("✗")]
    assert row[1:3] == ["torch", "tf"]
    assert "torch does not compute what tf does: losses of the steps" in said


def test_one_that_left_no_fingerprint_is_a_failure_too(capsys, children):
    children.instead["parity", "torch", 0] = lambda request: Outcome(status="failed", message="ValueError: no")
    assert check.run([]) == 1
    assert "torch left no fingerprint; it could not be computed: ValueError: no" in capsys.readouterr().out


def test_a_lone_contender_is_held_against_the_spec(capsys, children, fingerprint_file):
    assert check.run(["framework=torch"]) == 0
    assert "certificate: a lone contender" in capsys.readouterr().out
    children.instead["parity", "torch", 0] = departs(fingerprint_file, **{"reference/update": [0.5]})
    assert check.run(["framework=torch", "train.seed=0", "parity.steps=6"]) == 1
    assert "torch does not compute what the spec means: first update" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model=cn"], "model=cn: there is no such model; did you mean 'cnn'?"),
        (["train.epoch=3"], "train.epoch: no such key; did you mean 'train.epochs'?"),
        (["model=mlp,cnn"], "model=mlp,cnn: one value at a time; a list is written [a,b], in quotes"),
        (["train.batch_size=5000"], "train.batch_size=5000: the training split has 1,150 samples"),
        (["plant=kernel_ordr"], "plant: there is no 'kernel_ordr'; did you mean 'kernel_order'?"),
        (["model.layers=[flatten,{dense:7}]"], "model.layers[1].dense: the network ends in (7,)"),
        (["-m"], "unrecognized arguments: -m; --help says what there is"),
        (["--config-dir", "nowhere"], "--config-dir=nowhere: there is no such folder"),
    ],
)
def test_a_wrong_request_is_one_line_and_starts_nothing(capsys, children, arguments, message):
    assert check.run(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(message)
    assert said.err.count("\n") == 1
    assert not said.out
    assert not children.requests


def test_interrupted_is_130(capsys, children):
    def interrupted(request):
        raise KeyboardInterrupt

    children.instead["parity", "tf", 0] = interrupted
    assert check.run([]) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


def test_ones_own_yaml_is_found(children, my_conf):
    assert check.run(["--config-dir", str(my_conf), "model=mine"]) == 0
    assert {request.model for request in children.requests} == {"mine"}


def test_it_waits_for_who_measures(capsys, monkeypatch):
    held = []
    run = check.gate.run
    monkeypatch.setattr(check.gate, "run", lambda *given: held.append(set(lock._held)) or run(*given))
    assert check.run([]) == 0
    assert held == [{lock.default_path()}]


def test_the_help_says_the_exit_status():
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "bench.check", "--help"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0
    for words in ("python -m bench.check plant=adam_epsilon", "Exit status", "KEY=VALUE"):
        assert words in done.stdout
