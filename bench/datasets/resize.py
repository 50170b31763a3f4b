"""Size and channels of images, changed once when they are prepared, with Pillow: ``dataset.size``, ``.channels``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets.cache import new_array
from bench.datasets.options import choice, show
from bench.datasets.prepared import Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERPOLATIONS = ("nearest", "box", "bilinear", "bicubic", "lanczos")
CHANNELS = ("grey", "rgb")
MOST_PIXELS = 8192
"""Of a side: a typing error must not fill the disk."""
BLOCK_BYTES = 1 << 24
"""Images are changed in blocks of so many bytes at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOptions:
    """What images are to become; None: what they are."""

    size: tuple[int, int] | None = None
    """(H, W) in pixels."""
    channels: str | None = None
    """``grey`` (one, by ITU-R 601 luma) or ``rgb`` (three)."""
    interpolation: str = "bilinear"
    """How pixels are mixed in a change of size: one of `INTERPOLATIONS`, as Pillow means them."""

    def shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return what an image of `shape` (H, W, C) becomes."""
        height, width = self.size or shape[:2]
        return height, width, {"grey": 1, "rgb": 3, None: shape[2]}[self.channels]

    def identity(self, shape: tuple[int, int, int]) -> dict[str, Any]:
        """Return what of this changes images of `shape`: ways to say the same share one cached folder."""
        wanted = self.shape(shape)
        if wanted == shape:
            return {}
        return {"shape": wanted} | ({"interpolation": self.interpolation} if wanted[:2] != shape[:2] else {})


def image_options(options: Mapping[str, Any]) -> ImageOptions:
    """Return ``dataset.size``, ``dataset.channels`` and ``dataset.interpolation``, checked."""
    return ImageOptions(
        size=size(options.get("size")),
        channels=None if options.get("channels") is None else choice(options, "channels", CHANNELS),
        interpolation=choice({"interpolation": "bilinear", **options}, "interpolation", INTERPOLATIONS),
    )


def size(value: Any) -> tuple[int, int] | None:
    """Return ``dataset.size``, null, N or [H, W], as (H, W)."""
    if value is None:
        return None
    sides = [value, value] if isinstance(value, int) else value
    if isinstance(sides, list | tuple) and len(sides) == 2 and all(_is_side(side) for side in sides):
        return sides[0], sides[1]
    raise RequestError(
        f"dataset.size={show(value)}: must be null, a number of pixels, or [height, width], "
        f"each from 1 to {MOST_PIXELS}, such as 64 or [48, 64]"
    )


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PIXELS


def resized(image: NDArray[np.uint8], wanted: ImageOptions) -> NDArray[np.uint8]:
    """Return `image`, uint8 (H, W, C) with one or three channels, as `wanted`: first the channels, then the size."""
    import numpy as np
    from PIL import Image

    height, width, channels = wanted.shape(image.shape)
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    if channels < image.shape[2]:
        picture = picture.convert("L")
    if (height, width) != image.shape[:2]:
        picture = picture.resize((width, height), Image.Resampling[wanted.interpolation.upper()])
    made = np.asarray(picture).reshape(height, width, -1)
    # Three equal channels are made last: resizing one of them is resizing all.
    return np.repeat(made, 3, axis=2) if made.shape[2] < channels else made


class Images:
    """``x.npy`` of a dataset that comes as one array, written block by block as the options want it."""

    def __init__(
        self, folder: Path, number: int, shape: tuple[int, int, int], wanted: ImageOptions, progress: Progress | None
    ) -> None:
        """Make room in `folder` for `number` images that come in `shape` (H, W, C)."""
        self._shape, self._wanted, self._progress = shape, wanted, progress
        self.x: NDArray[np.uint8] = new_array(folder / "x.npy", (number, *wanted.shape(shape)), "uint8")
        """What is written so far, (N, H, W, C)."""
        self._done = 0

    def append(self, images: NDArray[np.uint8]) -> None:
        """Write the next `images`, (n, H, W, C)."""
        step = max(1, BLOCK_BYTES // max(1, self.x[0].size))
        for begin in range(0, len(images), step):
            block = images[begin : begin + step]
            target = self.x[self._done : self._done + len(block)]
            if self.x.shape[1:] == self._shape:
                target[:] = block
            else:
                for k, image in enumerate(block):
                    target[k] = resized(image, self._wanted)
                if self._progress:
                    self._progress("resizing images", self._done + len(block), len(self.x))
            self._done += len(block)
