"""Every warning is worded once, with advice that knows what the user set."""

from __future__ import annotations

import dataclasses

from bench import noise
from bench.results import stats
from bench.results.attained import Unequal
from bench.results.schema import Dataset, Trial


def kinds(warnings):
    return [warning.kind for warning in warnings]


def test_advice_knows_what_the_user_set():
    threads = {"tf": 2, "torch": 1}
    assert "runtime.threads=1" in noise.unequal_threads(threads, {}).advice
    own = {"runtime": {"threads": 2}, "frameworks": {"tf": {"threads": 2}, "torch": {"threads": 1}}}
    assert noise.unequal_threads(threads, own).advice == "leave out frameworks.torch.threads for equal threads"
    pinned = {"runtime": {"threads": 2}, "frameworks": {"tf": {"threads": 2}, "torch": {"threads": 2}}}
    assert "runtime.threads=" not in noise.unequal_threads(threads, pinned).advice


MADE_UP = Dataset(
    name="mnist",
    title="",
    source="",
    synthetic=True,
    input_shape=[],
    classes=[],
    note="synthetic stand-in: it says nothing",
)


def test_what_is_a_stand_in_for_nothing_has_no_real_files():
    assert noise.synthetic_data(MADE_UP).message == MADE_UP.note
    assert "dataset.root=DIR" in noise.synthetic_data(MADE_UP).advice
    own = dataclasses.replace(MADE_UP, name="synthetic", note="synthetic samples: of their own")
    assert noise.synthetic_data(own).message == own.note
    assert "root" not in noise.synthetic_data(own).advice


UNEQUAL = Unequal(
    slower="torch",
    faster="tf",
    rates=(2.15e11, 4.52e11),
    ratio=stats.paired_ratio([2.15, 2.15], [4.52, 4.52]),
    saving=0.433,
)


def test_the_library_is_named_where_it_is_known_to_be_slow():
    message, advice = (getattr(noise.unequal_blas(UNEQUAL, "AuthenticAMD", mkl=True), key) for key in WORDS)
    assert "torch multiplies large matrices at 215 GFLOP/s, tf at 452 GFLOP/s on this AMD processor" in message
    assert "might take about 43 % less" in message
    assert message.endswith("torch is built with Intel's MKL, which takes a slower path on AMD processors")
    assert "processor of another vendor" in advice
    for vendor, mkl in (("GenuineIntel", True), ("AuthenticAMD", False), (None, True)):
        message, advice = (getattr(noise.unequal_blas(UNEQUAL, vendor, mkl=mkl), key) for key in WORDS)
        assert "MKL" not in message + advice
        assert "vendor" not in advice
    assert "this" not in noise.unequal_blas(UNEQUAL).message


WORDS = ("message", "advice")


def test_every_kind_is_worded_once():
    trial = Trial(contender="tf", repeat=2, seed=2, status="diverged", message="loss became NaN at step 7")
    worded = [
        noise.single_repeat(),
        noise.few_repeats(3),
        noise.other_load("tf", 0, 0.2),
        noise.swapping("tf", 0, 300),
        noise.throttled("tf", 0, 1.0),
        noise.hot("tf", 0, 1),
        noise.steal("tf", 0, 0.1),
        noise.drift("tf", -0.2, alike=True),
        noise.outliers("tf", 5.0),
        noise.unequal_threads({"tf": 1, "torch": 2}, {}),
        noise.synthetic_data(MADE_UP),
        noise.uncertified("torch", "tf"),
        noise.diverged(trial, 0.5),
        noise.same_padding(["layers[3].conv2d"]),
        noise.collapse("tf", 2.04),
        noise.retraces("tf", 0, 2),
        noise.unequal_blas(UNEQUAL),
        noise.unsettled("tf", 0, 2.0),
        noise.crowded("tf", 0, 0.9, 4, 2),
        noise.interrupted("tf", 0, 420.4, 21),
        noise.page_faults("tf", 0, 5300),
        noise.gpu_shared("tf", 0, [12, 13], 0),
        noise.gpu_slowed("tf", 0, {"power": 2.0, "heat": None}),
        noise.governor("powersave"),
        noise.busy_at_start(0.6, 1.23, {"java": 1.1, "cc1": 0.1}),
        noise.gpu_busy_at_start(0.4),
        noise.unlocked(),
    ]
    assert sorted(kinds(worded)) == sorted(noise.Kind)
    assert all(warning.message and warning.advice for warning in worded)
    assert "steps became 20 % faster" in worded[7].message
    assert worded[12].message == "tf, repeat 3: diverged; loss became NaN at step 7"
    assert "(now 0.5)" in worded[12].advice
    assert "layers[3].conv2d" in worded[13].message
    assert worded[14].message == (
        "tf: steps in a row took 2.0 times as long as steps waited for: its threads fight with other load; "
        "the time per step is not meaningful"
    )
    assert worded[15].message == (
        "tf, repeat 1: the training step was traced or compiled again 2 times inside the training"
    )


