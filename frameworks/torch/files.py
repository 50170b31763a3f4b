"""Training batches straight from the image files, every epoch anew: torchvision under DataLoader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from frameworks.contract import Data
from frameworks.torch.augment import augmentation
from frameworks.torch.input import Order, indices

METHODS = {
    "nearest": InterpolationMode.NEAREST_EXACT,
    "bilinear": InterpolationMode.BILINEAR,
    "bicubic": InterpolationMode.BICUBIC,
}
"""torchvision's word for each way that both frameworks have to mix pixels."""


class UnreadableFileError(ValueError):
    """A file is no image; the message names it."""

    def __init__(self, message: str) -> None:
        # From a worker process it comes wrapped in the text of a traceback, of which it is the last line.
        super().__init__(message.rstrip().splitlines()[-1].rpartition("UnreadableFileError: ")[2])


class Images(Dataset[tuple[Tensor, Tensor]]):
    """A dataset whose items are whole batches, read from files."""

    def __init__(self, data: Data, split: str, pipeline: dict[str, Any], input_shape: tuple[int, ...]) -> None:
        index, found = data.index(split), json.loads(Path(data.files).read_text(encoding="utf-8"))
        self.paths = [str(Path(found["root"], found["names"][i])) for i in index]
        self.y = torch.from_numpy(data.arrays()[1][index])
        self.read = reader(pipeline["interpolation"], input_shape)
        self.augment = augmentation(pipeline["augment"], input_shape, pipeline["seed"], data.brightest)

    def __getitem__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the samples at `index`, (batch,)."""
        x = torch.stack([self.read(self.paths[i]) for i in index.tolist()])
        return x if self.augment is None else self.augment(x, index), self.y[index]


class Files:
    """The image files of a split, read, decoded and resized each time a batch wants them."""

    def __init__(self, data: Data, split: str, pipeline: dict[str, Any], input_shape: tuple[int, ...]) -> None:
        """Take the paths of `split`; nothing is opened yet. `input_shape` (H, W, C) is what every image becomes."""
        self.images, self.order = Images(data, split, pipeline, input_shape), Order()
        self.y = self.images.y
        # A thread trains; what is left reads ahead, in processes. On two cores these cost more than they bring.
        spare = torch.get_num_threads() - 1
        best = min(spare, 8) if spare > 1 else 0
        self.workers: int = best if pipeline["workers"] is None else pipeline["workers"]
        self._loaders: dict[str, DataLoader[tuple[Tensor, Tensor]]] = {}
        self.reads = "ahead" if self.workers else "in turn"

    def batches(
        self, order: np.ndarray, batch_size: int, drop_last: bool, device: torch.device
    ) -> DataLoader[tuple[Tensor, Tensor]]:
        """Return the batches of one epoch, x uint8 (b, C, H, W) and y (b,); `order` is (n,).

        One loader serves all epochs, so its workers stay.
        """
        self.order.parts = indices(order, batch_size, drop_last)
        if device.type not in self._loaders:
            self._loaders[device.type] = DataLoader(
                self.images,
                batch_size=None,
                sampler=self.order,
                num_workers=self.workers,
                persistent_workers=self.workers > 0,
                pin_memory=device.type == "cuda",
            )
        return self._loaders[device.type]

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """Return the images at `places` (k,) in the split as training gets them, uint8 (k, H, W, C), not augmented."""
        images = [self.images.read(self.images.paths[place]) for place in places]
        return torch.stack(images).permute(0, 2, 3, 1).contiguous().numpy()

    def named(self) -> AbstractContextManager[None]:
        """Do nothing: `UnreadableFileError` names its file by itself here."""
        return nullcontext()


def reader(interpolation: str, input_shape: tuple[int, ...]) -> Callable[[str], Tensor]:
    """Return a function from a path to the image, uint8 (C, H, W) of `input_shape` (H, W, C)."""
    return _Reader(METHODS[interpolation], input_shape)


class _Reader:
    """Reads one file; a class, because workers may have to be sent it."""

    def __init__(self, method: InterpolationMode, input_shape: tuple[int, ...]) -> None:
        self.method, self.size, self.channels = method, list(input_shape[:2]), input_shape[2]
        self.mode = ImageReadMode.GRAY if self.channels == 1 else ImageReadMode.RGB

    def __call__(self, path: str) -> Tensor:
        try:
            image = decode_image(path, self.mode)
        except RuntimeError as error:
            text = re.sub(r"^.*\.cpp:\d+, ", "", str(error).splitlines()[0])
            raise UnreadableFileError(f"{path}: cannot be read as an image ({text})") from None
        resized: Tensor = functional.resize(self._plain(image), self.size, self.method, antialias=True)
        return resized

    def _plain(self, image: Tensor) -> Tensor:
        """Return a decoded image as uint8 (C, H, W): not every format comes so."""
        if image.ndim == 4:  # of an animation, the first picture
            image = image[0]
        if image.dtype == torch.uint16:
            image = (image.int() >> 8).to(torch.uint8)
        if image.shape[0] != self.channels:
            image = functional.rgb_to_grayscale(image)
        return image
