from __future__ import annotations

import re

from bench import judge as judging
from bench.results import compare
from bench.results.schema import Dataset, Layer, Model, Results, Trial


def trial(contender, repeat, *, step=1e-3, p99=1.2e-3, threads=2, status="ok"):
    return Trial(
        contender=contender,
        repeat=repeat,
        seed=repeat,
        status=status,
        step_seconds=step,
        step_latency_seconds={"p50": 1e-3, "p95": 1.1e-3, "p99": p99},
        environment={"threads": threads},
    )


def race(repeats=5, *, certified=("tf", "torch"), **torch):
    trials = []
    for repeat in range(repeats):
        trials += [trial("tf", repeat), trial("torch", repeat, **torch)]
    found = Results(baseline="tf", trials=trials)
    found.comparison = compare.comparisons(trials, baseline="tf", certified=set(certified))
    return found


def kinds(results):
    return [warning.kind for warning in judging.judge(results)]


def test_five_steady_certified_repeats_deserve_no_warning():
    assert kinds(race()) == []


def test_repeats_that_stand_behind_a_ratio_are_counted():
    assert kinds(race(3)) == ["few_repeats"]
    assert kinds(race(1)) == ["single_repeat"]
    lost = race(5)
    lost.trials[0].status = "failed"
    lost.comparison = compare.comparisons(lost.trials, baseline="tf", certified={"torch"})
    assert kinds(lost) == ["few_repeats"]


def test_a_lone_contender_is_not_told_to_repeat():
    lone = Results(baseline="tf", trials=[trial("tf", 0)])
    assert kinds(lone) == []
    assert kinds(Results()) == []


