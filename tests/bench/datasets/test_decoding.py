"""One image file to pixels: every kind of image, the damaged and the hostile ones refused."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from bench.datasets import decoding
from bench.datasets.resize import INTERPOLATIONS, ImageOptions


def encoded(image: Image.Image, form: str = "PNG", **more) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def decoded(content: bytes, channels: str = "rgb", size=None, interpolation: str = "bilinear") -> np.ndarray:
    wanted = ImageOptions(size=size, channels=channels, interpolation=interpolation)
    return np.asarray(decoding.decode(content, wanted)[0])


@pytest.fixture
def colours() -> np.ndarray:
    """Smooth, uint8 (48, 64, 3)."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([rows * 5, columns * 4, 255 - rows * 2 - columns * 2], axis=2).astype(np.uint8)


def luma(colours: np.ndarray) -> np.ndarray:
    return colours @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_files_come_out_as_they_are(colours, form):
    content = encoded(Image.fromarray(colours), form)
    assert np.array_equal(decoded(content), colours)
    assert np.abs(decoded(content, "grey") - luma(colours)).max() <= 0.51


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_lossy_files_come_out_close(colours, form):
    content = encoded(Image.fromarray(colours), form, quality=95)
    assert np.abs(decoded(content).astype(int) - colours).mean() < 3
    grey = decoded(content, "grey")
    assert grey.shape == (48, 64)
    assert np.abs(grey - luma(colours)).mean() < 2


def test_palettes_alpha_and_grey(colours):
    image = Image.fromarray(colours)
    palette = image.quantize(64)
    assert np.array_equal(decoded(encoded(palette)), np.asarray(palette.convert("RGB")))
    palette.info["transparency"] = 3
    assert np.array_equal(decoded(encoded(palette, transparency=3)), np.asarray(palette.convert("RGB")))
    see_through = image.copy()
    see_through.putalpha(Image.new("L", image.size, 0))
    assert np.array_equal(decoded(encoded(see_through)), colours), "the colours stay, whatever their alpha"
    grey = image.convert("L")
    assert np.array_equal(decoded(encoded(grey), "grey"), np.asarray(grey))
    assert np.array_equal(decoded(encoded(grey))[..., 2], np.asarray(grey))
    assert set(np.unique(decoded(encoded(image.convert("1")), "grey"))) == {0, 255}


def test_of_16_bits_the_upper_8_are_taken():
    deep = (np.arange(48 * 64).reshape(48, 64) * 21).astype(np.uint16)
    for form in ("PNG", "TIFF"):
        content = encoded(Image.fromarray(deep), form)
        assert np.array_equal(decoded(content, "grey"), (deep >> 8).astype(np.uint8)), form
        assert np.array_equal(decoded(content)[..., 0], (deep >> 8).astype(np.uint8)), form


def test_of_32_bits_nothing_is_agreed():
    content = encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    with pytest.raises(ValueError, match="its pixels have 32 bits"):
        decoded(content)


def test_inks_become_colours(colours):
    content = encoded(Image.fromarray(colours).convert("CMYK"), "JPEG", quality=95)
    assert np.abs(decoded(content).astype(int) - colours).mean() < 4


def test_the_orientation_in_exif_is_ignored(colours):
    exif = Image.Exif()
    exif[0x0112] = 6  # Turned by 90 degrees.
    assert decoded(encoded(Image.fromarray(colours), "JPEG", exif=exif)).shape == (48, 64, 3)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_a_size_is_height_and_width(colours, interpolation):
    content = encoded(Image.fromarray(colours))
    made = decoded(content, size=(12, 20), interpolation=interpolation)
    assert made.shape == (12, 20, 3)
    expected = Image.fromarray(colours).resize((20, 12), Image.Resampling[interpolation.upper()])
    assert np.array_equal(made, np.asarray(expected))


def test_a_draft_is_close_to_the_whole_image(colours):
    large = Image.fromarray(colours).resize((1600, 1200), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).integers(-20, 20, (1200, 1600, 3))
    content = encoded(Image.fromarray(np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8)), "JPEG", quality=90)
    whole = Image.open(io.BytesIO(content)).resize((100, 100), Image.Resampling.BILINEAR)
    for channels, expected in (("rgb", whole), ("grey", whole.convert("L"))):
        made = decoded(content, channels, size=(100, 100)).astype(int)
        assert np.abs(made - np.asarray(expected)).max() <= 4
        assert np.abs(made - np.asarray(expected)).mean() < 0.7
    nearest = Image.open(io.BytesIO(content)).resize((100, 100), Image.Resampling.NEAREST)
    assert np.array_equal(decoded(content, size=(100, 100), interpolation="nearest"), np.asarray(nearest))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize(("factor", "least"), decoding.DRAFTS.items())
def test_photographs_hardly_change_where_least_is_left(factor, least, interpolation):
    """Where they are decoded smaller they must be seen to be, and where less would be left they must not be."""
    for photo in load_sample_images().images:
        content = encoded(Image.fromarray(photo), "JPEG", quality=92)
        high, wide = photo.shape[:2]
        size = int(high / factor / least), int(wide / factor / least)
        whole = Image.open(io.BytesIO(content)).resize(size[::-1], Image.Resampling[interpolation.upper()])
        away = np.abs(decoded(content, size=size, interpolation=interpolation).astype(int) - whole).mean()
        assert 0 < away < 3
        wanted = ImageOptions(size=size, channels="rgb", interpolation=interpolation)
        assert decoding.draft((high, wide), wanted) == factor
        assert decoding.draft((high, wide), replace(wanted, size=(int(size[0] * 1.1) + 1, size[1]))) < factor


@pytest.mark.parametrize("interpolation", decoding.WHOLE)
def test_exact_interpolations_get_the_whole_image(interpolation):
    photo = load_sample_images().images[0]
    content = encoded(Image.fromarray(photo), "JPEG", quality=92)
    whole = Image.open(io.BytesIO(content)).resize((20, 16), Image.Resampling[interpolation.upper()])
    assert np.array_equal(decoded(content, size=(16, 20), interpolation=interpolation), np.asarray(whole))


def test_the_size_it_had_comes_too(colours):
    content = encoded(Image.fromarray(colours), "JPEG")
    assert decoding.decode(content, ImageOptions(size=(4, 4), channels="grey"))[1] == (48, 64)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_what_is_cut_off_is_no_image(form, share):
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    content = encoded(Image.fromarray(noise), form)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever Pillow raises
        decoded(content[: int(len(content) * share)])
    assert decoding.fault(caught.value)


@pytest.mark.parametrize("content", [b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n"])
def test_what_is_no_image_is_called_so(content):
    with pytest.raises(OSError, match="cannot identify") as caught:
        decoded(content)
    assert decoding.fault(caught.value).startswith("not an image, or none of JPEG, PNG")


def test_a_bomb_is_refused_before_it_goes_off():
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0))
    small = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(ValueError, match="announces 12000 x 12000 pixels, at most 134,217,728"),
    ):
        decoded(small)
