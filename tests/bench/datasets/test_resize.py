"""Size and channels: what Pillow makes of each image, whatever the block it comes in."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench.datasets import resize
from bench.datasets.resize import ImageOptions, Images, image_options
from bench.errors import RequestError

DRAW = np.random.default_rng(0)
GREY, RGB = DRAW.integers(0, 256, (9, 11, 1), np.uint8), DRAW.integers(0, 256, (9, 11, 3), np.uint8)


@pytest.mark.parametrize("interpolation", resize.INTERPOLATIONS)
@pytest.mark.parametrize("image", [GREY, RGB], ids=["grey", "rgb"])
def test_size_is_pillows(image, interpolation):
    made = resize.resized(image, ImageOptions(size=(5, 20), interpolation=interpolation))
    picture = Image.fromarray(image.squeeze()).resize((20, 5), Image.Resampling[interpolation.upper()])
    assert np.array_equal(made.squeeze(), np.asarray(picture))
    assert made.shape == (5, 20, image.shape[2])


def test_grey_is_luma_and_rgb_is_three_equal_channels():
    grey = resize.resized(RGB, ImageOptions(channels="grey"))
    luma = RGB @ [0.299, 0.587, 0.114]
    assert grey.shape == (9, 11, 1)
    assert np.abs(grey[..., 0] - luma).max() <= 1
    colour = resize.resized(GREY, ImageOptions(channels="rgb", size=(4, 4)))
    assert colour.shape == (4, 4, 3)
    assert (colour == resize.resized(GREY, ImageOptions(size=(4, 4)))).all()


@pytest.mark.parametrize("wanted", [ImageOptions(), ImageOptions(size=(4, 6), channels="grey")])
def test_blocks_leave_no_seam(tmp_path, monkeypatch, wanted):
    images = DRAW.integers(0, 256, (23, 9, 11, 3), np.uint8)
    whole = Images(tmp_path, 23, (9, 11, 3), wanted, None)
    whole.append(images)
    monkeypatch.setattr(resize, "BLOCK_BYTES", 1000)
    (tmp_path / "parts").mkdir()
    parts, said = [], []
    split = Images(tmp_path / "parts", 23, (9, 11, 3), wanted, lambda *event: said.append(event))
    for part in np.array_split(images, 3):
        split.append(part)
    parts = np.load(tmp_path / "parts" / "x.npy")
    assert np.array_equal(whole.x, parts)
    assert np.array_equal(parts, np.stack([resize.resized(image, wanted) for image in images]))
    assert said == [] or said[-1] == ("resizing images", 23, 23)
    assert bool(said) == (wanted.size is not None)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), (32, (32, 32)), ([48, 64], (48, 64)), ((1, 8192), (1, 8192))]
)
def test_size_is_null_a_number_or_two(value, expected):
    assert image_options({"size": value, "channels": None}).size == expected


@pytest.mark.parametrize("value", [0, -1, 8193, [32], [32, 32, 3], "32", 32.0, True, [32, None], [32, 0]])
def test_other_sizes_are_refused(value):
    with pytest.raises(
        RequestError, match=r"^dataset\.size=.*: must be null, a number of pixels, or \[height, width\]"
    ):
        image_options({"size": value})


def test_other_names_are_refused():
    with pytest.raises(RequestError, match=r"dataset\.channels: there is no 'gray'; did you mean 'grey'\?"):
        image_options({"channels": "gray"})
    with pytest.raises(RequestError, match=r"dataset\.interpolation: there is no 'bilinaer'; did you mean 'bilinear'"):
        image_options({"interpolation": "bilinaer"})


def test_only_what_changes_an_image_tells_folders_apart():
    plain = ImageOptions().identity((28, 28, 1))
    assert ImageOptions(size=(28, 28), channels="grey", interpolation="box").identity((28, 28, 1)) == plain
    assert ImageOptions(channels="rgb", interpolation="box").identity((28, 28, 1)) == {"shape": (28, 28, 3)}
    two = [ImageOptions(size=(32, 32), interpolation=name).identity((28, 28, 1)) for name in ("box", "nearest")]
    assert two[0] != two[1]
