from __future__ import annotations

import math

import pytest

from bench.results import compare, words
from bench.results.schema import QUALITIES, TIMES, Trial

TF = [1.00e-3, 1.10e-3, 0.95e-3, 1.05e-3, 1.02e-3]
ALL = {"tf", "torch", "torch_compile"}


def trial(contender, repeat, *, step=1e-3, status="ok", accuracy=0.97, loss=0.1, **more):
    return Trial(
        contender=contender,
        repeat=repeat,
        seed=100 + repeat,
        status=status,
        step_seconds=step,
        throughput=None if step is None else 64 / step,
        metrics={"test_accuracy": accuracy, "test_loss": loss},
        **more,
    )


def race(factor=0.75, jitter=0.01, repeats=5, **more):
    """Trials of tf and torch in which torch takes `factor` of tf's time, give or take `jitter`."""
    trials = []
    for repeat in range(repeats):
        wobble = 1 + jitter * (-1) ** repeat
        trials.append(trial("tf", repeat, step=TF[repeat]))
        trials.append(trial("torch", repeat, step=TF[repeat] * factor * wobble, **more))
    return trials


def step(trials, **more):
    more = {"baseline": "tf", "certified": ALL, **more}
    return next(item for item in compare.comparisons(trials, **more) if item.quantity == "step_seconds")


def accuracy(trials, **more):
    more = {"baseline": "tf", "certified": ALL, **more}
    return next(item for item in compare.agreements(trials, **more) if item.quantity == "test_accuracy")


def test_faster_in_words():
    found = step(race())
    assert found.verdict == ("torch is 1.33× faster than tf per training step (95 % interval 1.31–1.35, 5 repeats)")
    assert found.ratio == pytest.approx(0.75, rel=0.01)
    assert found.low < found.ratio < found.high < 1
    assert (found.repeats, found.paired, found.certified) == (5, True, True)


def test_slower_in_words():
    found = step(race(factor=2.0, repeats=3))
    assert found.verdict == "torch is 2.01× slower than tf per training step (95 % interval 1.95–2.06, 3 repeats)"


def test_an_interval_that_is_wide_at_three_repeats_is_called_so():
    trials = [
        Trial(contender=name, repeat=repeat, seed=repeat, status="ok", step_seconds=seconds)
        for name, times in (("tf", (1.0, 1.0, 1.0)), ("torch", (2.0, 2.1, 2.2)))
        for repeat, seconds in enumerate(times)
    ]
    assert "wide at 3 repeats" in step(trials).verdict


def test_no_difference_resolved():
    assert step(race(factor=1.0, jitter=0.03)).verdict == (
        "no difference resolved between torch and tf per training step at 5 repeats (ratio 0.97–1.05)"
    )
    assert step(race(factor=1.0, jitter=0.03, repeats=3)).verdict.endswith(
        "at 3 repeats (ratio 0.93–1.10, a wide interval)"
    )


def test_a_small_resolved_difference_never_reads_as_one():
    assert step(race(factor=0.996, jitter=0.0001)).verdict == (
        "torch is 1.004× faster than tf per training step (95 % interval 1.004–1.004, 5 repeats)"
    )
    assert "1.00×" not in step(race(factor=1.0013, jitter=0.00001)).verdict


def test_times_within_a_thousandth_are_equally_long_and_never_slower():
    assert step(race(factor=1.0000001, jitter=0.0000001)).verdict == (
        "torch and tf take equally long per training step, to within 0.1 % (95 % interval 1.0000–1.0000, 5 repeats)"
    )
    assert "equally long" in step(race(factor=0.9995, jitter=0.0001)).verdict
    assert "slower" in step(race(factor=1.0009, jitter=0.0002)).verdict  # its interval ends above 1.001
    once = step(race(repeats=1, jitter=0, factor=1.0000001)).verdict
    assert once == "torch measured the same as tf per training step, to within 0.1 % (1 repeat, no interval)"


def test_one_repeat_has_no_interval_and_says_so():
    found = step(race(repeats=1, jitter=0))
    assert found.verdict == "torch measured 1.33× faster than tf per training step (1 repeat, no interval)"
    assert (found.low, found.high, found.repeats) == (None, None, 1)
    assert "measured the same as tf" in step(race(repeats=1, jitter=0, factor=1.0)).verdict


