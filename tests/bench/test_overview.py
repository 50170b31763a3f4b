from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench import overview
from bench.results import certificate, store
from bench.results.schema import Comparison, Contender, Parity, Results, Trial


@pytest.fixture
def told(tmp_path):
    def tell(said=None):
        stream = io.StringIO()
        overview.tell(tmp_path, said or {}, Console(file=stream, width=80, highlight=False, markup=False))
        return stream.getvalue()

    return tell


def compared(ratio=0.85, low=0.82, high=0.88, certified=True):
    return Comparison(
        contender="torch", baseline="tf", quantity="step_seconds", ratio=ratio, low=low, high=high, repeats=3,
        paired=True, certified=certified, verdict="torch is faster",
    )  # fmt: skip


def test_a_line_for_each_run_with_its_ratio_or_why_it_failed(told, tmp_path):
    runs = [tmp_path / name for name in "0123"]
    contenders = [Contender(name="torch", backend="torch", framework="PyTorch")]
    store.write(runs[0], Results(status="ok", comparison=[compared()]))
    store.write(runs[1], Results(status="ok", comparison=[compared(low=None, high=None, certified=False)]))
    store.write(runs[2], Results(status="failed", message="torch, repeat 1: failed; no memory", contenders=contenders))
    shown = told({run: f"measure=quick train.seed={run.name}" for run in runs})
    assert shown.splitlines()[1:] == [
        "The sweep: 4 runs (2 ok, 1 failed, 1 not started)",
        "  0  train.seed=0: ok; torch ÷ tf per step 0.85 (0.82–0.88)",
        "  1  train.seed=1: ok; torch ÷ tf per step 0.85 (no interval), uncertified",
        "  2  train.seed=2: failed; torch, repeat 1: failed; no memory",
        "  3  train.seed=3: not started, or it left no results",
        f"To run what is missing or failed: python -m bench resume={tmp_path}",
    ]


def test_the_end_of_a_failed_trials_log_is_shown_and_nothing_outside_the_folder(told, tmp_path):
    (tmp_path / "0/trials/torch-1").mkdir(parents=True)
    lines = "".join(f"line {n}\x1b[2J\n" for n in range(2000))
    (tmp_path / "0/trials/torch-1/log.txt").write_text(lines)
    (tmp_path / "log.txt").write_text("secret")
    trials = [
        Trial(contender="torch", repeat=1, seed=1, status="failed", folder="trials/torch-1"),
        Trial(contender="tf", repeat=1, seed=1, status="failed", folder=".."),
        Trial(contender="tf", repeat=2, seed=1, status="failed", folder="trials/none"),
    ]
    store.write(tmp_path / "0", Results(status="failed", trials=trials))
    shown = told()
    assert shown.count("torch-1 | line ") == overview.LOG_LINES
    assert "line 1999?[2J" in shown
    assert "secret" not in shown
    assert "it did not say why" in shown


def test_runs_made_apart_are_compared_and_said_to_be_unpaired(told, tmp_path):
    for index, (name, step) in enumerate((("tf", 2e-3), ("torch", 1e-3))):
        trials = [
            Trial(contender=name, repeat=n, seed=n, status="ok", step_seconds=step * (1 + n / 50)) for n in range(3)
        ]
        contenders = [Contender(name=name, backend=name, framework=name)]
        store.write(tmp_path / str(index), Results(status="ok", content="same", trials=trials, contenders=contenders))
    shown = told()
    assert "torch is 2.00× faster than tf per training step" in shown
    assert "machine drift" in shown
    assert "resume=" not in shown, "there is nothing to run again"
    assert shown.count("one contender, no ratio") == 2


def test_of_a_regression_the_agreement_in_its_own_metric_is_told(told, tmp_path):
    for index, name in enumerate(("tf", "torch")):
        trials = [
            Trial(contender=name, repeat=n, seed=n, status="ok", metrics={"test_mae": 2.0 + n / 50}) for n in range(3)
        ]
        contenders = [Contender(name=name, backend=name, framework=name)]
        store.write(tmp_path / str(index), Results(status="ok", content="same", trials=trials, contenders=contenders))
    assert "MAE" in told()


def test_what_the_gate_stopped_says_why_and_would_be_stopped_again(told, tmp_path):
    stopped = Results(status="failed", message="nobody was raced", conditions={"repeats": 3})
    stopped.contenders = [Contender(name=name, backend=name, framework=name) for name in ("tf", "torch")]
    stopped.parity = Parity(passed=False, message="torch does not compute what tf does")
    store.write(tmp_path / "0", stopped)
    assert "0: failed; nobody was raced; torch does not compute what tf does" in told()
    assert "resume=" not in told()
    stopped.parity.checks = [certificate.nothing_left("torch", "tf", "it died")]
    store.write(tmp_path / "0", stopped)
    assert "resume=" in told()


def test_what_cannot_be_read_is_a_line(told, tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / store.NAME).write_text("{")
    assert "  0: not started, or it left no results" in told()
