from __future__ import annotations

import os
import re
import subprocess

import pytest

from bench import surroundings


def git(folder, *command):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "inside").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "file").write_text("one")
    git(folder, "add", "file")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_revision_says_whether_files_were_changed(monkeypatch, checkout, tmp_path):
    monkeypatch.setattr(surroundings, "ROOT", checkout)
    monkeypatch.chdir(tmp_path)
    clean = surroundings.revisions()
    assert clean.keys() == {"parallax"}
    assert len(clean["parallax"]) == 40
    (checkout / "untracked").write_text("data")
    assert surroundings.revisions() == clean
    (checkout / "file").write_text("two")
    changed = surroundings.revisions()
    assert re.fullmatch(rf"{clean['parallax']} \(changed: [0-9a-f]{{7}}\)", changed["parallax"])
    (checkout / "file").write_text("three")
    assert surroundings.revisions() != changed, "another change is another revision"


def test_the_working_directory_is_told_where_it_is_another_checkout(monkeypatch, checkout, tmp_path):
    monkeypatch.setattr(surroundings, "ROOT", checkout / "inside")  # installed below somebody's checkout
    monkeypatch.chdir(checkout / "inside")
    assert surroundings.revisions().keys() == {"working_directory"}
    monkeypatch.setattr(surroundings, "ROOT", checkout)
    assert surroundings.revisions().keys() == {"parallax"}, "the same one is said once"


def test_without_git_there_is_no_revision(monkeypatch, checkout):
    monkeypatch.setattr(surroundings, "ROOT", checkout)
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("PATH", "")
    assert surroundings.revisions() == {}


def test_what_an_import_does_to_the_variables_is_undone(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("KMP_INIT_AT_FORK", raising=False)
    with surroundings.unchanged():
        os.environ["KMP_INIT_AT_FORK"] = "FALSE"
        os.environ["OMP_NUM_THREADS"] = "7"
        del os.environ["PATH"]
    assert "KMP_INIT_AT_FORK" not in os.environ
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert os.environ["PATH"]


def test_variables_that_change_speed_are_kept_and_secrets_are_not(monkeypatch):
    for name in list(surroundings.os.environ):
        monkeypatch.delenv(name)
    given = {"OMP_NUM_THREADS": "2", "TF_ENABLE_ONEDNN_OPTS": "1", "CUDA_VISIBLE_DEVICES": "0", "KMP_BLOCKTIME": "0"}
    others = {
        "TORCH_API_KEY": "k",
        "TF_ACCESS_TOKEN": "t",
        "NVIDIA_PASSWORD": "p",
        "TORCH_MIRROR": "https://me:word@host/",
        "HOME": "/home/me",
        "MY_OMP_X": "1",
    }
    for name, value in (given | others).items():
        monkeypatch.setenv(name, value)
    assert surroundings.variables() == given
