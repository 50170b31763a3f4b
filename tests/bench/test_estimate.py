from __future__ import annotations

import json

import pytest

from bench import estimate
from bench.results.schema import Trial


def trial(contender, seconds, status="ok"):
    phases = {"import": seconds / 2, "train": seconds / 2}
    return Trial(contender=contender, repeat=0, seed=0, status=status, phases=phases)


def test_a_guess_grows_with_the_work(plan_of):
    gate, trials = estimate.seconds(plan_of())
    assert 0 < gate < 30
    assert 30 < trials < 120, "the default job: about a minute of trials"
    assert estimate.seconds(plan_of("train.epochs=1000"))[1] > 5 * trials
    assert estimate.seconds(plan_of("measure.repeats=10"))[1] == pytest.approx(2 * trials)
    lone = estimate.seconds(plan_of("framework=torch"))
    assert lone[0] < gate
    assert lone[1] < trials


def test_what_a_trial_took_is_remembered(plan_of):
    plan = plan_of()
    estimate.remember(plan, [trial("tf", 8.0), trial("tf", 12.0), trial("torch", 5.0)], plan.contenders)
    assert estimate.seconds(plan)[1] == pytest.approx(5 * (10.0 + 5.0))
    assert estimate.seconds(plan_of("framework=torch"))[1] == pytest.approx(5 * 5.0)
    other = plan_of("runtime.threads=7")
    assert estimate.seconds(other)[1] == estimate._guess(other, other.contenders[0]) * 5 + 5 * estimate._guess(
        other, other.contenders[1]
    )


def test_longer_clocks_are_another_kind_of_run(plan_of):
    plan = plan_of("measure=quick")
    estimate.remember(plan, [trial("tf", 8.0), trial("torch", 5.0)], plan.contenders)
    assert estimate.seconds(plan)[1] == pytest.approx(2 * 13.0)
    long = plan_of("measure=rigorous")
    assert estimate.seconds(long)[1] == pytest.approx(15 * sum(estimate._guess(long, each) for each in long.contenders))


def test_trials_that_failed_tell_nothing(plan_of):
    plan = plan_of("framework=torch")
    before = estimate.seconds(plan)
    estimate.remember(plan, [trial("torch", 0.1, "failed")], plan.contenders)
    assert estimate.seconds(plan) == before
    estimate.remember(plan, [trial("torch", 0.1, "failed"), trial("torch", 7.0)], plan.contenders)
    assert estimate.seconds(plan)[1] == pytest.approx(35.0)


@pytest.mark.parametrize("text", ["", "[1]", '{"a": "b"}', '{"a": null}', "{"])
def test_a_memory_that_cannot_be_read_is_none(plan_of, cache, text):
    plan = plan_of("framework=torch")
    guess = estimate.seconds(plan)
    (cache / "seconds.json").write_text(text)
    assert estimate.seconds(plan) == guess
    estimate.remember(plan, [trial("torch", 7.0)], plan.contenders)
    assert estimate.seconds(plan)[1] == pytest.approx(35.0)


def test_a_cache_that_cannot_be_written_costs_nothing(plan_of, monkeypatch):
    plan = plan_of("framework=torch")
    monkeypatch.setenv("PARALLAX_CACHE", "/proc/nowhere")
    estimate.remember(plan, [trial("torch", 7.0)], plan.contenders)


def test_the_memory_does_not_grow_for_ever(plan_of, cache):
    plan = plan_of("framework=torch")
    (cache / "seconds.json").write_text(json.dumps({f"old-{index}": 1.0 for index in range(700)}))
    estimate.remember(plan, [trial("torch", 7.0)], plan.contenders)
    known = json.loads((cache / "seconds.json").read_text())
    assert len(known) == 500
    assert list(known.values())[-1] == 7.0


def test_patience_is_what_was_set_or_generous(plan_of):
    assert estimate.patience(plan_of("measure.timeout=90")) == 90.0
    assert estimate.patience(plan_of()) == estimate.PATIENCE_SECONDS == 1800
    long = plan_of("train.epochs=100000")
    assert estimate.patience(long) > 10 * max(estimate._each(long))