def test_nobody_is_told_to_do_what_they_did():
    assert "runtime.threads below" in noise.collapse("tf", 2.0, 4, 4).advice
    assert noise.collapse("tf", 2.0, 2, 4).advice == "close other programs"
    assert noise.collapse("tf", 2.0, 1, 1).advice == "close other programs"
    assert "train.drop_last=true" in noise.retraces("tf", 0, 1).advice
    assert "drop_last" not in noise.retraces("tf", 0, 1, drop_last=True).advice


def test_only_what_slows_all_alike_cancels():
    assert "cancels" in noise.drift("tf", 0.2, alike=True).advice
    moved = noise.drift("tf", 0.2, alike=False).advice
    assert "cancels" not in moved
    assert "measure.repeats" in moved
    assert "suffer differently" in noise.other_load("tf", 0, 0.2).advice
    assert "widens" not in noise.other_load("tf", 0, 0.2).advice


def test_what_the_machine_did_is_said_in_full():
    assert noise.crowded("tf", 0, 0.9, 4, 2).message.startswith("tf, repeat 1: for 90 % of the time a thread was ready")
    assert noise.interrupted("tf", 0, 420.4, 21).message == (
        "tf, repeat 1: interrupted 420 times a second, in its quietest repeat 21"
    )
    assert "5,300 pages of memory had to be read from disk" in noise.page_faults("tf", 0, 5300).message
    slowed = noise.gpu_slowed("tf", 0, {"power": 2.0, "heat": None})
    assert slowed.message == "tf, repeat 1: the GPU's clocks were held down by its power limit for 2.00 s, by heat"
    assert slowed.advice.startswith("cool it")
    assert "cool" not in noise.gpu_slowed("tf", 0, {"power": 2.0}).advice
    assert noise.gpu_shared("tf", 0, [12, 13], 0).message == (
        "tf, repeat 1: 2 other processes on the GPU (number 12, 13)"
    )
    assert "another process on the GPU (number 12)" in noise.gpu_shared("tf", 0, [12], 2**30).message
    assert "others hold 1.00 GiB" in noise.gpu_shared("tf", 0, [], 2**30).message
    assert noise.busy_at_start(0.6, 1.23, {"java": 1.1, "cc1": 0.1}).message == (
        "before the first trial other processes used 60 % of the CPUs (load average 1.2): java 110 % of one, "
        "cc1 10 % of one"
    )
    assert "cannot be seen" in noise.busy_at_start(0.6, None, {}).advice


def test_threads_that_crowd_are_told_how_many_there_may_be():
    assert "runtime.threads=2 or less" in noise.crowded("tf", 0, 0.9, 4, 2).advice
    assert "below the number of cores" in noise.crowded("tf", 0, 0.9, 2, 2).advice
    assert "pipeline.workers" in noise.crowded("tf", 0, 0.9, 1, 2).advice