def test_unpaired_and_uncertified_say_so():
    found = step(race(), paired=False, certified={"tf"})
    assert "machine drift not controlled" in found.verdict
    assert "uncertified" in found.verdict
    assert not found.paired
    assert not found.certified
    assert "apart" not in found.verdict
    noted = {"torch": ["threads 1 against 2", "another machine (cpu)"]}
    for item in (step(race(), paired=False, apart=noted), accuracy(race(), paired=False, apart=noted)):
        assert "machine drift not controlled, threads 1 against 2, another machine (cpu))" in item.verdict
    uneven = step(race()[:-1], paired=False)
    assert "4 and 5 repeats" in uneven.verdict


def test_only_blocks_in_which_both_finished_count():
    trials = race()
    trials[3].status = "diverged"
    trials[3].step_seconds = 99.0
    trials[5].step_seconds = math.nan
    found = step(trials)
    assert found.repeats == 3
    assert found.ratio == pytest.approx(0.75, rel=0.02)


def test_blocks_are_matched_by_repeat_and_seed_and_the_later_trial_wins():
    trials = race()
    assert step(list(reversed(trials)), baseline="tf").ratio == pytest.approx(step(trials).ratio)
    trials.append(trial("torch", 0, step=TF[0] * 0.75 * 1.01))
    assert step(trials).repeats == 5
    for item in trials:
        item.seed += item.contender == "torch"
    assert step(trials).ratio is None


def test_nothing_in_common_is_said_and_never_measured_is_left_out():
    trials = [trial("tf", 0, status="diverged"), trial("torch", 0)]
    found = compare.comparisons(trials, baseline="tf", certified=ALL)
    assert [item.quantity for item in found] == ["step_seconds"]
    assert found[0].ratio is None
    assert found[0].repeats == 0
    assert "cannot be compared per training step (no repeat in which both finished)" in found[0].verdict


def test_a_lone_contender_has_no_comparison():
    lone = [item for item in race() if item.contender == "tf"]
    assert compare.comparisons(lone, baseline="tf", certified=set()) == []
    assert compare.agreements(lone, baseline="tf", certified=set()) == []


def test_every_quantity_has_its_phrase_and_several_contenders_keep_their_order():
    assert set(words.PHRASES) == set(TIMES)
    assert set(words.NEGLIGIBLE) == set(QUALITIES)
    trials = [
        trial(
            name,
            0,
            phases={"first_step": 1.0, "predict": 1.0, "import": 1.0},
            step_latency_seconds={"p50": 1e-3},
            epoch_seconds=1.0,
            input_seconds=1e-4,
            target=0.9,
            target_seconds=2.0,
            target_reached=True,
        )
        for name in ("tf", "torch_compile", "torch")
    ]
    found = compare.comparisons(trials, baseline="tf", certified=ALL)
    assert [(item.contender, item.quantity) for item in found] == [
        (name, quantity) for name in ("torch_compile", "torch") for quantity in TIMES
    ]


def with_accuracies(values, other=0.97):
    trials = []
    for repeat, value in enumerate(values):
        trials += [trial("tf", repeat, accuracy=other), trial("torch", repeat, accuracy=value)]
    return trials


def test_agreement_in_words():
    found = accuracy(with_accuracies([0.972, 0.968, 0.971, 0.969, 0.970]))
    assert found.verdict == "torch and tf agree in test accuracy within ±0.2 points (95 %, 5 repeats)"
    found = accuracy(with_accuracies([0.972, 0.968, 0.971]), note="synthetic stand-in")
    assert found.verdict == (
        "torch and tf agree in test accuracy within ±0.6 points (95 %, wide at 3 repeats, synthetic stand-in)"
    )
    same = accuracy(with_accuracies([0.97, 0.97, 0.97]))
    assert same.verdict == "torch and tf have the same test accuracy in each of the 3 repeats"
    same = accuracy(with_accuracies([0.97, 0.97, 0.97]), note="synthetic stand-in")
    assert same.verdict.endswith("in each of the 3 repeats (synthetic stand-in)")


