from __future__ import annotations

import pytest

from bench.results import decompose_words as words
from bench.results.decompose import UNDIVIDED, Gap, Shares
from bench.results.stats import Interval


def of(estimate, low=None, high=None, repeats=3):
    return Interval(estimate=estimate, low=low, high=high, repeats=repeats, paired=True)


def shares(**changes):
    given = {
        "contender": "tf",
        "step": of(1.92e-3),
        "compute": of(1.62e-3),
        "input": of(0.95e-3),
        "waited": of(0.21e-3),
        "loop": of(0.09e-3),
        "hidden": of(0.779, 0.70, 0.861),
    }
    return Shares(**(given | changes))


def gap(**changes):
    given = {
        "contender": "torch",
        "baseline": "tf",
        "total": of(-0.69e-3, -0.8e-3, -0.58e-3),
        "parts": {
            "compute": of(-0.39e-3, -0.5e-3, -0.28e-3),
            "input": of(-0.21e-3, -0.3e-3, 0.1e-3),
            "loop": of(-0.09e-3),
        },
        "certified": True,
    }
    return Gap(**(given | changes))


def test_where_a_step_goes():
    assert words.where(shares()) == (
        "tf: 1.92 ms per step end to end = 1.62 ms compute + 210 µs waiting for input (at most) + 90.0 µs loop (4.7 %) "
        "(at least). The pipeline alone takes 950 µs per batch: at least 78 % of it hides behind compute "
        "(95 % interval 70–86 %, 3 repeats)."
    )


def test_where_nothing_is_read_ahead_nothing_is_a_bound():
    text = words.where(shares(reads="in turn", hidden=of(0.0)))
    assert "at most" not in text
    assert text.endswith("per batch; nothing is read ahead, so none of it hides behind compute.")


def test_samples_picked_in_the_step_are_compute():
    text = words.where(shares(reads="in the step", input=of(0.0), waited=of(0.0), loop=of(0.3e-3), hidden=None))
    assert text == (
        "tf: 1.92 ms per step end to end = 1.62 ms compute + 300 µs loop (15.6 %). "
        "Samples are picked inside the step: that is part of the compute."
    )


def test_a_loop_that_no_loop_can_be_is_doubted():
    assert "do not add up" in words.where(shares(compute=of(0.4e-3), loop=of(1.3e-3)))
    assert "do not add up" not in words.where(shares())


def test_one_repeat_is_said_to_have_no_interval():
    text = words.where(shares(hidden=of(0.5, repeats=1)))
    assert "50 % of it hides behind compute (1 repeat, no interval)." in text


def test_a_pipeline_that_nobody_clocked():
    text = words.where(shares(input=None, hidden=None, waited=of(0.0), loop=of(0.3e-3)))
    assert text == (
        "tf: 1.92 ms per step end to end = 1.62 ms compute + 300 µs input and loop "
        "(the pipeline alone was not clocked)."
    )


def test_of_hardly_any_input_nothing_is_said_to_hide():
    text = words.where(shares(input=of(6e-6), hidden=of(0.5, 0.0, 1.0), waited=of(3e-6)))
    assert text.endswith(
        "takes 6.00 µs per batch, less than 1 % of the step: it makes no difference what of it is hidden."
    )
    assert "hides behind" not in text


def test_a_step_shorter_than_its_compute_clock():
    text = words.where(shares(step=of(1.5e-3), loop=of(-0.12e-3), waited=of(0.0), hidden=of(1.0, 1.0, 1.0)))
    assert text.startswith("tf: 1.50 ms per step end to end, 7.4 % less than the compute clock alone says: neither")
    assert "100 % of it hides behind compute (3 repeats)." in text


def test_a_gap_says_what_makes_it():
    assert words.gap(gap()) == (
        "torch takes 690 µs less than tf per step end to end, most of it compute "
        "(95 % interval −800 µs to −580 µs, 3 repeats): compute −390 µs, input −210 µs, loop −90.0 µs"
    )


def test_a_gap_of_many_small_parts():
    text = words.gap(gap(parts={name: of(-0.23e-3, -0.3e-3, -0.1e-3) for name in ("compute", "input", "loop")}))
    assert "less than tf per step end to end, no one part most of it (" in text


def test_a_gap_that_is_not_resolved_may_still_have_parts_that_differ():
    text = words.gap(gap(total=of(-0.1e-3, -0.4e-3, 0.2e-3)))
    assert text.startswith(
        "no difference resolved between torch and tf per step end to end; of its parts, compute differs (95 % interval"
    )


@pytest.mark.parametrize(("certified", "count"), [(True, 0), (False, 1)])
def test_an_uncertified_gap_is_marked(certified, count):
    assert words.gap(gap(certified=certified)).count("uncertified") == count


def test_a_gap_over_one_repeat_concludes_nothing():
    found = gap(total=of(0.2e-3, repeats=1), parts={"compute": of(0.3e-3), UNDIVIDED: of(-0.1e-3)})
    assert words.gap(found) == (
        "torch takes 200 µs more than tf per step end to end (no interval, 1 repeat): "
        "compute +300 µs, input and loop together −100 µs"
    )
