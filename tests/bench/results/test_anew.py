from __future__ import annotations

from bench.results import anew
from bench.results.schema import Check, Comparison, Parity, Results, Trial


def results(**more):
    trials = [
        Trial(contender=name, repeat=repeat, seed=repeat, status="ok", step_seconds=step * (1 + 0.01 * repeat))
        for repeat in range(3)
        for name, step in (("tf", 2e-3), ("torch", 1e-3))
    ]
    passed = Check(
        contender="torch", baseline="tf", quantity="loss", precision="", error=0.0, tolerance=1.0, scale="", passed=True
    )
    return Results(**{"baseline": "tf", "trials": trials, "parity": Parity(passed=True, checks=[passed])} | more)


def test_what_a_file_claims_gives_way_to_what_its_trials_say():
    claimed = Comparison(
        contender="torch",
        baseline="tf",
        quantity="step_seconds",
        ratio=0.01,
        low=0.01,
        high=0.01,
        repeats=99,
        paired=True,
        certified=True,
        verdict="torch is 100× faster",
    )
    run = results(comparison=[claimed])
    anew.compute(run)
    (item,) = run.comparison
    assert (round(item.ratio, 6), item.repeats, item.certified) == (0.5, 3, True)
    assert item.verdict.startswith("torch is 2.00× faster than tf")


def test_without_certificate_or_baseline_nothing_is_claimed():
    run = results(parity=Parity())
    anew.compute(run)
    assert not run.comparison[0].certified
    run = results(baseline="gone", comparison=list(run.comparison))
    anew.compute(run)
    assert run.comparison == run.agreement == []