def test_what_is_not_resolved_within_a_wide_interval_is_no_agreement():
    assert accuracy(with_accuracies([0.98, 0.95, 0.99, 0.94, 0.99])).verdict == (
        "no difference resolved in test accuracy between torch and tf (−2.9 to +2.9 points, 95 %, 5 repeats)"
    )
    wild = accuracy(with_accuracies([0.1, 0.99]), note="synthetic stand-in")
    assert wild.low < -1
    assert wild.verdict == (
        "no difference resolved in test accuracy between torch and tf "
        "(−100.0 to +100.0 points, 95 %, wide at 2 repeats, synthetic stand-in)"
    )
    narrow, wide = ([0.97 + width * sign for sign in (1, -1, 1, -1, 0)] for width in (0.007, 0.009))
    assert "agree" in accuracy(with_accuracies(narrow)).verdict
    assert "agree" not in accuracy(with_accuracies(wide)).verdict


def test_a_resolved_difference_is_clipped_to_what_an_accuracy_can_be():
    assert "95 % interval 3.2–100.0" in accuracy(with_accuracies([0.3, 0.1, 0.6], other=0.99)).verdict


def with_losses(values):
    trials = []
    for repeat, value in enumerate(values):
        trials += [trial("tf", repeat, loss=0.1), trial("torch", repeat, loss=value)]
    return compare.agreements(trials, baseline="tf", certified=ALL)[1].verdict


def test_a_loss_agrees_within_a_twentieth_of_its_level():
    assert with_losses([0.102, 0.098, 0.102, 0.098, 0.100]).startswith("torch and tf agree in test loss within ±0.0025")
    assert with_losses([0.110, 0.090, 0.110, 0.090, 0.100]) == (
        "no difference resolved in test loss between torch and tf (−0.012 to +0.012, 95 %, 5 repeats)"
    )


def with_errors(values, level=45.0):
    """The verdict on a regression, whose error is `level` in tf."""
    trials = []
    for repeat, value in enumerate(values):
        trials += [trial("tf", repeat), trial("torch", repeat)]
        trials[-2].metrics = {"test_mae": level, "test_loss": 0.5}
        trials[-1].metrics = {"test_mae": value, "test_loss": 0.5}
    found = compare.agreements(trials, baseline="tf", certified=ALL)
    assert [item.quantity for item in found] == ["test_mae", "test_loss"]
    return found[0].verdict


def test_an_error_agrees_within_a_fortieth_of_its_level_in_the_targets_units():
    assert with_errors([45.4, 44.6, 45.4, 44.6, 45.0]) == (
        "torch and tf agree in test MAE within ±0.50 (95 %, 5 repeats)"
    )
    assert with_errors([47.0, 43.0, 47.0, 43.0, 45.0]) == (
        "no difference resolved in test MAE between torch and tf (−2.5 to +2.5, 95 %, 5 repeats)"
    )
    assert with_errors([47.1, 46.9, 47.0, 47.0, 47.1]) == (
        "torch and tf differ by 2.0 in test MAE (torch higher, 95 % interval 1.9–2.1, 5 repeats)"
    )
    assert with_errors([4.54, 4.46, 4.54, 4.46, 4.5], level=4.5).startswith(
        "torch and tf agree in test MAE within ±0.05"
    )


def test_difference_in_words():
    found = accuracy(with_accuracies([0.951, 0.949, 0.950, 0.950, 0.951]), certified={"tf"})
    assert found.verdict == (
        "torch and tf differ by 2.0 points in test accuracy (tf higher, 95 % interval 1.9–2.1, 5 repeats, uncertified)"
    )
    assert found.low < found.difference < found.high < 0
    lone = accuracy(with_accuracies([0.980]))
    assert lone.verdict == (
        "torch and tf measured 1.0 points apart in test accuracy (torch higher, 1 repeat, no interval)"
    )


def test_a_resolved_but_negligible_difference_is_agreement():
    trials = []
    for repeat in range(5):
        trials.append(trial("tf", repeat, loss=0.1))
        trials.append(trial("torch", repeat, loss=0.1 + 1e-6 + 1e-8 * repeat))
    found = compare.agreements(trials, baseline="tf", certified=ALL)[1]
    assert found.low > 0
    assert found.verdict.startswith("torch and tf agree in test loss within ±0.0000010")


def of_four(jitter=0.01):
    """Trials of tf and three others, all with the same scatter, each a tenth faster than the one before."""
    return [
        trial(name, repeat, step=TF[repeat] * 0.9**place * (1 + (place > 0) * jitter * (-1) ** repeat), loss=0.1)
        for repeat in range(5)
        for place, name in enumerate(("tf", "a", "b", "c"))
    ]


