"""One image file to pixels, with Pillow, whatever kind of image it is.

EXIF orientation is ignored, an alpha channel is left out, of 16 bits the upper 8 are taken, of an animation the first
frame: as the readers of TensorFlow and torchvision do, so that ``pipeline=files`` sees the same pictures.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.datasets.resize import ImageOptions

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What is read. Not all that Pillow could: some formats start other programs."""
MOST_PIXELS = 1 << 27
"""Of one image, 134 million: a file of a few bytes may announce more than memory holds (a decompression bomb)."""
DRAFTS = {8: 4.0, 4: 4 / 3, 2: 2.0}
"""By how much smaller a JPEG is decoded (its draft), where that leaves at least so many times the wanted size:
photographs then differ from those decoded whole by 1 to 2.6 grey levels on average, drawings and text by up to 6.
libjpeg's half is noticeably coarser than its quarter, its eighth coarser still: hence the numbers."""
WHOLE = ("nearest", "box")
"""Interpolations that take pixels as they are, or means of exact areas: of a draft they would make something else."""


def decode(content: bytes, wanted: ImageOptions) -> tuple[Image.Image, tuple[int, int]]:
    """Return the image in `content` as `wanted`, of mode L (grey) or RGB, and the size (H, W) it had.

    Raises `ValueError` for one that is too large or has 32 bits, and whatever Pillow raises for damaged ones.
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        before = image.height, image.width
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"announces {image.width} x {image.height} pixels, at most {MOST_PIXELS:,} are decoded")
        height, width = wanted.size or before
        mode = "RGB" if wanted.channels == "rgb" else "L"
        smaller = draft(before, wanted)
        image.draft(mode, (image.width // smaller, image.height // smaller) if smaller > 1 else None)
        plain = _eight_bits(image)
        if plain.mode != mode:
            plain = plain.convert(mode)
        if plain.size != (width, height):
            plain = plain.resize((width, height), Image.Resampling[wanted.interpolation.upper()])
        plain.load()
        return plain, before


def draft(before: tuple[int, int], wanted: ImageOptions) -> int:
    """Return by how much smaller a JPEG of size `before` (H, W) is decoded to become as `wanted`; 1: not at all."""
    if wanted.size is None or wanted.interpolation in WHOLE:
        return 1
    left = min(old / new for old, new in zip(before, wanted.size, strict=True))
    return next((factor for factor, least in DRAFTS.items() if left >= factor * least), 1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return `image` with 8 bits for each channel; Pillow's own conversion would cut 16 bits off at 255."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        deep: NDArray[Any] = np.asarray(image)
        return Image.fromarray((deep.astype(np.uint32) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels have 32 bits (Pillow's mode {image.mode}), expected 8 or 16")
    # By way of RGB: to grey directly, Pillow would take the palette's alpha for granted, or warn.
    return image.convert("RGB") if image.mode in ("P", "PA") else image


def fault(error: Exception) -> str:
    """Return in words why a file could not be decoded."""
    if isinstance(error, UnidentifiedImageError):
        return f"not an image, or none of {', '.join(FORMATS)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__
