from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bench import nvidia, readings, trials
from bench.launch import Outcome
from bench.work import Work
from tests.bench.fake_nvml import MIB, FakeNVML


@pytest.fixture
def trial(plan_of, children, tmp_path):
    """Run one trial of torch in its place below ``run``."""
    plan = plan_of("framework=torch")
    work = Work(plan, tmp_path / "work")

    def run(repeat=0):
        found, _ = trials.run(work, plan.contenders, repeat, tmp_path / "run", lambda *_: None)
        return found[0]

    return run


def test_what_a_trial_came_to(trial, tmp_path):
    found = trial(1)
    assert (found.contender, found.repeat, found.seed, found.status) == ("torch", 1, 1, "ok")
    assert found.folder == "trials/torch-1"
    assert found.phases == {"import": 1.0, "train": 0.5, "process": 0.25}, "sleep between turns is no part of it"
    assert found.epoch_seconds == 0.2, "the median"
    assert found.step_seconds == pytest.approx(1e-3)
    assert found.throughput == pytest.approx(64_000)
    assert found.input_seconds == pytest.approx(1e-4)
    assert found.step_latency_seconds == pytest.approx({"p50": 1.1e-3, "p95": 1.1e-3, "p99": 1.1e-3})
    assert found.predict_latency_seconds == pytest.approx({"p50": 5e-4, "p95": 5e-4, "p99": 5e-4})
    assert found.predict_rates == pytest.approx({"1": 2500, "32": 40_000})
    assert found.clocked == {"latency": 4, "throughput": 2, "input": 300, "epoch": 3, "first_step": 1} | {
        "predict/latency": 4,
        "predict/1": 2,
        "predict/32": 2,
    }
    assert found.warmup == {"steps": 40, "seconds": 0.1, "settled": True}
    assert found.memory == {"peak": 7 * 10**8}
    assert found.environment == {"threads": 2, "retraces": 0}
    kept = json.loads((tmp_path / "run" / found.folder / "trial.json").read_text())
    assert kept["metrics"] == {"test_accuracy": 0.9, "test_loss": 0.3}


def test_what_a_trial_leaves(trial, tmp_path):
    for repeat in (0, 1):
        trial(repeat)
    left = [{path.name for path in (tmp_path / "run/trials" / name).iterdir()} for name in ("torch-0", "torch-1")]
    assert left[1] == {"trial.json", "steps.parquet", "epochs.csv", "log.txt"}
    assert left[0] == left[1] | {"weights.safetensors"}, "weights are kept of the first repeat"


def test_steps_are_a_table(trial, tmp_path):
    trial()
    steps = pd.read_parquet(tmp_path / "run/trials/torch-0/steps.parquet")
    assert list(steps.columns) == ["phase", "epoch", "step", "seconds", "loss"]
    assert steps["phase"].value_counts().to_dict() == {
        "latency": 4,
        "throughput": 2,
        "input": 1,
        "predict/latency": 4,
        "predict/1": 2,
        "predict/32": 2,
        "train": 4,
    }
    train = steps[steps["phase"] == "train"]
    assert train["epoch"].tolist() == [1, 1, 2, 2]
    assert train["step"].tolist() == [0, 1, 0, 1]
    assert train["loss"].tolist() == [2.0, 1.0, 0.5, 0.25]
    assert train["seconds"].isna().all()
    assert steps[steps["phase"] == "latency"]["seconds"].tolist() == pytest.approx([1.1e-3] * 4)


def test_steps_without_a_trace(tmp_path):
    clocks = {"latency": np.ones(2), "throughput": np.ones(1), "input": np.ones(3), "losses": np.empty((0, 0))}
    readings._write_steps(tmp_path / "steps.parquet", clocks)
    assert len(pd.read_parquet(tmp_path / "steps.parquet")) == 6


def test_a_failed_trial_shows_no_file_of_an_earlier_one(trial, children, tmp_path):
    trial()
    children.instead["trial", "torch", 0] = lambda _: Outcome(status="failed", message="it broke", wall_seconds=2.0)
    found = trial()
    assert (found.status, found.message) == ("failed", "it broke")
    assert found.phases == {"process": 2.0}
    assert found.step_seconds is found.epoch_seconds is found.throughput is None
    place = tmp_path / "run/trials/torch-0"
    assert not (place / "steps.parquet").exists()
    assert not (place / "epochs.csv").exists()
    assert json.loads((place / "trial.json").read_text())["status"] == "failed"


