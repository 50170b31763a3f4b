from __future__ import annotations

import pytest

from bench.results import witness
from bench.results.schema import Parity, Results, Trial


def trial(contender, seed, losses):
    return Trial(contender=contender, repeat=seed, seed=seed, status="ok", first_losses=losses)


def race(*losses, seeds=(0, 1)):
    """Return results of tf and torch; `losses` are torch's, per seed."""
    trials = [trial("tf", seed, [2.3, 2.2]) for seed in seeds]
    trials += [trial("torch", seed, item) for seed, item in zip(seeds, losses, strict=True)]
    return Results(baseline="tf", trials=trials, parity=Parity(passed=True, message="certified"))


def test_rounding_is_no_departure():
    results = race([2.3, 2.2000002], [2.3000001, 2.2])
    witness.hold(results)
    assert [(check.contender, check.passed) for check in results.parity.checks] == [("torch", True)]
    assert results.parity.passed is True
    assert results.parity.message == "certified"


def test_another_first_update_in_one_repeat_takes_the_certificate_away():
    results = race([2.3, 2.2], [2.3, 2.1])
    witness.hold(results)
    (check,) = results.parity.checks
    assert check.error == pytest.approx(0.1 / 2.2)
    assert results.parity.passed is False
    assert results.parity.certified("tf") == set()
    assert results.parity.message.startswith("torch and tf begin to train differently: what ran is not what was")


def test_other_initial_weights_show_in_the_first_loss():
    results = race([2.4, 2.2], [2.3, 2.2])
    witness.hold(results)
    assert results.parity.passed is False


@pytest.mark.parametrize("losses", [[], [2.3]])
def test_without_two_losses_on_both_sides_nothing_is_said(losses):
    results = race(losses, losses)
    witness.hold(results)
    assert results.parity.checks == []


def test_a_seed_without_a_twin_is_passed_over():
    results = race([2.3, 2.2], [2.3, 2.2])
    results.trials = [item for item in results.trials if (item.contender, item.seed) != ("tf", 1)]
    results.trials[-1].first_losses = [9.0, 9.0]
    witness.hold(results)
    assert [check.passed for check in results.parity.checks] == [True]
