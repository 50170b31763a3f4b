"""Augmentation: what each option does to a picture, alike on both sides, and the same bits for the same seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from frameworks import augment, rooms
from tests.frameworks.conftest import Job

BACKENDS = rooms.names()
OFF = {"flip": "none", "crop": 0, "rotation": 0.0, "zoom": 0.0, "brightness": 0.0, "contrast": 0.0}
ALL = {"flip": "both", "crop": 2, "rotation": 15.0, "zoom": 0.2, "brightness": 0.2, "contrast": 0.3}
MANY = 600


@dataclass(kw_only=True)
class Pictures(Job):
    """The same picture again and again."""

    layers: list[Any] = field(default_factory=lambda: ["flatten", {"dense": "outputs"}])
    picture: np.ndarray = field(default_factory=lambda: np.zeros((8, 8, 1), np.uint8))
    count: int = MANY

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return np.repeat(self.picture[None], 2 * self.count, axis=0), np.zeros(2 * self.count, np.int64)


@pytest.fixture
def changed(side_by_side):
    """Return a picture changed many times, uint8 (n, H, W, C)."""

    def change(backend, picture, options, *, seed=3, count=MANY, start=0, brightest=255.0):
        picture = np.asarray(picture, np.uint8)
        job = Pictures(picture=picture, shape=picture.shape, count=count)
        given = {"augment": OFF | options, "seed": seed, "start": start, "brightest": brightest}
        found = side_by_side.ask(backend, "augmented", job, **given)
        assert found.values["generator untouched"]
        made = found.arrays["x"]
        assert made.shape == (count, *picture.shape)
        assert made.dtype == np.uint8
        return made

    return change


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def share(made: np.ndarray, picture: np.ndarray) -> float:
    """Return which part of the pictures is exactly this one."""
    return float((made == picture).all(axis=(1, 2, 3)).mean())


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_asked_for_is_no_augmentation(side_by_side, backend):
    found = side_by_side.ask(backend, "augmented", Pictures(shape=(8, 8, 1)), augment=OFF, seed=1)
    assert found.values == {"none": True}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_same_seed_and_samples_give_the_same_bits(changed, backend, channels):
    picture = noise(9, 8, channels)
    one, again = (changed(backend, picture, ALL, count=20) for _ in range(2))
    assert (one == again).all()
    assert (one != changed(backend, picture, ALL, count=20, seed=4)).any()
    assert (one != changed(backend, picture, ALL, count=20, start=20)).any()
    assert len({image.tobytes() for image in one}) == 20


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [1]), ("vertical", [0])])
def test_half_are_flipped(changed, backend, flip, axes):
    picture = noise(6, 8, 3)
    made = changed(backend, picture, {"flip": flip})
    as_it_was, flipped = share(made, picture), share(made, np.flip(picture, axes))
    assert as_it_was + flipped == 1
    assert 0.43 < flipped < 0.57


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_axes_are_flipped_independently(changed, backend):
    picture = noise(6, 8, 3)
    made = changed(backend, picture, {"flip": "both"})
    shares = [share(made, np.flip(picture, axes)) for axes in ([], [0], [1], [0, 1])]
    assert sum(shares) == 1
    assert min(shares) > 0.19
    assert max(shares) < 0.31


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_crop_moves_each_picture_by_whole_pixels_alike_often(changed, backend):
    picture = np.zeros((12, 10, 1))
    picture[6, 5] = 255
    made = changed(backend, picture, {"crop": 2}, count=1500)
    assert set(np.unique(made)) == {0, 255}
    assert (made.sum(axis=(1, 2, 3)) == 255).all()
    rows, columns = np.divmod(made.reshape(len(made), -1).argmax(axis=1), 10)
    places, counts = np.unique(np.stack([rows - 6, columns - 5]), axis=1, return_counts=True)
    assert places.shape == (2, 25)
    assert np.abs(places).max() == 2
    assert counts.min() > 30
    assert counts.max() < 100


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_crop_brings_in_zeros(changed, backend):
    made = changed(backend, np.full((6, 6, 1), 200), {"crop": 3}, count=60)
    assert set(np.unique(made)) == {0, 200}
    assert share(made, np.full((6, 6, 1), 200)) < 0.2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rotation_stays_within_its_angle(changed, backend):
    """A bar from the centre to the right: where its end lies tells the angle."""
    picture = np.zeros((65, 65, 1))
    picture[31:34, 32:] = 255
    made = changed(backend, picture, {"rotation": 30.0}).astype(float)[..., 0]
    y, x = np.mgrid[0:65, 0:65] - 32
    ring = np.abs(np.hypot(x, y) - 24) < 3
    weights = made * ring
    angles = np.degrees(np.arctan2((weights * y).sum(axis=(1, 2)), (weights * x).sum(axis=(1, 2))))
    assert np.abs(angles).max() < 30.5
    assert np.quantile(angles, [0.25, 0.75]) == pytest.approx([-15, 15], abs=3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_zoom_stays_within_its_range(changed, backend):
    picture = np.zeros((64, 64, 1))
    picture[22:42, 22:42] = 255
    made = changed(backend, picture, {"zoom": 0.25})
    sizes = np.sqrt(made.sum(axis=(1, 2, 3)) / 255) / 20
    assert 0.74 < sizes.min() < 0.77
    assert 1.23 < sizes.max() < 1.26
    assert 0.9 < np.median(sizes) < 1.05


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_zoom_and_a_rotation_bring_in_zeros_once(changed, backend):
    """At an edge the image fades by its own share: torchvision's fill would take that share twice."""
    for options in ({"zoom": 0.25}, {"rotation": 20.0}):
        made = changed(backend, np.full((32, 32, 1), 200), options)
        assert made.min() == 0
        edge = made[(made > 0) & (made < 200)]
        assert 85 < edge.mean() < 125  # 67, were the share taken twice