def drifting(**factors):
    """A race of eight repeats whose contenders change by so much each repeat, give or take."""
    results = race(8)
    for item in results.trials:
        wobble = 1 + 0.01 * (-1) ** (item.repeat // 2)
        item.step_seconds = 1e-3 * factors.get(item.contender, 1.0) ** item.repeat * wobble
    return results


def test_drift_is_a_trend_over_the_repeats():
    (found,) = judging.judge(drifting(torch=1.03))
    assert (found.kind, found.contender) == ("drift", "torch")
    assert re.search(r"became 2\d % slower", found.message)
    assert "cancels" not in found.advice
    assert kinds(drifting(torch=1.01)) == [], "8 % are less than what is told"


def test_scatter_is_no_drift():
    results = race(8)
    scatter = (1.0, 1.15, 0.9, 1.2, 0.95, 1.1, 1.0, 1.2)
    for item in results.trials:
        item.step_seconds = 1e-3 * scatter[item.repeat]
    assert kinds(results) == []


def test_drift_cancels_only_where_all_drifted_the_same_way():
    for other, alike in ((1.03, True), (0.97, False)):
        found = judging.judge(drifting(torch=1.03, tf=other))
        assert [warning.kind for warning in found] == ["drift", "drift"]
        assert [("cancels" in warning.advice) for warning in found] == [alike, alike]


def test_a_throughput_clock_far_above_the_latency_clock_is_a_collapse():
    results = race()
    assert kinds(results) == []
    for item in results.trials[1::2]:
        item.step_seconds = 1.45e-3
    assert kinds(results) == []
    results.trials[5].step_seconds = 2.5e-3
    (found,) = judging.judge(results)
    assert (found.kind, found.contender) == ("collapse", "torch")
    assert "2.5 times" in found.message
    results.machine = {"cores": 4}
    assert judging.judge(results)[0].advice == "close other programs"
    results.trials[5].status = "failed"
    assert kinds(results) == []


def test_a_step_that_is_compiled_again_inside_the_training_is_named():
    results = race()
    for times, expected in ((None, []), (0, []), (2, ["retraces"])):
        results.trials[3].environment["retraces"] = times
        assert kinds(results) == expected
    (found,) = judging.judge(results)
    assert found.message.startswith("torch, repeat 2: ")
    assert "again 2 times" in found.message
    results.config = {"train": {"drop_last": True}}
    assert "drop_last" not in judging.judge(results)[0].advice


def test_a_repeat_that_was_interrupted_more_often_than_its_quietest_is_named():
    results = race()
    results.machine = {"cores": 2}
    for item in results.trials:
        item.phases = {"train": 4.0, "process": 1.0}
        item.usage = {"involuntary_switches": 100.0 if item.contender == "torch" else 7000.0}
    assert kinds(results) == [], "how many there are in peace is a framework's own"
    results.trials[5].usage["involuntary_switches"] = 595.0
    assert kinds(results) == [], "99 a second more, on two cores"
    results.trials[5].usage["involuntary_switches"] = 605.0
    results.trials[4].usage["involuntary_switches"] = 13_900.0
    (found,) = judging.judge(results)
    assert (found.kind, found.contender) == ("interrupted", "torch")
    assert found.message == "torch, repeat 3: interrupted 120 times a second, in its quietest repeat 20"


def test_a_clock_that_follows_the_load_is_said_once():
    results = race()
    results.machine = {"governor": "performance"}
    assert kinds(results) == []
    results.machine = {"governor": "powersave"}
    assert kinds(results) == ["governor"]


def test_outliers_are_named_once_per_contender():
    (found,) = judging.judge(race(p99=7e-3))
    assert (found.kind, found.contender) == ("outliers", "torch")
    assert "7.0 times" in found.message


def test_threads_in_force_are_compared_however_they_are_reported():
    assert kinds(race(threads=1)) == ["unequal_threads"]
    assert kinds(race(threads={"intra_op": 2, "inter_op": 1})) == []
    assert kinds(race(threads={"intra_op": 1, "inter_op": 2})) == ["unequal_threads"]
    assert kinds(race(threads=None)) == []


def test_uncertified_diverged_and_synthetic():
    results = race(certified=("tf",))
    results.trials[1].status = "diverged"
    results.config = {"optimizer": {"learning_rate": 3.0}}
    results.dataset = Dataset(
        name="mnist", title="MNIST", source="synthetic", synthetic=True, input_shape=[28, 28, 1], classes=[]
    )
    assert kinds(results) == ["synthetic_data", "uncertified", "diverged"]
    assert "(now 3)" in judging.judge(results)[2].advice


def multiplying(torch=2.15e11, *, kind="dense", repeats=5, environment=None):
    """A race whose steps, 1 ms on 64 samples, hold 90 MFLOP of products; tf's large ones run at 452 GFLOP/s."""
    results = race(repeats)
    layer = Layer(name="d", kind=kind, output_shape=[1], parameters=1, flops=1, step_flops=1_400_000)
    results.model = Model(name="m", parameters=1, flops=1, step_flops=1_400_000, layers=[layer])
    results.machine = {"cpu_vendor": "AuthenticAMD"}
    for item in results.trials:
        item.throughput = 64_000.0
        item.matrix_product_flops = (4.52e11 if item.contender == "tf" else torch) * (0.98 + 0.01 * item.repeat)
        item.environment |= {"device": "cpu", "mkl": item.contender == "torch"} | (environment or {})
    return results


def test_unequal_matrix_products_are_named_where_they_show_in_the_step():
    (found,) = judging.judge(multiplying())
    assert (found.kind, found.contender) == ("unequal_blas", "torch")
    assert "on this AMD processor" in found.message
    assert "MKL" in found.message
    assert "about 22 % less" in found.message  # 0.4 ms of 1 ms, at 0.48 of the rate
    (found,) = judging.judge(multiplying(1.2e12))
    assert found.contender == "tf"
    assert "MKL" not in found.message, "tf has none"
    (found,) = judging.judge(multiplying(environment={"device": "gpu"}))
    assert "processor" not in found.message, "a GPU multiplies"


def test_unequal_matrix_products_are_left_alone_where_they_do_not_matter():
    assert kinds(multiplying(4.0e11)) == [], "hardly unequal"
    assert kinds(multiplying(kind="conv2d")) == [], "another library's work"
    assert kinds(multiplying(repeats=1)) == ["single_repeat"], "not resolved"
    slow = multiplying()
    for item in slow.trials:
        item.throughput /= 4  # the same products in steps four times as long
    assert kinds(slow) == []
