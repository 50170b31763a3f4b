from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from bench.results import store
from reports.__main__ import main
from reports.events import safe

READER = """
import json, sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")  # its own files, as where TensorFlow is not installed
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
found = EventMultiplexer(size_guidance={"scalars": 0}).AddRunsFromDirectory(sys.argv[1])
found.Reload()
runs = found.Runs()
scalars = {run: {tag: found.Scalars(run, tag) for tag in runs[run]["scalars"]} for run in runs}
print(json.dumps(scalars, default=lambda event: (event.wall_time, event.step, event.value)))
"""


def read(folder):
    """Return the scalars below `folder` as TensorBoard's own reader finds them, by run and tag."""
    done = subprocess.run([sys.executable, "-c", READER, str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def test_tensorboard_reads_every_scalar_of_every_trial(run_folder):
    assert main([str(run_folder), "--no-report", "--export", "tensorboard"]) == 0
    found = read(run_folder / "exports/tensorboard")
    assert set(found) == {f"{name}-{repeat}" for name in ("tf", "torch") for repeat in range(3)}
    scalars = found["torch-1"]
    epochs = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
    clocks = {"train/loss", "clock/latency_seconds", "clock/throughput_seconds"}
    assert set(scalars) == clocks | {f"epoch/{name}" for name in epochs}
    own = pd.read_csv(run_folder / "trials/torch-1/epochs.csv")
    for name in epochs:
        assert [step for _, step, _ in scalars[f"epoch/{name}"]] == [1, 2, 3, 4, 5]
        assert [value for *_, value in scalars[f"epoch/{name}"]] == pytest.approx(own[name].tolist(), rel=1e-6)
    steps = pd.read_parquet(run_folder / "trials/torch-1/steps.parquet")
    losses = steps.loc[steps["phase"] == "train", "loss"].tolist()
    assert [step for _, step, _ in scalars["train/loss"]] == list(range(1, 301))
    assert [value for *_, value in scalars["train/loss"]] == pytest.approx(losses, rel=1e-6)
    latencies = steps.loc[steps["phase"] == "latency", "seconds"].tolist()
    assert [value for *_, value in scalars["clock/latency_seconds"]] == pytest.approx(latencies, rel=1e-6)
    # Seconds of training, after the moment the run began.
    began = pd.Timestamp(store.read(run_folder).started).timestamp()
    last = scalars["epoch/val_loss"][-1][0]
    assert last - began == pytest.approx(own["seconds"].sum(), abs=1e-6)
    assert scalars["train/loss"][-1][0] == pytest.approx(last, abs=1e-6)


def test_an_export_takes_the_place_of_the_one_before(run_folder, sweep_folder):
    exports = ["--no-report", "--export", "tensorboard"]
    assert main([str(run_folder), *exports]) == 0
    shutil.rmtree(run_folder / "trials/tf-0")
    results = store.read(run_folder)
    results.trials = [trial for trial in results.trials if trial.repeat == 0]
    store.write(run_folder, results)
    assert main([str(run_folder), *exports]) == 0
    place = run_folder / "exports/tensorboard"
    assert {path.name for path in place.iterdir()} == {"tf-0", "torch-0"}
    assert not list(place.parent.glob(".*"))
    assert main([str(sweep_folder), *exports]) == 0
    place = sweep_folder / "exports/tensorboard"
    assert {str(path.parent.relative_to(place)) for path in place.glob("1/*/*")} == {
        f"1/{name}-{repeat}" for name in ("tf", "torch") for repeat in range(3)
    }


def test_names_lead_nowhere_and_odd_numbers_are_left_out(run_folder):
    results = store.read(run_folder)
    for trial, name in zip(results.trials, ["../../x", "a/b", "a:b", "..", "", "\0"], strict=True):
        trial.contender, trial.repeat = name, 0
    results.started = "long ago"
    store.write(run_folder, results)
    odd = "epoch,seconds,train_loss,val_loss\n1,nan,inf,1e300\n1e30,1,2,3\n3,-1e400,x,4\n"
    (run_folder / "trials/tf-0/epochs.csv").write_text(odd)
    before = set(run_folder.parent.rglob("*"))
    assert main([str(run_folder), "--no-report", "--export", "tensorboard"]) == 0
    place = run_folder / "exports/tensorboard"
    assert {path.parent.parent for path in place.rglob("*.parallax")} == {place}
    assert len(list(place.rglob("*.parallax"))) == 6
    assert all(place.parent in (path, *path.parents) for path in set(run_folder.parent.rglob("*")) - before)


@pytest.mark.parametrize("name", ["..", ".hidden", "/", "a\nb", "", "x" * 300, "torch_compile (0)"])
def test_a_safe_name_is_one_visible_part_of_a_path(name):
    found = safe(name)
    assert found
    assert not set(found) & set("/\\\n\0 ")
    assert not found.startswith(".")
    assert len(found) <= 100


def test_writing_imports_neither_framework(run_folder):
    code = f"""
import sys
from reports.__main__ import main
assert main([{str(run_folder)!r}, "--no-report", "--export", "csv,parquet,markdown,tensorboard"]) == 0
print({{"tensorflow", "keras", "torch", "matplotlib"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
