from __future__ import annotations

import numpy as np
import pytest

from frameworks.reference import SCHEDULES, changes, float32, plateau, rates, sampled, scheduled

LENGTH = {"steps": 12, "steps_per_epoch": 3}


def table(name, rate=0.5, **given):
    return rates({"name": name, "warmup_steps": 0, **LENGTH, **given}, rate)


def test_a_constant_rate_needs_no_table():
    assert rates({}, 0.5) is None
    assert table("constant") is None
    assert not changes({})
    assert not changes({"name": "constant", "warmup_steps": 0})
    assert changes({"name": "constant", "warmup_steps": 1})
    assert changes({"name": "plateau", "warmup_steps": 0})


def test_warm_up_begins_above_0_and_ends_at_the_rate():
    assert table("constant", warmup_steps=4).tolist() == [0.125, 0.25, 0.375, *[0.5] * 9]
    assert table("constant", warmup_steps=1).tolist() == [0.5] * 12


def test_steps_by_epoch():
    assert table("step", factor=0.5, every=2).tolist() == [0.5] * 6 + [0.25] * 6
    assert table("step", factor=0.5, every=1).tolist() == [0.5] * 3 + [0.25] * 3 + [0.125] * 3 + [0.0625] * 3
    assert table("step", factor=0.5, at=[1, 3]).tolist() == [0.5] * 3 + [0.25] * 6 + [0.125] * 3
    assert table("step", factor=0.5, every=1, warmup_steps=2).tolist()[:4] == [0.25, 0.5, 0.5, 0.25]


def test_exponential():
    found = table("exponential", factor=0.125)
    assert found[::3].tolist() == [0.5, 0.0625, 0.0078125, 0.0009765625]
    assert found[1] == np.float32(0.25)
    late = table("exponential", factor=0.125, warmup_steps=2)
    assert late[2:].tolist() == found[:10].tolist()


def test_cosine():
    found = table("cosine")
    assert found[0] == 0.5
    assert found[6] == 0.25
    assert found[-1] == np.float32(0.25 * (1 + np.cos(np.pi * 11 / 12)))
    above = table("cosine", min_rate=0.25)
    assert above == pytest.approx(0.25 + found / 2, rel=1e-6)
    late = table("cosine", warmup_steps=4)
    assert late.tolist()[:4] == [0.125, 0.25, 0.375, 0.5]
    assert (late[4], late[8]) == (0.5, 0.25)


def test_rates_are_rounded_once():
    found = table("exponential", rate=0.1, factor=0.9)
    assert found.dtype == np.float32
    exact = 0.1 * 0.9 ** (np.arange(12) / 3)
    assert found.tolist() == exact.astype(np.float32).tolist()


def test_a_plateau_s_table_is_its_warm_up_and_what_holds():
    given = {"factor": 0.5, "patience": 1}
    assert table("plateau", **given) is None
    assert table("plateau", **given, warmup_steps=2).tolist() == [0.25, 0.5, 0.5]


def test_the_gate_s_few_steps_see_the_whole_course():
    given = {"name": "step", "factor": 0.5, "every": 1, "warmup_steps": 0, **LENGTH}
    found = rates(sampled(given, 5), 0.5)
    assert found.tolist() == [0.5, 0.25, 0.125, 0.125, 0.0625]
    assert found[0] == rates(given, 0.5)[0]
    assert sampled({}, 5) == {}
    assert rates(sampled({"name": "constant", "warmup_steps": 0, **LENGTH}, 5), 0.5) is None
    late = {"name": "plateau", "factor": 0.5, "patience": 1, "warmup_steps": 100, **LENGTH}
    assert rates(sampled(late, 5), 0.5).tolist() == [0.25, 0.5, 0.5]


def test_schedules_by_name():
    assert list(SCHEDULES) == ["constant", "step", "exponential", "cosine", "plateau"]
    assert scheduled({}).warmup_steps == 0


def follow(losses, rate=1.0, **given):
    state = plateau({"name": "plateau", "factor": 0.5, "patience": 2, "warmup_steps": 0, **LENGTH, **given}, rate)
    return [state.after(loss) for loss in losses]


def test_only_a_plateau_has_a_state():
    assert plateau({}, 0.5) is None
    assert plateau({"name": "cosine", "warmup_steps": 0, **LENGTH}, 0.5) is None


def test_the_rate_falls_after_so_many_epochs_without_a_better_loss():
    assert follow([5, 4, 4, 4, 4, 4, 3, 3, 3]) == [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
    assert follow([5, 4, 4, 3, 3, 2]) == [1] * 6
    assert follow([5, 5, 5], patience=1) == [1, 0.5, 0.25]


def test_better_means_by_more_than_min_delta():
    assert follow([5, 4.5, 4.25], min_delta=1.0) == [1, 1, 0.5]
    assert follow([5, 4, 4], min_delta=1.0) == [1, 1, 0.5], "by as much is not by more"
    assert follow([float("nan")] * 2)[-1] == 0.5


def test_epochs_of_a_cooldown_do_not_count():
    assert follow([5] * 8, cooldown=2) == [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_it_falls_no_further_than_min_rate():
    assert follow([5] * 6, min_rate=0.4) == [1, 1, 0.5, 0.5, float32(0.4), float32(0.4)]
    assert follow([5] * 4, rate=0.25, min_rate=0.4) == [0.25] * 4, "a rate below it does not rise"


def test_a_rate_is_a_float32():
    assert follow([5, 5, 5], rate=float32(0.1), factor=float32(0.1))[-1] == float32(float32(0.1) * float32(0.1))