@pytest.mark.parametrize("backend", BACKENDS)
def test_brightness_goes_both_ways_within_its_part(changed, backend):
    made = changed(backend, np.full((4, 4, 3), 200), {"brightness": 0.2}).astype(int)
    level = made[:, 0, 0, 0]
    assert (made == level[:, None, None, None]).all()
    low, high = (149, 251) if backend == "tf" else (160, 240)
    assert low <= level.min() < low + 4
    assert high - 4 < level.max() <= high
    assert np.median(level) == pytest.approx(200, abs=6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_brightness_saturates(changed, backend):
    made = changed(backend, np.full((4, 4, 1), 250), {"brightness": 0.5})
    assert (made[:, 0, 0, 0] == 255).mean() > 0.4


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("option", ["brightness", "contrast"])
def test_pixels_that_reach_16_stay_among_themselves(changed, backend, option):
    picture = np.repeat(np.array([4, 8, 12, 16], np.uint8), 16).reshape(8, 8, 1)
    made = changed(backend, picture, {option: 0.25}, brightest=16.0)
    away = np.abs(made.astype(int) - picture)
    assert made.max() == 16
    assert 1 <= away.max() <= 4, "a quarter of 16 at most"


@pytest.mark.parametrize("backend", BACKENDS)
def test_contrast_goes_both_ways_around_each_channels_own_mean(changed, backend):
    """Given one number, Keras's layer would never take contrast away."""
    picture = np.zeros((4, 4, 2))
    picture[:2], picture[2:] = [60, 180], [100, 220]
    made = changed(backend, picture, {"contrast": 0.4}).astype(float)
    assert made.mean(axis=(1, 2)) == pytest.approx(np.broadcast_to([80, 200], (MANY, 2)), abs=0.6)
    factors = (made[:, 3, 0] - made[:, 0, 0]) / 40
    assert factors[:, 0] == pytest.approx(factors[:, 1], abs=0.03)
    assert 0.58 < factors.min() < 0.64
    assert 1.36 < factors.max() < 1.42
    assert factors.mean() == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize(
    "options", [{"flip": "both"}, {"crop": 3}, {"rotation": 40.0}, {"contrast": 0.5}, ALL], ids=str
)
def test_both_sides_have_one_distribution(changed, options):
    """Mean and spread of every pixel over many changes; brightness and zoom differ, by what the table says of them."""
    options = {key: value for key, value in options.items() if key not in augment.UNLIKE}
    row, column = np.mgrid[0:12, 0:12]
    picture = (np.stack([row * 15, column * 15, 150 - row * 5 + column * 5], axis=-1) + 20).astype(np.uint8)
    count = 1000
    tf, torch = (changed(backend, picture, options, count=count).astype(float) for backend in BACKENDS)
    error = np.sqrt((tf.var(axis=0) + torch.var(axis=0)) / count)
    assert (np.abs(tf.mean(axis=0) - torch.mean(axis=0)) <= 5 * error + 0.1).all()
    assert np.abs(tf.std(axis=0) - torch.std(axis=0)).mean() < 1.5
    assert tf.std(axis=0).mean() > 3


def test_what_is_off_is_told_from_what_is_on():
    assert augment.active(OFF) == {}
    assert augment.active(OFF | {"flip": "both", "zoom": 0.1}) == {"flip": "both", "zoom": 0.1}


def test_what_no_gate_can_certify_is_said():
    assert augment.uncertified(OFF) == []
    (alike,) = augment.uncertified(OFF | {"flip": "both", "rotation": 10})
    assert alike == "augmentation (flip, rotation): each framework makes its own random changes (off in the gate)"
    notes = augment.uncertified(ALL)
    assert [note.split(":")[0] for note in notes[1:]] == ["zoom", "brightness"]
    assert all("Keras" in note and "torchvision" in note for note in notes[1:])
