from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench import api, load, run
from bench.errors import RequestError
from bench.results import store
from bench.results.schema import Results
from bench.runs import Runs
from tests.bench.test_rules import loaded
from tests.reports.conftest import write_run

COMMAND = """
import json, signal, sys, time
from pathlib import Path
print("one line", flush=True)
print("a complaint", file=sys.stderr, flush=True)
words = sys.argv[1:]
if "wait=true" in words:
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("at work", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("keeps what is finished", flush=True)
        sys.exit(130)
if "good=true" not in words:
    sys.exit(int(next((word[5:] for word in words if word.startswith("exit=")), 2)))
folder = Path(words[-1].partition("='")[2][:-1].replace(chr(92), ""))
folder.mkdir(parents=True)
results = {"schema_version": 1, "status": "failed", "command": json.dumps(words)}
(folder / "results.json").write_text(json.dumps(results))
sys.exit(1)
"""
"""Stands for ``python -m bench``: says something, then is refused, breaks, waits or leaves a run that failed."""


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Put the stand-in in the place of ``python -m bench``, in a folder of the test's own."""
    monkeypatch.setattr(api, "COMMAND", [sys.executable, "-c", COMMAND])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_folder(tmp_path):
    """Return the folder of a finished run: 2 contenders, 3 repeats, 5 epochs."""
    write_run(tmp_path / "run")
    return tmp_path / "run"


def test_importing_the_package_is_cheap():
    found = loaded("import bench")
    assert "bench" in found
    assert not found & {"pandas", "numpy", "hydra", "subprocess", "rich"}
    assert not loaded("import bench; bench.run, bench.load") & {"pandas", "numpy", "hydra", "matplotlib", "reports"}
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = bench.runn


def test_loaded_frames_are_what_the_run_left(run_folder):
    found = load(run_folder)
    trials = found.results.trials
    assert isinstance(found.results, Results)
    assert found.trials["step_seconds"].tolist() == [trial.step_seconds for trial in trials]
    assert found.comparison["ratio"].tolist() == [item.ratio for item in found.results.comparison]
    assert found.agreement["difference"].tolist() == [item.difference for item in found.results.agreement]
    assert len(found.comparison) == 6
    assert len(found.epochs) == 30
    assert len(found.steps) == 6 * 510
    assert len(found.checks) == 5
    assert found.warnings["kind"].tolist() == ["few_repeats"]
    assert found.runs["folder"].tolist() == [str(run_folder)]
    assert found.verdict.startswith("torch is 1.32× faster than tf per training step")
    assert "certificate: float64, largest error" in repr(found)
    assert "device cpu, precision float32" in repr(found)
    assert found.report is None


def test_several_runs_are_told_apart(run_folder, tmp_path):
    write_run(tmp_path / "sweep/0", model="cnn", files=False, repeats=1)
    store.write(tmp_path / "sweep/1", Results(status="failed", message="no such GPU"))
    stopped = write_run(tmp_path / "sweep/2")
    stopped.status, stopped.message = "interrupted", "after 6 of 10 trials"
    store.write(tmp_path / "sweep/2", stopped)
    with pytest.warns(UserWarning, match="run sweep/0, tf, repeat 0: steps.parquet is missing"):
        found = load(str(run_folder), tmp_path / "sweep")
    assert found.runs["run"].tolist() == ["run", "sweep/0", "sweep/1", "sweep/2"]
    assert set(found.trials["run"]) == {"run", "sweep/0", "sweep/2"}
    assert found.results_of("sweep/1").message == "no such GPU"
    lines = found.verdict.splitlines()
    assert lines[0].startswith("run (digits × mlp): torch is 1.32× faster")
    assert lines[1].startswith("sweep/0 (digits × cnn): ")
    assert "failed: no such GPU" in lines[2]
    assert ": interrupted: after 6 of 10 trials; torch is 1.32× faster" in lines[3]
    with pytest.raises(RequestError, match=r"there are 4 runs; results_of\('run'\)"):
        _ = found.results
    with pytest.raises(RequestError, match=r"there is no such run \(there are: run, sweep/0"):
        found.results_of("4")


