from __future__ import annotations

import math

import pytest

from bench.results import compare, summary
from bench.results.schema import Contender, Dataset, Results, RunWarning, Trial

TF = [1.00e-3, 1.10e-3, 0.95e-3]


def trial(contender, repeat, step, accuracy=0.97):
    return Trial(
        contender=contender,
        repeat=repeat,
        seed=repeat,
        status="ok",
        step_seconds=step,
        throughput=64 / step,
        metrics={"test_accuracy": accuracy, "test_loss": 0.1},
    )


@pytest.fixture
def results():
    trials = [trial("tf", repeat, step, 0.96 + 0.01 * repeat) for repeat, step in enumerate(TF)]
    trials += [trial("torch", repeat, 0.75 * step) for repeat, step in enumerate(TF)]
    trials[-1].status = "diverged"
    return Results(
        baseline="tf",
        contenders=[Contender(name=name, backend=name, framework=name.title()) for name in ("tf", "torch", "none")],
        trials=trials,
        comparison=compare.comparisons(trials, baseline="tf", certified={"tf", "torch"}),
    )


def test_a_row_per_contender_with_means(results):
    tf, torch, none = summary.rows(results)
    assert tf.baseline
    assert tf.comparison is None
    assert tf.framework == "Tf"
    assert tf.step_seconds == pytest.approx(math.prod(TF) ** (1 / 3))
    assert (tf.quality, tf.quality_deviation) == pytest.approx((0.97, 0.01))
    assert torch.comparison.quantity == "step_seconds"
    assert (torch.finished, torch.trials, torch.trouble) == (2, 3, "1 diverged")
    assert torch.quality == pytest.approx(0.97)
    assert (none.trials, none.step_seconds, none.quality, none.test_loss_deviation) == (0, None, None, None)


def test_a_regression_is_judged_by_its_error(results):
    for trial in results.trials:
        trial.metrics = {"test_mae": 40.0 + trial.repeat, "test_loss": 0.5}
    tf = summary.rows(results)[0]
    assert (tf.metric, tf.quality, tf.quality_deviation) == ("test_mae", 41.0, 1.0)


@pytest.mark.parametrize(("task", "metric"), [("binary", "test_accuracy"), ("regression", "test_mae")])
def test_before_the_first_trial_the_task_says_what_will_be_judged(results, task, metric):
    results.trials = []
    assert summary.metric(results) == "test_accuracy"
    results.dataset = Dataset(name="a", title="", source="", synthetic=False, input_shape=[4], classes=[], task=task)
    assert summary.metric(results) == metric


def test_what_samples_are(results):
    assert summary.things(results) == "images"
    for shape, things in (([8, 8, 1], "images"), ([30], "samples")):
        results.dataset = Dataset(name="a", title="", source="", synthetic=False, input_shape=shape, classes=[])
        assert summary.things(results) == things


def test_contenders_that_only_trials_name(results):
    results.contenders = []
    assert summary.names(results) == [row.name for row in summary.rows(results)] == ["tf", "torch"]


def test_a_lone_contender_is_nobodys_baseline(results):
    results.contenders, results.trials = results.contenders[:1], results.trials[:1]
    [row] = summary.rows(results)
    assert not row.baseline
    assert row.quality_deviation is None


def test_own_settings_leave_out_what_all_share(results):
    results.conditions = {"threads": 2, "device": "cpu"}
    results.contenders[0].settings = {"backend": "tf", "python": None, "threads": 2, "jit_compile": True}
    results.contenders[1].settings = {"backend": "torch", "threads": 1, "device": "cpu"}
    assert summary.own_settings(results) == {"tf": {"jit_compile": True}, "torch": {"threads": 1}}


def test_one_warning_per_kind_and_contender():
    given = [RunWarning(kind="hot", message=f"{n}", contender=n) for n in ("tf", "tf", "torch")]
    assert [item.message for item in summary.grouped(given)] == ["tf (and 1 more like it)", "torch"]
