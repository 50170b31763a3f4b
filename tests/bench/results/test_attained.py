"""Achieved, attainable, share: by hand, over trials, and what is left out."""

from __future__ import annotations

import math

import pytest

from bench.results import attained as work
from bench.results import attained_words
from bench.results.schema import Contender, Layer, Model, Results, Trial


def layer(kind, flops):
    return Layer(name=kind, kind=kind, output_shape=[1], parameters=1, flops=1, step_flops=flops)


@pytest.fixture
def results():
    """Two contenders, two repeats of batches of 64; a step has 6 + 4 MFLOP a sample."""
    model = Model(name="m", parameters=1, flops=1, step_flops=10_000_000)
    model.layers = [layer("dense", 6_000_000), layer("conv2d", 4_000_000), layer("relu", 0)]
    rows = [("tf", 0, 8e-3, 4e11), ("tf", 1, 2e-3, 4e11), ("torch", 0, 8e-3, 2e11), ("torch", 1, 8e-3, 1e11)]
    trials = [
        Trial(
            contender=name,
            repeat=repeat,
            seed=repeat,
            status="ok",
            step_seconds=step,
            throughput=64 / step,
            matrix_product_flops=rate,
            matrix_product_size=2048,
            environment={"device": "cpu", "threads": 2, "tf32": False},
        )
        for name, repeat, step, rate in rows
    ]
    contenders = [Contender(name=name, backend=name, framework=name) for name in ("tf", "torch")]
    return Results(baseline="tf", model=model, trials=trials, contenders=contenders)


def test_achieved_attainable_and_share_by_hand(results):
    found = work.attained(results, "tf")
    assert (found.flops, found.size) == (640_000_000, 2048)
    # 80 and 320 GFLOP/s, of 400 each: 20 % and 80 %, in the middle of the log scale 40 %.
    assert found.achieved.estimate == pytest.approx(160e9)
    assert found.attainable.estimate == pytest.approx(400e9)
    assert found.share.estimate == pytest.approx(0.4)
    margin = 12.706 * math.log(2)
    assert found.share.high == pytest.approx(0.4 * math.exp(margin), rel=1e-3)
    assert found.share.low == pytest.approx(0.4 * math.exp(-margin), rel=1e-3)


def test_the_share_is_taken_inside_each_trial(results):
    """A machine that slows down for one trial slows its product too: that cancels."""
    for trial, slower in zip(results.trials[:2], (1, 3), strict=True):
        trial.step_seconds, trial.throughput = 4e-3 * slower, 16_000 / slower
        trial.matrix_product_flops = 4e11 / slower
    share = work.attained(results, "tf").share
    assert (share.low, share.estimate, share.high) == pytest.approx((0.4, 0.4, 0.4))


def test_what_was_not_measured_is_missing(results):
    results.trials[0].matrix_product_flops = None
    found = work.attained(results, "tf")
    assert (found.achieved.repeats, found.share.repeats) == (2, 1)
    assert found.share.estimate == pytest.approx(0.8)
    results.trials[1].matrix_product_flops = 0.0
    found = work.attained(results, "tf")
    assert (found.attainable, found.share, found.size) == (None, None, None)
    for trial in results.trials[:2]:
        trial.throughput = math.nan
    assert work.attained(results, "tf") is None
    results.trials[2].status = "diverged"
    assert work.attained(results, "torch").achieved.repeats == 1
    results.model.step_flops = 0
    assert work.attained(results, "torch") is None


def test_unequal_rates_by_hand(results):
    found = work.unequal(results, "torch")
    assert (found.slower, found.faster) == ("torch", "tf")
    assert found.rates == pytest.approx((math.sqrt(2) * 1e11, 4e11))
    assert found.ratio.estimate == pytest.approx(math.sqrt(1 / 8))
    # The dense layer alone: 384 MFLOP at torch's own rate, of steps of 8 ms.
    share = 384e6 / (math.sqrt(2) * 1e11) / 8e-3
    assert found.saving == pytest.approx(share * (1 - math.sqrt(1 / 8)))


def test_the_slower_one_may_be_the_baseline(results):
    results.baseline = "torch"
    found = work.unequal(results, "tf")
    assert (found.slower, found.faster) == ("torch", "tf")
    assert found.ratio.estimate == pytest.approx(math.sqrt(1 / 8))
    assert work.unequal(results, "torch") is None


@pytest.mark.parametrize("name", ["device", "threads", "tf32"])
def test_contenders_that_were_told_different_things_are_not_held_against_each_other(results, name):
    results.trials[3].environment[name] = "another"
    assert work.unequal(results, "torch") is None


def test_another_precision_is_another_rate(results):
    results.contenders[1].settings["precision"] = "bfloat16"
    assert work.unequal(results, "torch") is None


def test_without_a_common_repeat_nothing_is_said(results):
    results.trials[0].matrix_product_flops = None
    results.trials[3].status = "failed"
    assert work.unequal(results, "torch") is None


def test_nothing_saves_more_than_the_step(results):
    for trial in results.trials:
        trial.throughput *= 1000
    assert work.unequal(results, "torch").saving == pytest.approx(1 - math.sqrt(1 / 8))


def test_the_sentence(results):
    assert attained_words.sentence(work.attained(results, "torch")) == (
        "torch: 640 MFLOP of matrix products and convolutions per step, at 80.0 GFLOP/s: 57 % of the 141 GFLOP/s that "
        "a 2048 × 2048 matrix product reaches in the same process (95 % interval 0.69 % to 4,600 %, wide at 2 repeats)"
    )
    results.trials[2].matrix_product_flops = None
    assert attained_words.sentence(work.attained(results, "torch")).endswith("same process (1 repeat, no interval)")
    results.trials[3].matrix_product_flops = None
    assert attained_words.sentence(work.attained(results, "torch")).endswith(
        "at 80.0 GFLOP/s (no large matrix product was clocked to hold it against)"
    )
