from __future__ import annotations

import json

import pytest

from bench.results import migrations, store
from bench.results.migrations import VersionError, migrate
from bench.results.schema import SCHEMA_VERSION, Results


def renamed(value):
    value["message"] = value.pop("said")
    return value


def flagged(value):
    value["command"] = value["command"].upper()
    return value


def test_an_older_version_is_brought_up_step_by_step():
    old = {"schema_version": 1, "said": "hello", "command": "go"}
    new = migrate(old, {1: renamed, 2: flagged}, 3)
    assert new == {"schema_version": 3, "message": "hello", "command": "GO"}
    assert old == {"schema_version": 1, "said": "hello", "command": "go"}, "the file's own value stays as it was"


def test_results_of_an_older_version_are_read_through_their_step(tmp_path, monkeypatch):
    older = {SCHEMA_VERSION - 1: renamed}
    monkeypatch.setattr(store, "migrate", lambda value: migrations.migrate(value, older))
    (tmp_path / store.NAME).write_text(json.dumps({"schema_version": SCHEMA_VERSION - 1, "said": "hello"}))
    assert store.read(tmp_path) == Results(message="hello")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"schema_version": SCHEMA_VERSION + 1}, "is newer than .*: upgrade Parallax"),
        ({"schema_version": 0}, "schema version 0 is older than .*: measure again"),
        ({"schema_version": True}, "no results file of Parallax"),
        ({"schema_version": "1"}, "no results file of Parallax"),
        ({"schema_version": 1.0}, "no results file of Parallax"),
        ({}, "schema version None: no results file of Parallax"),
        ([], "no results file of Parallax"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(value, words):
    with pytest.raises(VersionError, match=words):
        migrate(value)


def test_a_damaged_older_file_is_refused():
    with pytest.raises(VersionError, match="cannot be brought up to date"):
        migrate({"schema_version": 1}, {1: renamed}, 2)