def test_what_could_not_be_compared_is_in_the_verdict(run_folder, tmp_path):
    (tmp_path / "nothing").mkdir()
    write_run(tmp_path / "other", files=False, repeats=1)
    with pytest.warns(UserWarning, match="is missing"):
        lines = load(run_folder, tmp_path / "other", tmp_path / "nothing").verdict.splitlines()
    assert "nothing: no results: it holds no results" in lines
    assert "nothing is not compared: it holds no results" in lines
    assert any(line.startswith("other (mlp on Handwritten digits) is not compared: it does not say") for line in lines)


def test_nothing_to_load_is_one_exception(tmp_path):
    with pytest.raises(RequestError, match=r"^/.*nowhere: there is no such folder$"):
        load(tmp_path / "nowhere")
    with pytest.raises(RequestError, match="name at least one folder"):
        load()


def test_a_run_that_failed_is_returned_with_what_was_said(command, capsys):
    found = run(good=True, train={"epochs": 2}, overrides=["+x=1"])
    assert json.loads(found.results.command)[:3] == ["+x=1", "good=true", "train.epochs=2"]
    assert found.verdict == "failed"
    told = capsys.readouterr()
    assert told.out == "one line\n"
    assert told.err == "a complaint\n"
    assert found.folders[0].parent.parent == Path("outputs").resolve()


def test_a_sweep_and_a_folder_of_ones_own(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(api, "load", store.read)
    found = run(good=True, overrides=["-m"], progress=False, folder="it's mine")
    assert json.loads(found.command) == ["-m", "good=true", f"hydra.sweep.dir='{tmp_path}/it\\'s mine'"]
    assert capsys.readouterr().out == ""


def test_what_is_resumed_stays_where_it_is(command, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(api, "_race", lambda words, progress: asked.append(words) or (0, ""))
    write_run(tmp_path / "earlier", contenders=("torch",), repeats=1)
    assert run(resume="earlier").folders == [tmp_path / "earlier"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(resume="~/earlier", report=False).folders == [tmp_path / "earlier"]
    assert asked == [["resume=earlier"], ["report=false", f"resume={tmp_path}/earlier"]]
    with pytest.raises(RequestError, match=r"^folder='new': does not go with resume="):
        run(resume="earlier", folder="new")
    with pytest.raises(RequestError, match=r"^resume=earlier: say resume= as a setting: run\(resume='earlier'\)$"):
        run(overrides=["resume=earlier"])
    assert len(asked) == 2


def test_a_refused_request_is_one_exception_with_its_message(command, tmp_path, capsys):
    (tmp_path / "old").mkdir()
    (tmp_path / "old/results.json").write_text('{"schema_version": 1}')
    with pytest.raises(RequestError, match=r"^a complaint$"):
        run(folder="old")
    assert capsys.readouterr().err == ""
    with pytest.raises(RuntimeError, match=r"left no results \(exit status 7\):\na complaint"):
        run(exit=7)
    with pytest.raises(RuntimeError, match=r"left no results \(exit status 1\)"):
        run(exit=1, folder="old")
    with pytest.raises(RequestError, match="folder=… instead"):
        run(**{"hydra.run.dir": "x"})
    assert not (tmp_path / "outputs").exists()


def test_an_interrupt_reaches_the_command_and_is_raised_again(command, monkeypatch):
    said = []

    def show(line, **options):
        said.append(line.strip())
        if said[-1] == "at work":
            raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", show)
    with pytest.raises(KeyboardInterrupt, match=r"bench\.load"):
        run(wait=True)
    assert said[:3] == ["one line", "at work", "keeps what is finished"]


def test_a_notebook_is_shown_the_page_in_a_frame_of_its_own(tmp_path):
    found = Runs([tmp_path])
    found.__dict__["_page"] = '<p class="a">\'&amp;</p>'
    shown = found._repr_html_()
    inner = re.fullmatch(r'<iframe srcdoc="([^"<>]*)" sandbox="allow-same-origin" style="[^"]*"></iframe>', shown)
    assert inner
    assert unescape(inner[1]) == found._page


@pytest.mark.slow
def test_a_real_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=r"train\.epoch: no such key; did you mean 'train\.epochs'"):
        run(train={"epoch": 1})
    found = run(dataset="digits", framework=["torch"], measure="quick", **{"train.epochs": 1, "measure.repeats": 1})
    assert found.verdict.startswith("torch alone: ")
    assert found.trials["status"].tolist() == ["ok"]
    assert found.report == found.folders[0] / "report.html"
    assert isinstance(found.steps, pd.DataFrame)
    assert found.results.config["train"]["epochs"] == 1
