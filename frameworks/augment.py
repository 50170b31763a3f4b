"""What each option of ``pipeline.augment`` means, for both rooms, and what of it no gate can certify.

Random numbers are each framework's own, so no two images ever agree; what agrees is the distribution:

| option, with value v | meaning                                | Keras             | torchvision           | alike |
|----------------------|----------------------------------------|-------------------|-----------------------|-------|
| flip                 | each named axis with chance 1/2        | RandomFlip        | Random…Flip           | yes   |
| crop                 | v pixels of zeros around, then a crop  | RandomTranslation | RandomCrop            | yes   |
| rotation             | uniform within v degrees, bilinear     | RandomRotation    | RandomRotation        | yes   |
| zoom                 | sizes from 1 - v to 1 + v, bilinear    | RandomZoom        | RandomAffine          | no¹   |
| brightness           | up to the part v of brightness         | RandomBrightness  | ColorJitter           | no²   |
| contrast             | each channel's distance from its mean  | RandomContrast    | ColorJitter           | yes   |
|                      | times a factor within 1 ± v            |                   |                       |       |

They follow each other in this order; what comes from outside an image is 0; all arithmetic is float32, rounded to
uint8 once, at the end. ¹ Keras draws the part of the image that is seen, uniformly from 1/(1 + v) to 1/(1 - v),
torchvision the size. ² Keras adds within ± v of the brightest pixel there can be, torchvision multiplies by 1 ± v.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OFF = ("none", 0)

UNLIKE = {
    "zoom": "zoom: Keras draws 1/size uniformly, torchvision the size, both from the same range",
    "brightness": "brightness: Keras adds to every pixel, torchvision multiplies it",
}
"""By option: how the frameworks' own means differ in their distribution."""


def active(augment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not off."""
    return {key: value for key, value in augment.items() if value not in OFF}


def uncertified(augment: Mapping[str, Any]) -> list[str]:
    """Return what no gate can certify of an augmentation, in words; nothing where all of it is off."""
    on = active(augment)
    if not on:
        return []
    common = f"augmentation ({', '.join(on)}): each framework makes its own random changes (off in the gate)"
    return [common, *(UNLIKE[key] for key in on if key in UNLIKE)]
