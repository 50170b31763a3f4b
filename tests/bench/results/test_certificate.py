from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from bench.results import certificate, fingerprint
from bench.results.schema import Check

NOTES = {"corrected": [], "uncertified": []}


@pytest.fixture
def pair(tmp_path, fingerprint_file):
    """Return (contender, baseline); what is given changes the contender's fingerprint."""

    def make(changes=None, *, base=None, both=None, **info):
        one = fingerprint_file(tmp_path / "torch.safetensors", changes, **(both or {}), **info)
        other = fingerprint_file(tmp_path / "tf.safetensors", base, **(both or {}))
        return fingerprint.load(one, "torch"), fingerprint.load(other, "tf")

    return make


def failed(checks):
    return [check.quantity for check in checks if not check.passed]


def test_equal_fingerprints_are_certified(pair):
    contender, baseline = pair()
    checks = certificate.certify(contender, baseline, "float32")
    assert failed(checks) == []
    assert len(checks) == 8
    assert {check.tolerance for check in checks[1:-1]} == {1e-9}
    assert [check.precision for check in checks] == ["float64"] * 7 + ["float32"]
    assert {(check.contender, check.baseline, check.detail) for check in checks} == {("torch", "tf", "")}
    parity = certificate.conclude(checks, {"torch": contender, "tf": baseline}, NOTES)
    assert parity.passed is True
    assert parity.modes == {"torch": "by hand", "tf": "by hand"}
    assert parity.message == (
        "certified in float64: nearest to its limit is layer outputs, error 0.0e+00 where 1e-09 is allowed "
        "(8 checks passed)"
    )


@pytest.mark.parametrize(
    ("tensor", "quantity", "where"),
    [
        ("outputs/dense_2", "layer outputs", "departs first at layer dense_2; likely cause: a kernel in another order"),
        ("loss", "loss", "another reduction"),
        ("gradients/dense_2/kernel", "gradients", "departs first at dense_2/kernel; likely cause: another derivative"),
        ("losses", "losses of the steps", "the order of batches"),
        ("weights/2/dense_1/bias", "weights after each step", "departs first at step 2, dense_1/bias"),
        ("inference", "inference after the steps", "moving statistics"),
    ],
)
def test_one_quantity_that_departs_fails_its_check_alone(pair, tensor, quantity, where):
    _, baseline = pair()
    value = baseline.arrays[tensor]
    for error, wrong in ((1e-11, False), (1e-6, True)):
        contender, _ = pair({tensor: value + error * np.abs(value).max()})
        checks = certificate.certify(contender, baseline, "float32")
        assert failed(checks) == ([quantity] if wrong else [])
    (bad,) = [check for check in checks if not check.passed]
    assert where in bad.detail
    assert bad.error > 1e-8
    parity = certificate.conclude(checks, {}, NOTES)
    assert parity.passed is False
    assert parity.message.startswith(f"torch does not compute what tf does: {quantity} (error")
    assert where in parity.message


def test_the_first_to_depart_is_named_not_the_worst(pair):
    contender, baseline = pair({"outputs/dense_1": np.full(8, 3.0), "outputs/dense_2": np.full(8, 1e9)})
    (bad,) = [check for check in certificate.certify(contender, baseline, "float32") if not check.passed]
    assert "layer dense_1" in bad.detail
    later = {"weights/2/dense_1/kernel": np.full(6, 9e9), "weights/1/dense_2/bias": np.full(6, 3.0)}
    contender, baseline = pair(later)
    (bad,) = [check for check in certificate.certify(contender, baseline, "float32") if not check.passed]
    assert "step 1, dense_2/bias" in bad.detail


def test_another_optimizer_is_named_by_step_and_tensor_although_its_losses_depart_too(pair):
    changes = {"weights/1/dense_2/kernel": np.full(6, 3.0), "losses": [2.0, 9.0]}
    checks = certificate.certify(*pair(changes), "float32")
    assert failed(checks) == ["weights after each step", "losses of the steps"]
    message = certificate.conclude(checks, {}, NOTES).message
    assert "departs first at step 1, dense_2/kernel; likely cause: another optimizer formula" in message


def test_another_number_of_parameters(pair):
    checks = certificate.certify(*pair(num_parameters=25), "float32")
    assert failed(checks) == ["trainable parameters"]
    assert (checks[0].error, checks[0].detail) == (1.0, "25 against 24: another network")


def test_gradients_are_scaled_by_the_norm_of_all(pair):
    """A bias before batch norm has no gradient but rounding noise; relative to itself it would never agree."""
    noise = np.full(6, 1e-17)
    contender, baseline = pair({"gradients/dense_1/bias": noise}, base={"gradients/dense_1/bias": -noise})
    assert failed(certificate.certify(contender, baseline, "float32")) == []
    gradients = next(c for c in certificate.certify(contender, baseline, "float32") if c.quantity == "gradients")
    assert gradients.error == pytest.approx(2e-18)


