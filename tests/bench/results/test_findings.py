from __future__ import annotations

from bench.results.findings import findings
from bench.results.schema import Contender, Results, Trial


def test_what_was_found_stands_under_its_heading_and_nothing_else():
    assert findings(Results()) == {}
    clocks = {"step_seconds": 1e-3, "step_latency_seconds": {"p50": 1.1e-3}}
    trial = Trial(contender="tf", repeat=0, seed=0, status="ok", target=0.9, target_seconds=1.0, target_reached=True)
    trial.step_seconds, trial.step_latency_seconds = clocks.values()
    trial.metrics = {"test_accuracy": 0.9}
    results = Results(
        trials=[trial],
        contenders=[Contender(name="tf", backend="tf", framework="")],
        config={"train": {"target": 0.9}},
    )
    assert list(findings(results)) == ["Time to the target", "What observing costs"]
