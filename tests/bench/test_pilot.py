"""The pilot: its trials choose the number of repeats, and are in no ratio."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from bench import lock, pilot, race
from bench.launch import Outcome
from bench.results import store
from bench.work import Work


@pytest.fixture
def settle(plan_of, children, tmp_path, monkeypatch):
    """Settle a plan whose torch scatters by `factors`, one for each repeat of the pilot."""
    true = children.trial

    def run(*said, factors=(1.0, 1.02, 0.98)):
        def scatter(request):
            found = true(request)
            if request.contender == "torch":
                path = Path(request.folder) / "clocks.safetensors"
                clocks = load_file(path)
                slowed = clocks["throughput"] * factors[request.train["seed"]]
                save_file(clocks | {"throughput": slowed}, path)
            return found

        monkeypatch.setattr(children, "trial", scatter)
        plan = plan_of(*said)
        return plan, *pilot.settle(plan, Work(plan, tmp_path / "work"), tmp_path / "pilot", lambda *_: None)

    return run


def test_a_pilot_takes_as_many_repeats_as_the_width_needs(settle):
    plan, settled, found = settle("measure.half_width=0.05")
    assert found["repeats"] == 3
    assert found["spread"] == pytest.approx(0.02, rel=0.02)
    assert found["wanted"] == 0.05
    assert settled.repeats == found["chosen"]
    _, tighter, _ = settle("measure.half_width=0.02")
    assert plan.repeats == 5
    assert tighter.repeats > settled.repeats
    _, capped, _ = settle("measure.half_width=0.001", "measure.most_repeats=12")
    assert capped.repeats == 12
    assert settle("measure.half_width=0.001", "measure.most_repeats=12")[2]["suffices"] is False


def test_a_pilot_that_fails_settles_nothing(settle, children):
    for seed in range(3):
        children.instead["trial", "torch", seed] = lambda _: Outcome(status="failed", message="it broke")
    plan, settled, found = settle("measure.half_width=0.05")
    assert settled.repeats == plan.repeats == found["chosen"]
    assert found["failed"] == "torch: it broke"


def test_a_race_with_a_pilot_keeps_it_out_of_its_ratios(plan_of, children, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lock, "default_path", lambda: tmp_path / "lock")
    plan = plan_of("measure.half_width=0.05", "measure.pilot=2", "report=false")
    assert race.run(plan, tmp_path / "run") == 0
    results = store.read(tmp_path / "run")
    trials = [item for item in children.tasks() if item[0] == "trial"]
    assert results.pilot == {"repeats": 2, "spread": 0.0, "wanted": 0.05, "chosen": 2, "suffices": True}
    assert len(trials) == 2 * 2 + 2 * 2
    assert len(results.trials) == 4
    assert results.conditions["repeats"] == results.config["measure"]["repeats"] == 2
    assert all(item.repeats == 2 for item in results.comparison)
    said = capsys.readouterr().out
    assert "Pilot: how many repeats does an interval of ±5.0 % take?" in said
    assert "scatters by 0.0 %: 2 repeats." in said


def test_the_log_ratio_is_taken_inside_a_repeat(settle):
    _, _, found = settle("measure.half_width=0.05", factors=(1.0, math.e, 1.0))
    assert found["spread"] == pytest.approx(1 / math.sqrt(3), rel=1e-6)