def test_weights_are_scaled_by_the_largest_weight(pair):
    tiny = {f"weights/{step}/dense_1/bias": np.full(6, 1e-12) for step in (1, 2)}
    contender, baseline = pair(tiny, base={name: -value for name, value in tiny.items()})
    assert failed(certificate.certify(contender, baseline, "float32")) == []


def test_what_is_not_finite_on_both_sides_alike_is_passed_over(pair):
    odd = np.array([np.nan, np.inf, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    alike = {"outputs/relu_1": odd, "losses": [2.0, np.nan], "smoke/own/losses": [2.0, np.nan]}
    assert failed(certificate.certify(*pair(alike, base=alike), "float32")) == []
    unlike = alike | {"outputs/relu_1": odd[::-1]}
    checks = certificate.certify(*pair(unlike, base=alike), "float32")
    assert failed(checks) == ["layer outputs"]
    bad = next(check for check in checks if not check.passed)
    assert bad.error is None
    assert "layer relu_1" in bad.detail
    assert "cannot be compared" in certificate.conclude(checks, {}, NOTES).message


def test_a_finite_difference_beside_what_is_not_finite_still_counts(pair):
    base = {"losses": [2.0, np.inf]}
    assert failed(certificate.certify(*pair({"losses": [2.1, np.inf]}, base=base), "float32")) == [
        "losses of the steps"
    ]


@pytest.mark.parametrize("tensor", ["gradients/dense_2/bias", "weights/2/dense_2/bias", "outputs/dense_2"])
def test_a_tensor_that_only_one_side_has_fails(pair, tensor):
    assert len(failed(certificate.certify(*pair({tensor: None}), "float32"))) == 1
    assert len(failed(certificate.certify(*pair(base={tensor: None}), "float32"))) == 1


def test_another_shape_fails(pair):
    checks = certificate.certify(*pair({"inference": np.ones(3)}), "float32")
    assert failed(checks) == ["inference after the steps"]


def test_different_work_is_not_compared(pair):
    contender, baseline = pair(content="other")
    with pytest.raises(ValueError, match="torch and tf were given different work"):
        certificate.certify(contender, baseline, "float32")


@pytest.mark.parametrize(("error", "bad"), [(8e-10, 0), (2e-9, 1)])
def test_the_judge_allows_1e_9(pair, error, bad):
    checks = certificate.certify(*pair({"loss": [2.0 * (1 + error)]}), "float32")
    assert checks[1].tolerance == 1e-9
    assert len(failed(checks)) == bad


@pytest.mark.parametrize(
    ("precision", "noise", "kind", "tolerance", "origin"),
    [
        ("float32", 1e-9, "relu", 5e-6, "the float32 floor"),
        ("float32", 1e-9, "batch_norm", 2e-5, "the float32 floor"),
        ("float32", 1e-4, "relu", 5e-4, "5× their own noise of 1e-04"),
        ("bfloat16", 1e-3, "relu", 1e-2, "10× their own noise of 1e-03"),
        ("bfloat16", 1e-9, "relu", 1e-3, "the bfloat16 floor"),
        ("float16", 1e-9, "batch_norm", 2e-3, "the float16 floor"),
        ("float32 against bfloat16", 1e-9, "relu", 1e-3, "the float32 against bfloat16 floor"),
    ],
)
def test_the_smoke_check_allows_some_times_the_noise_or_the_floor(pair, precision, noise, kind, tolerance, origin):
    perturbed = {"smoke/perturbed/losses": np.array([[2.0, 1.5], [2.0, 1.5 + 2.0 * noise], [2.0, 1.5]])}
    both = {"layers": [["flatten_1", kind], ["dense_1", "dense"], ["relu_1", "relu"], ["dense_2", "dense"]]}
    for share, expected in ((0.9, []), (1.1, ["smoke: losses of the steps"])):
        own = {"smoke/own/losses": np.array([2.0, 1.5 + 2.0 * tolerance * share])}
        base = perturbed | {"smoke/own/losses": np.array([2.0, 1.5])}
        contender, baseline = pair(own | {"smoke/perturbed/losses": own["smoke/own/losses"]}, base=base, both=both)
        checks = certificate.certify(contender, baseline, precision)
        assert failed(checks) == expected
        assert checks[-1].tolerance == pytest.approx(tolerance, rel=1e-3)
        assert origin in checks[-1].scale
        assert checks[-1].precision == precision


@pytest.mark.parametrize(("at", "expected"), [(0, ["smoke: losses of the steps"]), (1, [])])
def test_noise_that_leaps_at_a_step_excuses_nothing_before_it(pair, at, expected):
    flipped = {"smoke/perturbed/losses": np.array([[2.0, 1.5], [2.0, 1.6]])}
    own = np.array([2.0, 1.5])
    other = own + np.array([[1e-3, 0.0], [0.0, 1e-3]])[at]
    steady = {"smoke/own/losses": other, "smoke/perturbed/losses": other}
    contender, baseline = pair(steady, base=flipped | {"smoke/own/losses": own})
    check = certificate.certify(contender, baseline, "float32")[-1]
    assert ([check.quantity] if not check.passed else []) == expected
    assert check.detail == ("float64 agrees and this does not at step 1: look at the mode or the device" * (at == 0))
    assert (check.tolerance == 5e-6) == (at == 0)


@pytest.mark.parametrize("own", [np.array([2.0, np.nan]), np.array([np.inf, 1.5]), np.array([2.0, np.inf])])
def test_a_side_that_alone_breaks_in_the_run_s_precision_fails(pair, own):
    check = certificate.certify(*pair({"smoke/own/losses": own}), "float16")[-1]
    assert (check.passed, check.error) == (False, None)
    step = 1 + int(np.argmax(~np.isfinite(own)))
    assert check.detail == f"float64 agrees and this does not at step {step}: look at the mode or the device"


def test_a_lone_contender_has_no_verdict(pair):
    contender, _ = pair()
    parity = certificate.conclude([], {"torch": contender}, {"corrected": ["a"], "uncertified": ["b"]})
    assert parity.passed is None
    assert "lone contender" in parity.message
    assert (parity.corrected, parity.uncertified) == (["a"], ["b"])


def test_every_contender_that_fails_is_named_once(pair):
    contender, baseline = pair({"loss": [3.0], "losses": [3.0, 3.0]})
    checks = certificate.certify(contender, baseline, "float32")
    other = list(certificate.certify(baseline, baseline, "float32"))
    message = certificate.conclude(checks + other, {}, NOTES).message
    assert message.count("does not compute") == 1
    assert ": loss (" in message


def test_a_file_that_is_no_fingerprint(tmp_path, fingerprint_file):
    missing = tmp_path / "nowhere.safetensors"
    text = tmp_path / "text.safetensors"
    text.write_text("hello")
    plain = tmp_path / "plain.safetensors"
    save_file({"a": np.ones(1)}, plain)
    cut = fingerprint_file(tmp_path / "cut.safetensors")
    cut.write_bytes(cut.read_bytes()[:-100])
    poor = fingerprint_file(tmp_path / "poor.safetensors", {"smoke/own/losses": None})
    for path in (missing, text, plain, cut, poor):
        with pytest.raises(ValueError, match=f"{path.name}: not a fingerprint"):
            fingerprint.load(path, "torch")


@pytest.mark.parametrize(
    ("tensor", "quantity", "why"),
    [
        ("reference/loaded", "weights as loaded", "another order"),
        ("reference/loss", "loss of its own outputs", "outputs (n, 1) held against targets (n,)"),
        ("reference/update", "first update", "epsilon's place"),
    ],
)
def test_a_contender_alone_is_held_against_the_spec_and_named(pair, tensor, quantity, why):
    wrong, right = pair({tensor: np.array([1e-6])})
    assert failed(certificate.examine(right)) == []
    checks = certificate.examine(wrong)
    assert failed(checks) == [quantity]
    parity = certificate.conclude(checks, {"torch": wrong}, NOTES)
    assert parity.passed is False
    assert parity.message.startswith(f"torch does not compute what the spec means: {quantity}")
    assert why in parity.message


def test_a_lone_contender_that_meets_the_spec_has_nothing_to_compare_with(pair):
    _, right = pair()
    parity = certificate.conclude(certificate.examine(right), {"tf": right}, NOTES)
    assert parity.passed is None
    assert "lone contender" in parity.message


def test_a_fingerprint_that_an_earlier_version_kept_has_fewer_checks(pair):
    old, new = pair({"reference/loss": None})
    assert [check.quantity for check in certificate.examine(old)] == ["weights as loaded", "first update"]
    assert len(certificate.examine(new)) == 3


def test_an_update_that_is_not_a_number_fails(pair):
    wrong, _ = pair({"reference/update": np.array([np.nan])})
    assert failed(certificate.examine(wrong)) == ["first update"]


def diverging(step, *, behind=1.0):
    """Return losses that are not finite from `step` (counted from 1) on, and weights that then depart."""
    losses = np.array([2.0, 1.5])
    losses[step - 1 :] = np.nan
    return {"losses": losses, "inference": np.full(3, behind), f"weights/{step}/dense_1/kernel": np.full(3, behind)}


def test_where_both_diverge_the_steps_before_are_compared(pair):
    contender, baseline = pair(diverging(2, behind=7.0), base=diverging(2))
    assert certificate.diverging_step(contender, baseline) == 1
    checks = certificate.certify(contender, baseline, "float32")
    assert failed(checks) == []
    assert "inference after the steps" not in [check.quantity for check in checks]


def test_where_one_alone_diverges_the_check_fails(pair):
    contender, baseline = pair(diverging(2))
    assert certificate.diverging_step(contender, baseline) is None
    assert "losses of the steps" in failed(certificate.certify(contender, baseline, "float32"))


def test_infinite_and_not_a_number_are_not_alike(pair):
    contender, baseline = pair({"inference": np.array([np.nan, 1.0])}, base={"inference": np.array([np.inf, 1.0])})
    assert failed(certificate.certify(contender, baseline, "float32")) == ["inference after the steps"]


def test_what_fails_behind_the_first_departure_follows_from_it(pair):
    contender, baseline = pair({"weights/1/dense_1/kernel": np.full(3, 9.0), "losses": np.array([9.0, 9.0])})
    first, *rest = [check for check in certificate.certify(contender, baseline, "float32") if not check.passed]
    assert "likely cause" in first.detail
    assert rest
    assert {check.detail for check in rest} == {"follows from the departure in weights after each step"}


def test_who_meets_the_spec_is_not_accused_of_differing_from_one_who_does_not(pair):
    right, wrong = pair({"losses": np.array([9.0, 9.0])}, base={"reference/update": np.array([1e-3])})
    checks = [*certificate.examine(wrong), *certificate.examine(right), *certificate.certify(right, wrong, "float32")]
    parity = certificate.conclude(checks, {"tf": wrong, "torch": right}, NOTES)
    assert parity.message.startswith("tf does not compute what the spec means")
    assert "torch does not" not in parity.message


def test_the_certificate_sets_an_error_beside_its_own_limit():
    def check(quantity, error, tolerance):
        names = {"contender": "torch", "baseline": "tf", "precision": "float64"}
        return Check(quantity=quantity, error=error, tolerance=tolerance, scale="", passed=True, **names)

    checks = [check("outputs", 5e-10, 1e-9), check("first update", 2e-8, 1e-7)]
    parity = certificate.conclude(checks, {}, {"corrected": [], "uncertified": []})
    assert "nearest to its limit is outputs, error 5.0e-10 where 1e-09 is allowed" in parity.message


def noisy(*weights, update=1e-14):
    return {"noise/weights": np.array(weights), "noise/update": np.array([update])}


def test_steps_that_float64_cannot_tell_are_not_compared_and_no_others(pair):
    late = {"weights/2/dense_1/bias": np.full(4, 9.0), "inference": np.full(8, 9.0)}
    quiet, loud = noisy(1e-13, 1e-12), noisy(1e-13, 1e-6)
    for noise, quantities in (
        (quiet, ["weights after each step", "inference after the steps"]),
        (loud, []),
    ):
        for changes, base in ((late | noise, quiet), (late | quiet, noise)):  # either side's noise counts
            contender, baseline = pair(changes, base=base)
            assert failed(certificate.certify(contender, baseline, "float32")) == quantities
    contender, baseline = pair({"weights/1/dense_1/bias": np.full(4, 9.0)} | loud, base=loud)
    assert failed(certificate.certify(contender, baseline, "float32")) == ["weights after each step"]
    assert certificate.told_steps(contender, baseline) == 1


def test_the_first_step_is_always_compared(pair):
    loud = noisy(1e-3, np.inf)
    contender, baseline = pair({"weights/1/dense_1/bias": np.full(4, 9.0)} | loud, base=loud)
    assert certificate.told_steps(contender, baseline) == 1
    assert failed(certificate.certify(contender, baseline, "float32")) == ["weights after each step"]
    assert certificate.told_steps(*pair()) is None


@pytest.mark.parametrize(
    ("noise", "error", "passes"), [(1e-14, 2e-7, False), (1e-7, 9e-7, True), (1e-7, 2e-6, False), (1.0, 2e-5, False)]
)
def test_a_first_update_may_be_as_far_off_as_its_own_noise_to_a_bound(pair, noise, error, passes):
    given = {"reference/update": np.array([error])} | noisy(1e-13, 1e-12, update=noise)
    (found,) = [check for check in certificate.examine(pair(given)[0]) if check.quantity == "first update"]
    assert found.passed is passes
    assert ("own noise" in found.scale) is (noise > 1e-8)
