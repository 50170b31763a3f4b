from __future__ import annotations

import numpy as np
import pytest

from bench.results import certificate, fingerprint, pixels

NOTES = {"corrected": [], "uncertified": ["dropout"]}


def pictures(channels: int = 3, *, seed: int = 0, saturated: float = 1.0) -> np.ndarray:
    """Return colourful noise, uint8 (6, 8, 9, channels); less `saturated`, its channels come closer."""
    rng = np.random.default_rng(seed)
    grey, colour = rng.integers(0, 256, (6, 8, 9, 1)), rng.integers(0, 256, (6, 8, 9, channels))
    return (grey * (1 - saturated) + colour * saturated).astype(np.uint8)


def shaken(images: np.ndarray, most: int) -> np.ndarray:
    shift = np.random.default_rng(9).integers(-most, most + 1, images.shape)
    return np.clip(images.astype(int) + shift, 0, 255).astype(np.uint8)


@pytest.fixture
def pair(tmp_path, fingerprint_file):
    """Return fingerprints of torch and tf that decode what is given, beside the same prepared pictures."""

    def make(torch, tf, prepared):
        found = {}
        for name, own in (("torch", torch), ("tf", tf)):
            kept = {} if own is None else {pixels.DECODED: own, pixels.PREPARED: prepared}
            path = fingerprint_file(tmp_path / f"{name}.safetensors", kept)
            found[name] = fingerprint.load(path, name)
        return found

    return make


def checks(prints):
    alone = [check for item in prints.values() for check in certificate.examine(item)]
    return alone + certificate.certify(prints["torch"], prints["tf"], "float32")


def of_pixels(found):
    return [check for check in found if check.precision == "uint8"]


def test_without_files_there_is_nothing_to_say(pair):
    prints = pair(None, None, None)
    assert of_pixels(checks(prints)) == []
    assert certificate.conclude(checks(prints), prints, NOTES).uncertified == ["dropout"]


def test_a_small_difference_passes_and_is_told(pair):
    prepared = pictures()
    prints = pair(shaken(prepared, 3), prepared, prepared)
    found = of_pixels(checks(prints))
    assert [(check.contender, check.baseline) for check in found] == [
        ("torch", "reference"),
        ("tf", "reference"),
        ("torch", "tf"),
    ]
    assert all(check.passed for check in found)
    assert found[1].error == 0
    assert found[2].error == found[0].error == pytest.approx(1.7, abs=0.2)
    assert [check.tolerance for check in found] == [pixels.MOST_PREPARED, pixels.MOST_PREPARED, pixels.MOST]
    parity = certificate.conclude(checks(prints), prints, NOTES)
    assert parity.passed is True
    assert parity.message.startswith("certified in float64: nearest to its limit is ")
    dropout, note = parity.uncertified
    assert dropout == "dropout"
    assert note.startswith(
        "pixels of 6 training files: each framework decodes and resizes for itself; torch and tf by 1."
    )
    assert "grey levels on average, 3 at most; torch and the prepared arrays by 1." in note
    assert note.endswith("tf and the prepared arrays by 0.00 grey levels on average, 0 at most")


@pytest.mark.parametrize("channels", [1, 3])
def test_two_files_that_changed_places_fail_and_the_side_is_named(pair, channels):
    prepared = pictures(channels)
    wrong = prepared[[1, 0, 2, 3, 4, 5]]
    prints = pair(wrong, prepared, prepared)
    found = of_pixels(checks(prints))
    assert [check.passed for check in found] == [False, True, False]
    assert {check.detail for check in found} == {"", pixels.ANOTHER}
    assert found[0].error > 3 * pixels.MOST
    parity = certificate.conclude(checks(prints), prints, NOTES)
    assert parity.passed is False
    assert parity.message.startswith(
        "torch does not compute what the spec means: pixels against the prepared ones (error"
    )
    assert parity.certified("tf") == {"tf"}


def test_channels_in_the_opposite_order_fail_and_are_named_in_pale_pictures_too(pair):
    for saturated in (1.0, 0.08):
        prepared = pictures(saturated=saturated)
        swapped = shaken(prepared[..., ::-1], 1)
        bad = of_pixels(checks(pair(swapped, prepared, prepared)))[0]
        assert not bad.passed
        assert bad.detail == pixels.CHANNELS
        assert bad.error > bad.tolerance
    assert bad.error < pixels.MOST_PREPARED  # by the difference alone it would pass


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_without_colour_are_no_swap(pair, channels):
    prepared = np.repeat(pictures(1), channels, axis=3)
    assert all(check.passed for check in of_pixels(checks(pair(shaken(prepared, 6), prepared, prepared))))


@pytest.mark.parametrize("change", ["brighter", "gamma"])
def test_another_brightness_fails(pair, change):
    prepared = pictures()
    made = prepared / 255.0
    other = np.clip(made + 10 / 255 if change == "brighter" else made**0.85, 0, 1)
    wrong = np.rint(other * 255).astype(np.uint8)
    assert not any(
        check.passed for check in of_pixels(checks(pair(wrong, prepared, prepared))) if check.contender == "torch"
    )


def test_another_size_cannot_be_compared(pair):
    prepared = pictures()
    found = of_pixels(checks(pair(prepared[:, :4], prepared, prepared)))
    assert [(check.passed, check.error) for check in found] == [(False, None), (True, 0.0), (False, None)]


def test_a_failure_elsewhere_is_not_made_the_pixels_fault(pair):
    prepared = pictures()
    prints = pair(prepared[::-1], prepared, prepared)
    prints["torch"].arrays["loss"] = np.array([9.0])
    failed = [check for check in checks(prints) if not check.passed]
    assert "pixels of the files" in {check.quantity for check in failed}
    assert [check.detail for check in failed if check.precision == "uint8"] == [pixels.ANOTHER] * 2


def test_one_contender_alone_is_held_against_the_prepared_pictures(pair):
    prepared = pictures()
    prints = {"tf": pair(None, prepared, prepared)["tf"]}
    (note,) = pixels.notes(prints)
    assert "tf and the prepared arrays" in note
    assert len(of_pixels(certificate.examine(prints["tf"]))) == 1