def test_several_contenders_hold_their_95_percent_together_and_say_so():
    trials = of_four()
    found = compare.comparisons(trials, baseline="tf", certified={"tf", "a", "b", "c"})
    assert [item.family for item in found] == [3, 3, 3]
    assert found[0].verdict == (
        "a is 1.11× faster than tf per training step (95 % interval 1.09–1.13 for 3 comparisons together, 5 repeats)"
    )
    alone = step([item for item in trials if item.contender in ("tf", "a")])
    assert alone.family == 1
    assert "together" not in alone.verdict
    widths = [math.log(item.high / item.low) for item in (found[0], alone)]
    assert widths[0] / widths[1] == pytest.approx(3.960786 / 2.776445, rel=1e-6), "t(4) at 0.05/6"
    noisy = compare.comparisons(of_four(jitter=0.3), baseline="tf", certified=set())
    assert "for 3 comparisons together, uncertified)" in noisy[0].verdict
    for paired in (True, False):
        same = compare.agreements(trials, baseline="tf", certified={"tf", "a", "b", "c"}, paired=paired)
        assert {item.family for item in same} == {3}


def test_the_family_of_agreements_stands_in_their_sentences():
    trials = [
        trial(name, repeat, accuracy=0.97 + (name != "tf") * 0.0002 * (-1) ** repeat)
        for repeat in range(5)
        for name in ("tf", "a", "b")
    ]
    found = compare.agreements(trials, baseline="tf", certified={"tf", "a", "b"})[0]
    assert "(95 % for 2 comparisons together, 5 repeats)" in found.verdict


def test_who_left_nothing_to_compare_still_counts_in_the_family():
    trials = of_four()
    for item in trials:
        if item.contender == "c":
            item.status = "failed"
    found = compare.comparisons(trials, baseline="tf", certified=set())
    assert [(item.contender, item.family, item.repeats) for item in found] == [("a", 3, 5), ("b", 3, 5), ("c", 3, 0)]
    assert "together" not in found[2].verdict


def with_kappas(values, other=0.95):
    trials = []
    for repeat, value in enumerate(values):
        trials += [trial("tf", repeat), trial("torch", repeat)]
        trials[-2].metrics["test_kappa"], trials[-1].metrics["test_kappa"] = other, value
    found = compare.agreements(trials, baseline="tf", certified=ALL)
    return next(item.verdict for item in found if item.quantity == "test_kappa")


def test_kappas_differ_in_shares_of_one_whatever_their_level():
    assert with_kappas([0.952, 0.948, 0.951, 0.949, 0.950]) == (
        "torch and tf agree in test kappa within ±0.0020 (95 %, 5 repeats)"
    )
    assert with_kappas([0.002, -0.002, 0.001, -0.001, 0.0], other=0.0).startswith("torch and tf agree in test kappa")
    assert with_kappas([0.901, 0.899, 0.900, 0.900, 0.901]) == (
        "torch and tf differ by 0.050 in test kappa (tf higher, 95 % interval 0.049–0.051, 5 repeats)"
    )
    assert "(−2.0 to +2.0, 95 %" in with_kappas([-0.9, 0.99], other=0.0)


def test_a_repeat_without_a_kappa_is_left_out_and_runs_without_any_have_none():
    assert "4 repeats" in with_kappas([0.952, 0.948, 0.951, None, 0.950])
    assert all(item.quantity != "test_kappa" for item in compare.agreements(race(), baseline="tf", certified=ALL))


def test_two_repeats_that_scatter_too_far_are_told_without_their_absurd_ends():
    def scattered(*factors):
        return [
            Trial(contender=name, repeat=repeat, seed=repeat, status="ok", step_seconds=seconds)
            for repeat, factor in enumerate(factors)
            for name, seconds in (("tf", 1.0), ("torch", factor))
        ]

    assert step(scattered(0.5, 2.0)).verdict == (
        "no difference resolved between torch and tf per training step at 2 repeats "
        "(they scatter too far: the ends of the interval lie a factor of over 100 apart)"
    )
    assert step(scattered(1e3, 2e3)).verdict == (
        "torch is 1,410× slower than tf per training step (95 % interval 17.3 and more, wide at 2 repeats)"
    )


def test_a_trial_that_was_made_again_counts_once_in_unpaired_runs_too():
    trials = [*race(), trial("torch", 0, step=5e-3)]
    found = step(trials, paired=False)
    assert found.repeats == 5
    assert found.ratio > step(race(), paired=False).ratio