def test_values_that_are_not_finite_are_null_in_the_file(trial, children, tmp_path):
    def diverge(request):
        found = children.trial(request)
        found.status = "diverged"
        found.values |= {"metrics": {"train_loss": float("nan")}}
        return found

    children.instead["trial", "torch", 0] = diverge
    assert trial().status == "diverged"
    assert json.loads((tmp_path / "run/trials/torch-0/trial.json").read_text())["metrics"] == {"train_loss": None}


def test_the_rate_of_the_large_matrix_product_is_read(trial, children):
    assert trial().matrix_product_flops is None, "a child may have none"

    def multiply(request):
        found = children.trial(request)
        found.values |= {"matrix_product_flops": 2.1e11, "matrix_product_size": 2048}
        return found

    children.instead["trial", "torch", 0] = multiply
    found = trial()
    assert (found.matrix_product_flops, found.matrix_product_size) == (2.1e11, 2048)


@pytest.mark.parametrize(("device", "held"), [("gpu", 300 * MIB), ("cpu", None)])
def test_the_gpu_is_read_for_those_alone_who_use_it(monkeypatch, plan_of, children, tmp_path, device, held):
    fake = FakeNVML()
    monkeypatch.setattr(trials.machine, "gpu", lambda: nvidia.Device(fake, 0))
    plan = plan_of("framework=torch")
    plan.contenders[0].settings["device"] = device

    def listen(name, told):
        fake.used += 200 * MIB

    def work(request, listen, take, **_):
        fake.used += 300 * MIB
        return true(request, listen)

    true = children.run
    monkeypatch.setattr(trials.launch, "run", work)
    found, _ = trials.run(Work(plan, tmp_path / "work"), plan.contenders, 0, tmp_path / "run", listen)
    [found] = found
    assert found.memory.get("device") == held
    assert found.energy_joules is None
    assert bool(fake.calls) == (device == "gpu")


def test_what_the_system_counted_is_kept(trial, children):
    def count(request):
        found = children.trial(request)
        found.usage = {"cpu_seconds": 1.0, "involuntary_switches": 3.0, "major_faults": 7.0}
        return found

    children.instead["trial", "torch", 0] = count
    usage = trial().usage
    assert {name: usage[name] for name in ("cpu_seconds", "involuntary_switches", "major_faults")} == {
        "cpu_seconds": 1.0,
        "involuntary_switches": 3.0,
        "major_faults": 7.0,
    }
    assert "late_major_faults" not in usage, "nobody said how many there were before the first step"


def test_the_way_to_a_target_is_read_from_the_epochs(plan_of, children, tmp_path):
    def train(request):
        found = children.trial(request)
        rows = ("epoch,seconds,val_accuracy", "1,0.5,0.4", "2,0.25,0.75", "3,0.25,0.9", "4,0.25,0.5")
        (tmp_path / "run/trials/torch-0/epochs.csv").write_text("\n".join(rows) + "\n")
        return found

    children.instead["trial", "torch", 0] = train
    found = {}
    for target in ("0.75", "0.95", "null"):
        plan = plan_of("framework=torch", f"train.target={target}")
        work = Work(plan, tmp_path / f"work-{target}")
        [one], _ = trials.run(work, plan.contenders, 0, tmp_path / "run", lambda *_: None)
        found[target] = (one.target, one.target_seconds, one.target_reached)
    assert found == {"0.75": (0.75, 0.75, True), "0.95": (0.95, 1.25, False), "null": (None, None, None)}


def test_the_losses_of_the_epochs_are_kept(plan_of, children, tmp_path):
    def train(request):
        found = children.trial(request)
        rows = ("epoch,seconds,train_loss,val_loss", "1,0.5,2.5,2.0", "2,0.25,1.5,", "3,0.25,1.0,1.75")
        (tmp_path / "run/trials/torch-0/epochs.csv").write_text("\n".join(rows) + "\n")
        return found

    plan = plan_of("framework=torch")
    work = Work(plan, tmp_path / "work")
    [one], _ = trials.run(work, plan.contenders, 0, tmp_path / "run", lambda *_: None)
    assert one.curves == {}, "the file has no such columns"
    children.instead["trial", "torch", 0] = train
    [one], _ = trials.run(work, plan.contenders, 0, tmp_path / "run", lambda *_: None)
    assert one.curves["train_loss"] == [2.5, 1.5, 1.0]
    assert one.curves["val_loss"] == [2.0, pytest.approx(float("nan"), nan_ok=True), 1.75]
