"""Random changes to training images by torchvision's transforms; `frameworks.augment` says what each means."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2

from frameworks.augment import active

Augmentation = Callable[[Tensor, Tensor], Tensor]
"""Takes a batch, uint8 (b, C, H, W), and which samples it has, (b,); returns the batch changed, uint8."""


def augmentation(
    augment: Mapping[str, Any], input_shape: tuple[int, ...], seed: int, brightest: float
) -> Augmentation | None:
    """Return the changes that `augment` asks for; None where it asks for nothing. Pixels reach from 0 to `brightest`.

    The same seed and samples give the same bits, in whatever order, process or epoch a batch is made.
    """
    transforms = _transforms(active(augment), *input_shape[:2])
    return _Changes(v2.Compose(transforms), seed, brightest) if transforms else None


def _transforms(on: Mapping[str, Any], height: int, width: int) -> list[v2.Transform]:
    # Zeros come in by no fill at all: with fill=0 torchvision takes the edge's share of an image twice.
    bilinear = {"interpolation": v2.InterpolationMode.BILINEAR, "fill": None}
    made: list[v2.Transform] = []
    if on.get("flip") in ("horizontal", "both"):
        made.append(v2.RandomHorizontalFlip())
    if on.get("flip") in ("vertical", "both"):
        made.append(v2.RandomVerticalFlip())
    if "crop" in on:
        made.append(v2.RandomCrop((height, width), padding=on["crop"]))
    if "rotation" in on:
        made.append(v2.RandomRotation(on["rotation"], **bilinear))
    if "zoom" in on:
        made.append(v2.RandomAffine(0, scale=(1 - on["zoom"], 1 + on["zoom"]), **bilinear))
    if "brightness" in on:
        made.append(v2.ColorJitter(brightness=on["brightness"]))
    if "contrast" in on:
        made.append(v2.ColorJitter(contrast=on["contrast"]))
    return made


class _Changes:
    """Changes the samples of a batch one by one: a transform draws once for all it is given."""

    def __init__(self, transform: v2.Transform, seed: int, brightest: float) -> None:
        self.transform, self.seed, self.brightest = transform, seed, brightest

    def __call__(self, x: Tensor, index: Tensor) -> Tensor:
        """Return `x` changed; the generator and the type that the transforms draw with are left as they were."""
        # The channels become images of one: contrast is then each channel's own, and there may be any number of them.
        images = (x.float() / self.brightest).unsqueeze(2)
        before, kind = torch.get_rng_state(), torch.get_default_dtype()
        try:
            torch.set_default_dtype(torch.float32)
            # Of a seed the generator takes 32 bits: all of them must depend on the trial and on the samples.
            torch.default_generator.manual_seed(zlib.crc32(index.cpu().numpy().tobytes(), self.seed))
            changed = torch.stack([self.transform(image) for image in images])
        finally:
            torch.set_default_dtype(kind)
            torch.set_rng_state(before)
        return (changed.squeeze(2) * self.brightest).round().to(torch.uint8)
