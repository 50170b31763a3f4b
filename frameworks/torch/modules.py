"""The modules that PyTorch has not, or not as the spec means them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from frameworks.spec.flattened import Flattened, Shape
from frameworks.spec.padding import Pads
from frameworks.spec.pools import AvgPool2D
from frameworks.torch.weights import channels_first


class Affine(nn.Module):
    """``x * scale + offset``: one number for all, or one for each channel or feature."""

    scale: Tensor | float
    offset: Tensor | float

    def __init__(
        self, scale: Sequence[float], offset: Sequence[float], shape: Shape, flattened: Flattened = ()
    ) -> None:
        """Take the numbers in the spec's order, for samples (H, W, C) or (F,)."""
        super().__init__()
        self.shifts = any(offset)
        for name, numbers in (("scale", scale), ("offset", offset)):
            if len(numbers) == 1:
                setattr(self, name, numbers[0])
            else:
                ordered = np.array(numbers)[channels_first(flattened)] if flattened else numbers
                each = torch.tensor(ordered, dtype=torch.get_default_dtype()).view(-1, *(1 for _ in shape[1:]))
                self.register_buffer(name, each, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return (batch, C, H, W) or (batch, F)."""
        scaled = values * self.scale
        return scaled + self.offset if self.shifts else scaled


class Scale(Affine):
    """The model's input: pixels or features as numbers, on the device."""

    def __init__(
        self, scale: Sequence[float], offset: Sequence[float], shape: Shape, *, channels_last: bool = False
    ) -> None:
        super().__init__(scale, offset, shape)
        self.format = torch.channels_last if channels_last else torch.preserve_format

    def forward(self, values: Tensor) -> Tensor:
        """Return (batch, C, H, W) or (batch, F) in the precision of the model."""
        return super().forward(values.to(torch.get_default_dtype(), memory_format=self.format))


class GlobalAvgPool2d(nn.Module):
    """The mean over height and width, as a vector."""

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, C)."""
        return image.mean((2, 3))


class ChannelsLast(nn.Module):
    """A vector in the spec's order, where images were flattened into it and no weights follow to be reordered."""

    order: Tensor

    def __init__(self, flattened: Flattened) -> None:
        super().__init__()
        self.register_buffer("order", torch.from_numpy(np.argsort(channels_first(flattened))), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return (batch, N)."""
        return values[:, self.order]


class Reshape(nn.Module):
    """Images (H, W, C) of the values, which are listed in the spec's order."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, values: Tensor) -> Tensor:
        """Return (batch, C, H, W) of (batch, N), or of other images."""
        if values.ndim == 4:
            values = values.permute(0, 2, 3, 1)
        return values.reshape(len(values), *self.shape).permute(0, 3, 1, 2)


class LayerNorm2d(nn.LayerNorm):
    """PyTorch's own over the channels of an image, as torchvision has it."""

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, C, H, W)."""
        return super().forward(image.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class FrozenBatchNorm1d(nn.BatchNorm1d):
    """Batch norm by its moving statistics, in training too; they stay as they are."""

    def train(self, mode: bool = True) -> FrozenBatchNorm1d:
        """Stay in evaluation mode."""
        return super().train(False)


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """The same for images."""

    def train(self, mode: bool = True) -> FrozenBatchNorm2d:
        """Stay in evaluation mode."""
        return super().train(False)


class UnevenAvgPool2d(nn.Module):
    """Mean of the real cells of each window, for uneven padding, which AvgPool2d does not know."""

    def __init__(self, layer: AvgPool2D, pads: Pads) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d(sides(pads))
        self.sum = nn.AvgPool2d(layer.pool_size, layer.step, divisor_override=1)

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, C, H', W')."""
        ones = torch.ones_like(image[:1, :1])
        total: Tensor = self.sum(self.pad(image))
        mean: Tensor = total / self.sum(self.pad(ones))
        return mean


class Resize(nn.Module):
    """An image in another size, pixels counting at their centres."""

    def __init__(self, size: tuple[int, int], mode: str) -> None:
        super().__init__()
        self.size, self.mode = size, mode

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, C, *size)."""
        return functional.interpolate(image, self.size, mode=self.mode)


def sides(pads: Pads) -> tuple[int, int, int, int]:
    """Return left, right, top, bottom: PyTorch counts from the last axis."""
    return (*pads[1], *pads[0])
